#!/bin/sh
exec node "$(dirname "$0")/../bin/odd-dashboard.mjs" up --cluster "$@"
