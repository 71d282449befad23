/** Alertmanager that tells nobody yet: its configuration is the test's to write, into its directory, and to reload. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Recipe } from "./LocalServer.ts"
import { findProgram, freePort } from "./machine.ts"
import { isReady } from "./prometheus.ts"

const server = () => findProgram("prometheus-alertmanager") ?? findProgram("alertmanager")

/** Why it cannot be started here, if so. */
export const missing = (): string | undefined =>
  server() === undefined || findProgram("amtool") === undefined ? "prometheus-alertmanager is not installed" : undefined

export const prepare = async (directory: string): Promise<Recipe> => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const file = join(directory, "alertmanager.yml")
  writeFileSync(file, "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n")
  return {
    url,
    programs: [{
      command: server() ?? "",
      args: [
        `--config.file=${file}`,
        `--storage.path=${join(directory, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--cluster.listen-address=",
        "--log.level=warn"
      ],
      account: {},
      answers: () => isReady(url),
      stopSignal: "SIGTERM"
    }]
  }
}
