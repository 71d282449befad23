/** Embedded databases for tests, each in a fresh data folder that is gone at the end of the scope. */
import { DataFolder } from "#infra/pglite/DataFolder.ts"
import * as Pglite from "#infra/pglite/Pglite.ts"
import { makeTemplate } from "#infra/pglite/template.ts"
import { findTemplate, templateName } from "#infra/pglite/templateFile.ts"
import { Effect, Layer, type Scope } from "effect"
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder that does not exist yet, in one that goes with the scope. */
export const freshFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-test-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
).pipe(Effect.map((folder) => join(folder, "home")))

/**
 * The template of this installation, or one that is made for all test runs on this machine: a new database would take
 * seconds without.
 */
export const template: Effect.Effect<string> = Effect.promise(async () => {
  const built = findTemplate()
  if (built !== undefined) return built
  const folder = join(tmpdir(), "odto-test-template")
  const made = join(folder, templateName)
  if (existsSync(made)) return made
  const mine = mkdtempSync(join(tmpdir(), "odto-test-template-"))
  await makeTemplate(mine)
  mkdirSync(folder, { recursive: true })
  renameSync(join(mine, templateName), made)
  rmSync(mine, { recursive: true })
  return made
})

/** The database in the data folder `home`. */
export const databaseIn = (home: string) =>
  Layer.unwrap(Effect.map(template, (template) => Pglite.layer({ template }))).pipe(
    Layer.provideMerge(DataFolder.layer(home))
  )

/** A new database. */
export const freshEmbedded = Layer.unwrap(Effect.map(freshFolder, databaseIn))
