/** Where the template of a new database is; apart from its making, which needs all of PGlite. */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** The file in the bundle. */
export const templateName = "pglite-template.tar.zst"

/** The template of this installation, where there is one: in the bundle, beside us; for the sources, what was built. */
export const findTemplate = (): string | undefined => {
  const folder = import.meta.url.endsWith(".ts") ? "../../../dist/" : "./"
  const file = fileURLToPath(new URL(folder + templateName, import.meta.url))
  return existsSync(file) ? file : undefined
}
