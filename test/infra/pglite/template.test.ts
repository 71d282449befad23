import { DataFolder } from "#infra/pglite/DataFolder.ts"
import * as Pglite from "#infra/pglite/Pglite.ts"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { databaseIn, freshFolder } from "../../support/Embedded.ts"

const version = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => Effect.map(sql<{ readonly name: string }>`SELECT datname AS name FROM pg_database`, (rows) => rows)
)

it.live("makes the same database without a template, only slower", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    const bare = Pglite.layer({ template: undefined }).pipe(Layer.provide(DataFolder.layer(home)))

    const made = yield* Effect.provide(version, bare)

    assert.deepStrictEqual(made, yield* Effect.provide(version, databaseIn(yield* freshFolder)))
    assert.deepStrictEqual(made, [{ name: "postgres" }])
  }))

it.live("starts anew where the process died while it unpacked", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    const unfinished = join(home, "postgres.new", "base")
    mkdirSync(unfinished, { recursive: true })
    writeFileSync(join(unfinished, "half"), "a file")

    yield* Effect.provide(version, databaseIn(home))

    assert.isFalse(existsSync(join(home, "postgres.new")))
    assert.notInclude(readdirSync(join(home, "postgres", "base")), "half")
  }))

it.live("refuses the files of another PostgreSQL, and leaves them alone", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    mkdirSync(join(home, "postgres"), { recursive: true })
    writeFileSync(join(home, "postgres", "PG_VERSION"), "17\n")

    const refused = yield* Effect.flip(Effect.scoped(Layer.build(databaseIn(home))))

    assert(refused._tag === "PgliteFailed")
    assert.include(refused.message, "PostgreSQL 17")
    assert.deepStrictEqual(readdirSync(join(home, "postgres")), ["PG_VERSION"])
  }))

it.live("says what is wrong with a template", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    mkdirSync(home)
    const template = join(home, "template")
    writeFileSync(template, "no archive")
    const broken = Pglite.layer({ template }).pipe(Layer.provide(DataFolder.layer(home)))

    const refused = yield* Effect.flip(Effect.scoped(Layer.build(broken)))

    assert.strictEqual(refused._tag, "PgliteFailed")
    assert.isFalse(existsSync(join(home, "postgres")))
    rmSync(template)
  }))
