import { compare, start } from "#domain/Position.ts"
import * as Migrations from "#infra/postgres/Migrations.ts"
import { migrations } from "#infra/postgres/migrations/all.ts"
import * as PgEventLog from "#infra/postgres/PgEventLog.ts"
import * as Postgres from "#infra/postgres/Postgres.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import type { StoreError } from "#services/ports/StoreError.ts"
import { PgClient } from "@effect/sql-pg"
import { assert, it, layer } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Option, Redacted, Ref } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describeWithServers, ownServer } from "../../support/Servers.ts"
import { until } from "../../support/until.ts"
import * as MigratedDatabase from "./migratedDatabase.ts"

const log = Layer.provideMerge(PgEventLog.layer(), MigratedDatabase.layer)

const write = (source: string, count = 1) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    sql<{ readonly id: string }>`
      INSERT INTO event_log (source, jobs, body)
      SELECT ${source}, '{}', '[]'::json FROM generate_series(1, ${count}) RETURNING id::text AS id`)

const random = (millis: number) => Effect.suspend(() => Effect.sleep(Math.random() * millis))

/** Pretends that the database was written by another cluster. */
const moveToAnotherCluster = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql`UPDATE meta SET value = 'another/00000001' WHERE key = 'cluster'`
)

describeWithServers(["postgres"], "PgEventLog", () => {
  layer(log, { excludeTestServices: true })("with writers at work", (it) => {
    it.effect("misses nothing and repeats nothing while transactions overlap, pause and roll back", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const events = yield* EventLog
        const committed = yield* Ref.make<ReadonlyArray<string>>([])
        /** Takes its transaction id early or late, and is visible long after its neighbours, or never. */
        const transaction = Effect.gen(function*() {
          const ids: Array<string> = []
          const write1 = Effect.map(write("writer", 2), (rows) => ids.push(...rows.map(({ id }) => id)))
          yield* sql.withTransaction(Effect.gen(function*() {
            yield* random(4)
            yield* write1
            yield* random(8)
            yield* write1
            yield* random(2)
            if (Math.random() < 0.2) return yield* Effect.fail("rolled back" as const)
          }))
          yield* Ref.update(committed, (all) => [...all, ...ids])
        }).pipe(Effect.catch((reason) => reason === "rolled back" ? Effect.void : Effect.die(reason)))
        const writers = yield* Effect.forEach(
          Array.from({ length: 8 }),
          () => Effect.repeat(transaction, { times: 60 }),
          { concurrency: "unbounded", discard: true }
        ).pipe(Effect.forkChild)

        const seen: Array<string> = []
        let position = start
        let inOrder = true
        while (true) {
          const finished = writers.pollUnsafe() !== undefined
          const rows = yield* events.after(position, 7)
          for (const row of rows) {
            inOrder &&= compare(position, row.position) === -1
            position = row.position
            seen.push(String(row.position.id))
          }
          // The transactions of other tests on this server hold the last rows back for a while.
          if (finished && rows.length === 0 && seen.length >= (yield* Ref.get(committed)).length) break
          if (rows.length === 0) yield* Effect.sleep(1)
        }
        yield* Fiber.join(writers)

        const written = yield* Ref.get(committed)
        assert.isAbove(written.length, 1_000)
        assert.isTrue(inOrder)
        assert.strictEqual(new Set(seen).size, seen.length)
        assert.deepStrictEqual(seen.toSorted(), written.toSorted())
        assert.notDeepEqual(seen, written.toSorted((a, b) => Number(a) - Number(b)))
      }))

    it.effect("holds rows back while an older transaction is open, and shows them when it ends", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const events = yield* EventLog
        const { closed: before } = yield* events.head
        const sources = Effect.map(
          events.after(before, 10_000),
          (rows) => rows.map(({ source }) => source).filter((source) => source === "older" || source === "younger")
        )

        const meanwhile = yield* sql.withTransaction(
          Effect.gen(function*() {
            yield* write("older")
            const other = yield* sql.reserve
            yield* other.execute(
              "INSERT INTO event_log (source, jobs, body) VALUES ('younger', '{}', '[]')",
              [],
              undefined
            )
            return yield* sources
          }).pipe(Effect.scoped)
        )

        assert.deepStrictEqual(meanwhile, [])
        assert.deepStrictEqual(yield* until(sources, ({ length }) => length === 2), ["older", "younger"])
      }))
  })

  layer(log, { excludeTestServices: true })("when it is pruned", (it) => {
    it.effect("leaves no hole: what is younger keeps all that comes after it", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const events = yield* EventLog
        yield* write("old", 2)
        yield* write("young")
        yield* write("old", 2)
        yield* sql`UPDATE event_log SET at = at - interval '1 hour' WHERE source = 'old'`
        const rows = yield* until(events.after(start, 10), ({ length }) => length === 5)
        const end = rows.at(-1)?.position ?? start
        yield* events.lead("leader", 60_000)
        yield* events.advance("leader", start, end)

        const pruned = yield* events.prune(end, 60_000, 1_000)

        assert.strictEqual(pruned, 2)
        assert.deepStrictEqual((yield* events.after(start, 10)).map(({ source }) => source), ["young", "old", "old"])
      }))

    it.effect("ends where the relay stands when nothing is left", () =>
      Effect.gen(function*() {
        const events = yield* EventLog
        yield* write("last")
        const { position } = (yield* until(events.before(undefined, 1), ([row]) => row?.source === "last"))[0] ??
          { position: start }
        const lease = Option.getOrThrow(yield* events.lead("leader", 60_000))
        yield* events.advance("leader", lease.cursor, position)

        yield* events.prune(position, 0, 1_000)
        const head = yield* events.head

        assert.deepStrictEqual(head, {
          ...head,
          closed: position,
          oldest: undefined,
          relayed: position,
          relayLagMillis: 0
        })
      }))

    it.effect("moves the cursor once when the answer was lost and the call is repeated", () =>
      Effect.gen(function*() {
        const events = yield* EventLog
        const { cursor } = Option.getOrThrow(yield* events.lead("leader", 60_000))
        const next = { xid: cursor.xid, id: cursor.id + 1n }

        const answers = [yield* events.advance("leader", cursor, next), yield* events.advance("leader", cursor, next)]

        assert.deepStrictEqual(answers, [true, true])
        assert.deepStrictEqual((yield* events.head).relayed, next)
      }))
  })

  layer(log, { excludeTestServices: true })("on another cluster", (it) => {
    it.effect("begins a new epoch, rewinds the relay and withholds rows until then", () =>
      Effect.gen(function*() {
        const events = yield* EventLog
        yield* write("before")
        const [row] = yield* until(events.after(start, 10), ({ length }) => length === 1)
        const first = yield* events.lead("leader", 60_000)
        yield* events.advance("leader", start, row?.position ?? start)

        yield* moveToAnotherCluster
        const withheld = yield* events.after(start, 10)
        const second = yield* events.lead("leader", 60_000)
        const third = yield* events.lead("leader", 60_000)

        assert.deepStrictEqual(first, Option.some({ epoch: 1, cursor: start }))
        assert.deepStrictEqual(withheld, [])
        assert.deepStrictEqual(second, Option.some({ epoch: 2, cursor: start }))
        assert.deepStrictEqual(third, second)
        assert.deepStrictEqual((yield* events.after(start, 10)).map(({ epoch }) => epoch), [2])
      }))

    it.effect("begins one epoch however many programs start", () =>
      Effect.gen(function*() {
        const events = yield* EventLog
        const { epoch } = yield* events.head
        yield* moveToAnotherCluster

        const start = Effect.provide(Effect.flatMap(EventLog, ({ head }) => head), PgEventLog.layer(), { local: true })
        const heads = yield* Effect.all(Array.from({ length: 6 }, () => start), { concurrency: "unbounded" })

        assert.deepStrictEqual(heads.map((head) => head.epoch), Array.from({ length: 6 }, () => epoch + 1))
      }))

    it.effect("does not dispute the epoch where the identifier may not be seen, and notices another timeline", () =>
      Effect.gen(function*() {
        const { epoch } = yield* Effect.flatMap(EventLog, ({ head }) => head)
        const sql = yield* PgClient.PgClient
        const role = `odto_${randomUUID().slice(0, 8)}`
        yield* Effect.acquireRelease(
          sql`CREATE ROLE ${sql(role)}`,
          () => Effect.orDie(Effect.andThen(sql`DROP OWNED BY ${sql(role)}`, sql`DROP ROLE ${sql(role)}`))
        )
        yield* sql`REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC`
        yield* sql`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${sql(role)}`
        const limited = PgClient.layer({ ...sql.config, maxConnections: 1, startupParameters: { role } })
        const epochOfLimited = Effect.flatMap(EventLog, ({ head }) => head).pipe(
          Effect.map((head) => head.epoch),
          Effect.provide(Layer.provide(PgEventLog.layer(), limited), { local: true })
        )

        const same = yield* epochOfLimited
        yield* sql`UPDATE meta SET value = split_part(value, '/', 1) || '/00000000' WHERE key = 'cluster'`
        const next = yield* epochOfLimited

        assert.deepStrictEqual([same, next], [epoch, epoch + 1])
        assert.strictEqual((yield* Effect.flatMap(EventLog, ({ head }) => head)).epoch, epoch + 1)
      }))

    it.effect("reads a log that was restored into a younger cluster", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const events = yield* EventLog
        yield* sql`DELETE FROM event_log`
        yield* write("restored", 2)
        yield* sql`UPDATE event_log SET xid = '18446744073709551000'`
        yield* moveToAnotherCluster

        yield* events.lead("leader", 60_000)
        yield* write("fresh")

        const rows = yield* until(events.after(start, 10), ({ length }) => length === 3)
        assert.deepStrictEqual(rows.map(({ source }) => source), ["restored", "restored", "fresh"])
      }))
  })
})

describeWithServers(["postgres"], "PgEventLog, when PostgreSQL fails over", () => {
  it.live("reads nothing from a standby, and begins a new epoch when it is promoted", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("postgres")
      const client = Postgres.layer({ url: Redacted.make(server.url), applicationName: "odto-test" })
      yield* Effect.gen(function*() {
        yield* Migrations.migrate(migrations)
        const sql = yield* SqlClient.SqlClient
        const answered = <A>(question: Effect.Effect<A, StoreError>) => until(Effect.exit(question), Exit.isSuccess)
        const events = Context.get(yield* Layer.build(PgEventLog.layer()), EventLog)
        yield* write("before")
        const first = yield* events.lead("leader", 1)
        const [directory] = yield* sql<{ readonly path: string }>`
          SELECT current_setting('data_directory') AS path`
        yield* server.stop
        yield* Effect.promise(() => writeFile(join(directory?.path ?? "", "standby.signal"), ""))
        yield* server.start

        const onStandby = yield* answered(events.after(start, 10))
        const refused = yield* Effect.flip(events.lead("leader", 1))
        yield* sql`SELECT pg_promote()`
        const second = yield* events.lead("leader", 1)
        const rows = yield* events.after(start, 10)

        assert.deepStrictEqual(first, Option.some({ epoch: 1, cursor: start }))
        assert.deepStrictEqual(onStandby, Exit.succeed([]))
        assert.strictEqual(refused.reason, "unavailable")
        assert.deepStrictEqual(second, Option.some({ epoch: 2, cursor: start }))
        assert.deepStrictEqual(rows.map(({ epoch, source }) => [epoch, source]), [[2, "before"]])
      }).pipe(Effect.provide(client), Effect.scoped)
    }))
}, { own: true })
