/** Prometheus with nothing to scrape yet: its configuration is the test's to write, into its directory, and to reload. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Recipe } from "./LocalServer.ts"
import { findProgram, freePort } from "./machine.ts"

const server = () => findProgram("prometheus")

/** Why it cannot be started here, if so. */
export const missing = (): string | undefined =>
  server() === undefined || findProgram("promtool") === undefined ? "prometheus is not installed" : undefined

export const prepare = async (directory: string): Promise<Recipe> => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const file = join(directory, "prometheus.yml")
  writeFileSync(file, "scrape_configs: []\n")
  return {
    url,
    programs: [{
      command: server() ?? "",
      args: [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(directory, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--web.enable-lifecycle",
        // What is told before Alertmanager is found is told again soon. Default: a minute.
        "--rules.alert.resend-delay=1s",
        "--log.level=warn"
      ],
      account: {},
      answers: () => isReady(url),
      stopSignal: "SIGTERM"
    }]
  }
}

/** Both servers of the project Prometheus say so in the same way. */
export const isReady = async (url: string) => {
  const { ok, status } = await fetch(`${url}/-/ready`)
  if (!ok) throw new Error(`${url} answers ${status}`)
}
