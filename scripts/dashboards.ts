/**
 * Writes Grafana's dashboards into manifests/grafana/dashboards, where its provisioning looks for them.
 *
 *     node scripts/dashboards.ts             writes them
 *     node scripts/dashboards.ts --check     fails when what is there is not what would be written
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { dashboardFiles } from "./dashboards/all.ts"

const folder = join(import.meta.dirname, "../manifests/grafana/dashboards")
mkdirSync(folder, { recursive: true })
const files = dashboardFiles()
const present = readdirSync(folder).filter((name) => name.endsWith(".json"))

if (process.argv.includes("--check")) {
  const stale = [
    ...[...files].filter(([name, text]) => !present.includes(name) || readFileSync(join(folder, name), "utf8") !== text)
      .map(([name]) => name),
    ...present.filter((name) => !files.has(name))
  ]
  for (const name of stale) console.error(`manifests/grafana/dashboards/${name} is not what scripts/dashboards says`)
  if (stale.length > 0) process.exitCode = 1
} else {
  for (const name of present) if (!files.has(name)) rmSync(join(folder, name))
  for (const [name, text] of files) writeFileSync(join(folder, name), text)
}
