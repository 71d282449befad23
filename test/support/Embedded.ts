/** Embedded databases for tests, each in a fresh data folder that is gone at the end of the scope. */
import { DataFolder } from "#infra/pglite/DataFolder.ts"
import { makeTemplate } from "#infra/pglite/makeTemplate.ts"
import * as Pglite from "#infra/pglite/Pglite.ts"
import { Effect, Layer, type Scope } from "effect"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder that does not exist yet, in one that goes with the scope. */
export const freshFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-test-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
).pipe(Effect.map((folder) => join(folder, "home")))

const { version } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../node_modules/@electric-sql/pglite/package.json"), "utf8")
)

/** An empty database that is made once for all test runs on this machine: it takes seconds. */
export const template: Effect.Effect<string> = Effect.promise(async () => {
  const file = join(tmpdir(), `odto-test-template-${version}.tar.zst`)
  if (!existsSync(file)) await makeTemplate(file, {})
  return file
})

/** The database in the data folder `home`. */
export const databaseIn = (home: string) =>
  Layer.unwrap(Effect.map(template, (template) => Pglite.layer({ template }))).pipe(
    Layer.provideMerge(DataFolder.layer(home))
  )

/** A new database. */
export const freshEmbedded = Layer.unwrap(Effect.map(freshFolder, databaseIn))
