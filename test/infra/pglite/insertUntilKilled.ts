/**
 * A process of its own that writes into the data folder of its first argument until it is killed. On standard output it
 * tells each write that was acknowledged: the round and the number of the row.
 */
import { DataFolder } from "#infra/pglite/DataFolder.ts"
import * as Pglite from "#infra/pglite/Pglite.ts"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { writeSync } from "node:fs"

const [, , home = "", template = "", round = "0"] = process.argv
const acknowledged = (n: number) => Effect.sync(() => writeSync(1, `${round} ${n}\n`))

const write = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE IF NOT EXISTS written (round int4, n int4, state text, PRIMARY KEY (round, n))`
  for (let n = 0;; n++) {
    // each row twice, so that there are updates to lose as well; every fifth in a transaction of several statements
    const insert = sql`INSERT INTO written VALUES (${round}::int4, ${n}, 'new')`
    const update = sql`UPDATE written SET state = 'done' WHERE round = ${round}::int4 AND n = ${n}`
    const both = Effect.andThen(insert, update)
    yield* n % 5 === 0 ? sql.withTransaction(both) : both
    yield* acknowledged(n)
    if (n % 500 === 499) yield* sql`CHECKPOINT`
  }
})

const database = Pglite.layer({ template }).pipe(Layer.provide(DataFolder.layer(home)))
await Effect.runPromise(Effect.provide(write, database))
