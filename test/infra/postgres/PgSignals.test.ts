import * as PgSignals from "#infra/postgres/PgSignals.ts"
import { Signals, signals } from "#services/ports/Signals.ts"
import { PgClient } from "@effect/sql-pg"
import { assert, it, layer } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Queue, Redacted, type Scope, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { heard, signalsBehave } from "../../behaviour/signalsBehave.ts"
import { describeWithServers, freshDatabase, ownServer } from "../../support/Servers.ts"

class Url extends Context.Service<Url, string>()("test/Url") {}

/** Signals of one program; `name` tells its connections from those of the others. */
const program = (url: string, name: string): Effect.Effect<Context.Context<Signals>, never, Scope.Scope> =>
  Layer.build(PgSignals.layer({ url: Redacted.make(url), applicationName: name }))

const client = (url: string) =>
  PgClient.make({ url: Redacted.make(url), maxConnections: 2 }).pipe(Effect.provide(Reactivity.layer))

/** A program whose streams hear others: the first thing it hears is that it is connected. */
const connected = Effect.fnUntraced(function*(url: string, name: string) {
  const context = yield* program(url, name)
  yield* Effect.flatMap(Effect.provide(heard("types"), context), Fiber.join)
  return context
})

describeWithServers(["postgres"], "PgSignals", () => {
  signalsBehave(
    "postgres",
    Layer.unwrap(
      Effect.map(freshDatabase, (url) => PgSignals.layer({ url: Redacted.make(url), applicationName: "signals" }))
    )
  )

  layer(Layer.effect(Url, freshDatabase), { excludeTestServices: true })("between programs", (it) => {
    it.effect("wakes the other programs", () =>
      Effect.gen(function*() {
        const url = yield* Url
        const [one, other] = [yield* connected(url, "one"), yield* connected(url, "other")]

        const waiting = yield* Effect.provide(heard("cancel"), other)
        yield* Context.get(one, Signals).send("cancel")

        yield* Fiber.join(waiting)
      }))

    it.effect("sends at most two hundred notifications a second, the first at once", () =>
      Effect.gen(function*() {
        const url = yield* Url
        const { send } = Context.get(yield* connected(url, "busy"), Signals)
        const listener = yield* client(url)
        const notifications = yield* listener.listen("odto")
        const start = performance.now()

        yield* send("due")
        yield* Queue.take(notifications)
        const first = performance.now() - start
        while (performance.now() - start < 500) {
          yield* Effect.forEach(signals, send, { discard: true })
          yield* Effect.sleep(1)
        }
        yield* Effect.sleep(50)
        const count = 1 + (yield* Queue.takeAll(notifications)).length

        assert.isBelow(first, 100)
        assert.isAtMost(count, 112)
        assert.isAtLeast(count, 10)
      }))

    it.effect("connects again by itself, and tells its readers to look then", () =>
      Effect.gen(function*() {
        const url = yield* Url
        const [one, other] = [yield* connected(url, "lost-one"), yield* connected(url, "lost-other")]
        const looking = yield* Effect.provide(heard("queues"), other)

        const sql = yield* client(url)
        const broken = yield* sql`
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lost-%'`
        yield* Fiber.join(looking)
        const waiting = yield* Effect.provide(heard("log"), other)
        yield* Context.get(one, Signals).send("log")
        yield* Fiber.join(waiting)

        assert.isAtLeast(broken.length, 2)
      }))
  })
})

describeWithServers(["postgres"], "PgSignals, without a server", () => {
  it.live("never fails or holds up who sends, and delivers within the process", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("postgres")
      const context = yield* connected(server.url, "patient")
      const other = yield* connected(server.url, "patient-too")
      const { send } = Context.get(context, Signals)
      yield* server.crash

      const local = yield* Effect.provide(heard("log"), context)
      yield* Effect.forEach(Array.from({ length: 1_000 }), () => send("log"), { discard: true })
      yield* Fiber.join(local)
      const late = yield* Context.get(other, Signals).stream.pipe(
        Stream.takeUntil((signal) => signal === "log"),
        Stream.runDrain,
        Effect.forkScoped({ startImmediately: true })
      )
      yield* server.start

      yield* Fiber.join(late)
    }))
}, { own: true })
