/** Programs that must not start: something that they need is not named, or the database is not theirs to touch. */
import { programs } from "#cli/programs/identity.ts"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { query } from "../support/Books.ts"
import { describeWithServers, freshDatabase, freshMongoDatabase, freshRedis, freshVhost } from "../support/Servers.ts"
import { serve, settingsOf } from "../support/System.ts"

const freshServers = Effect.gen(function*() {
  const [database, { url: amqp }, redis, mongodb] = yield* Effect.all(
    [freshDatabase, freshVhost, freshRedis, freshMongoDatabase],
    { concurrency: "unbounded" }
  )
  return settingsOf({ database, amqp, redis, mongodb })
})

const allKinds = ["postgres", "rabbitmq", "redis", "mongodb"] as const

describeWithServers(allKinds, "programs that must not start", () => {
  it.live("refuse to start without the URL of a server that they need, and name it", () =>
    Effect.gen(function*() {
      const settings = yield* freshServers
      const needs = {
        gateway: ["ODTO_DATABASE_URL"],
        dispatcher: ["ODTO_DATABASE_URL", "ODTO_AMQP_URL"],
        processor: ["ODTO_DATABASE_URL", "ODTO_AMQP_URL"],
        "metrics-engine": ["ODTO_DATABASE_URL", "ODTO_AMQP_URL", "ODTO_REDIS_URL", "ODTO_MONGODB_URL"],
        "read-model": ["ODTO_DATABASE_URL", "ODTO_AMQP_URL", "ODTO_REDIS_URL", "ODTO_MONGODB_URL"]
      }
      const cases = programs.flatMap((name) => needs[name].map((variable) => ({ name, variable })))
      yield* Effect.forEach(cases, ({ name, variable }) =>
        Effect.gen(function*() {
          const program = yield* serve(name, { ...settings, [variable]: "" })
          assert.strictEqual(yield* program.ended, 78, `${name} without ${variable}: ${program.output()}`)
          assert.include(program.output(), `${variable} is not set`)
        }), { concurrency: 3 })
    }), 180_000)

  it.live("leave a database alone that is newer than they are", () =>
    Effect.gen(function*() {
      const settings = yield* freshServers
      const newer = settings.ODTO_DATABASE_URL
      yield* query(
        newer,
        "CREATE TABLE odto_migrations (version integer PRIMARY KEY, name text, applied_at timestamptz)"
      )
      yield* query(newer, "INSERT INTO odto_migrations VALUES (9999, '9999_future', now())")

      const ends = yield* Effect.forEach(programs, (name) =>
        Effect.gen(function*() {
          const program = yield* serve(name, settings)
          return { code: yield* program.ended, says: program.output().includes("the database has schema 9999") }
        }), { concurrency: 3 })

      for (const end of ends) assert.deepStrictEqual(end, { code: 78, says: true })
      assert.lengthOf(ends, programs.length)
      assert.deepStrictEqual(
        yield* query(
          newer,
          "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ),
        [{ relname: "odto_migrations" }]
      )
    }), 120_000)
})
