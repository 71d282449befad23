/** The file of the template in the bundle; apart from its making, which needs all of PGlite. */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

export const templateName = "pglite-template.tar.zst"

/** It lies beside the bundle. The sources have none: it would fall behind them. */
export const findTemplate = (): string | undefined => {
  const file = fileURLToPath(new URL(templateName, import.meta.url))
  return existsSync(file) ? file : undefined
}
