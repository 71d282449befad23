node (Join-Path $PSScriptRoot '../bin/odd-dashboard.mjs') up --cluster @args; exit $LASTEXITCODE
