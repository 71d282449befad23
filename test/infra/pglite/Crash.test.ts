import { Pglite } from "#infra/pglite/Pglite.ts"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { databaseIn, freshFolder, template } from "../../support/Embedded.ts"

/** How many acknowledgements the writer gives before it is killed, in each round. Different places, one past a checkpoint. */
const rounds = [40, 700, 7]

/** Kills a writer with SIGKILL after so many acknowledgements, and gives all that it has given by then. */
const killedWriter = (home: string, file: string, round: number, after: number) =>
  Effect.promise(async () => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "insertUntilKilled.ts"), home, file, String(round)],
      { stdio: ["ignore", "pipe", "inherit"] }
    )
    const exited = once(child, "exit")
    const lines: Array<string> = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      if (lines.length === after) child.kill("SIGKILL")
    }
    assert.deepStrictEqual(await exited, [null, "SIGKILL"])
    return lines
  })

it.live("loses no acknowledged write when its process is killed, round after round", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    const file = yield* template
    const acknowledged: Array<string> = []

    for (const [round, after] of rounds.entries()) {
      acknowledged.push(...(yield* killedWriter(home, file, round, after)))
      const found = yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const rows = yield* sql<{ readonly line: string; readonly state: string }>`
          SELECT round || ' ' || n AS line, state FROM written`
        return new Map(rows.map(({ line, state }) => [line, state]))
      }).pipe(Effect.provide(databaseIn(home)))

      assert.deepStrictEqual(acknowledged.filter((line) => found.get(line) !== "done"), [])
      // at most the one write that was under way is there without an acknowledgement
      assert.isAtMost(found.size - acknowledged.length, round + 1)
    }
  }))

it.live("fails all statements, and says so, when its thread cannot go on; a new start finds everything", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    yield* Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { failure } = yield* Pglite
      const noticed = yield* Effect.forkChild(Effect.flip(failure))
      yield* sql`CREATE TABLE kept (id int4)`
      yield* sql`INSERT INTO kept VALUES (1)`
      // the one FATAL error that a statement can ask for
      const died = yield* Effect.flip(sql.withTransaction(Effect.gen(function*() {
        yield* sql`SET LOCAL idle_in_transaction_session_timeout = 1`
        yield* sql`INSERT INTO kept VALUES (2)`
        yield* Effect.sleep("50 millis")
        yield* sql`INSERT INTO kept VALUES (3)`
      })))

      assert.strictEqual(died._tag, "SqlError")
      const { message } = yield* Fiber.join(noticed)
      assert.include(message, home)
      assert.include(message, "idle-in-transaction timeout")
      const later = yield* Effect.flip(sql`SELECT 1`)
      assert.strictEqual(later.reason._tag, "ConnectionError")
    }).pipe(Effect.provide(databaseIn(home), { local: true }))

    const rows = yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT id FROM kept`).pipe(
      Effect.provide(databaseIn(home), { local: true })
    )

    assert.deepStrictEqual(rows, [{ id: 1 }])
  }))
