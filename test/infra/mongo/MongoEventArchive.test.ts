import { databaseOf, Mongo } from "#infra/mongo/Mongo.ts"
import * as MongoEventArchive from "#infra/mongo/MongoEventArchive.ts"
import { EventArchive } from "#services/ports/EventArchive.ts"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Redacted, Scope } from "effect"
import { type Db, MongoClient } from "mongodb"
import { eventArchiveBehaves } from "../../behaviour/eventArchiveBehaves.ts"
import { freshJobId, lifeOf, logEvent, logRow } from "../../support/LogRows.ts"
import { describeWithServers, freshMongoDatabase, ownServer } from "../../support/Servers.ts"

const archiveAt = (url: string, options?: MongoEventArchive.Options) =>
  Effect.map(
    Layer.build(MongoEventArchive.layer(options).pipe(Layer.provide(Mongo.layer(Redacted.make(url))))),
    (context) => EventArchive.pipe(Effect.provideContext(context))
  ).pipe(Effect.flatten)

/** The database as somebody else sees it. */
const databaseAt = (url: string) =>
  Effect.map(
    Effect.acquireRelease(Effect.sync(() => new MongoClient(url)), (client) => Effect.promise(() => client.close())),
    (client) => client.db(databaseOf(url))
  )

const indexNames = (database: Db) =>
  Effect.promise(() => database.collection(MongoEventArchive.collectionName).indexes()).pipe(
    Effect.map((indexes) => indexes.map(({ name }) => name))
  )

const row = (id: number, source = "processor/test") =>
  logRow({ id, at: 1_760_000_000_000 + id, source, events: [logEvent({ type: "created", at: 1 })] })

it("takes the database from the URL, and odto when it names none", () => {
  assert.strictEqual(databaseOf("mongodb://host:1/?directConnection=true"), "odto")
  assert.strictEqual(databaseOf("mongodb://host"), "odto")
  assert.strictEqual(databaseOf("mongodb://a:b%2Fc@one,two/events?w=1"), "events")
  assert.strictEqual(databaseOf("mongodb+srv://host/my%20events"), "my events")
})

describeWithServers(["mongodb"], "MongoDB", () => {
  eventArchiveBehaves(
    "MongoDB",
    MongoEventArchive.layer().pipe(
      Layer.provide(Layer.unwrap(Effect.map(freshMongoDatabase, (url) => Mongo.layer(Redacted.make(url)))))
    )
  )

  it.live("makes its indexes at the start, again and again, and a retention that can be changed and taken away", () =>
    Effect.gen(function*() {
      const url = yield* freshMongoDatabase
      const database = yield* databaseAt(url)
      const startWith = Effect.fnUntraced(function*(options: MongoEventArchive.Options) {
        const scope = yield* Scope.make()
        const archive = yield* Scope.provide(archiveAt(url, options), scope)
        yield* archive.store([])
        yield* Scope.close(scope, Exit.void)
        return yield* indexNames(database)
      })
      const own = ["_id_", "walk", "history", "newest", "newest_of_type", "newest_of_queue"]

      assert.sameMembers(yield* startWith({}), own)
      assert.sameMembers(yield* startWith({ retentionDays: 30 }), [...own, "retention"])
      yield* startWith({ retentionDays: 7 })
      const retention = (yield* Effect.promise(() => database.collection(MongoEventArchive.collectionName).indexes()))
        .find(({ name }) => name === "retention")
      assert.strictEqual(Number(retention?.expireAfterSeconds), 7 * 24 * 60 * 60)
      assert.sameMembers(yield* startWith({}), own)
    }))

  it.live("refuses a row that the server refuses, by itself, and stores its neighbours", () =>
    Effect.gen(function*() {
      const url = yield* freshMongoDatabase
      const database = yield* databaseAt(url)
      const validator = { source: { $ne: "poison" } }
      yield* Effect.promise(() => database.createCollection(MongoEventArchive.collectionName, { validator }))
      const archive = yield* archiveAt(url)

      const error = yield* Effect.flip(archive.store([row(2), row(3, "poison"), row(4)]))

      assert.strictEqual(error.reason, "refused")
      assert.deepStrictEqual(yield* archive.absent(1, [2n, 3n, 4n]), [3n])
    }))

  it.live("stores batches that do not fit into one command", () =>
    Effect.gen(function*() {
      const archive = yield* archiveAt(yield* freshMongoDatabase)
      const message = "é".repeat(200_000)
      const rows = Array.from({ length: 60 }, (_, index) =>
        logRow({
          id: index + 1,
          at: 1,
          events: [logEvent({ type: "attempt-failed", at: 1, data: { error: { message } } })]
        }))

      assert.strictEqual(yield* archive.store(rows), rows.length)

      assert.deepStrictEqual(yield* archive.rows(1, [60n]), rows.slice(-1))
    }))

  it.live("uses an index for the history of a job and for walking", () =>
    Effect.gen(function*() {
      const url = yield* freshMongoDatabase
      const archive = yield* archiveAt(url)
      const job = freshJobId()
      yield* archive.store(lifeOf({ job, firstId: 1, at: 1 }))
      const rows = (yield* databaseAt(url)).collection(MongoEventArchive.collectionName)
      const planOf = (filter: Record<string, unknown>) =>
        Effect.map(Effect.promise(() => rows.find(filter).explain()), (plan) => JSON.stringify(plan))

      assert.include(yield* planOf({ epoch: 1, id: { $gt: 1n } }), "walk")
      assert.include(yield* planOf({ jobs: job }), "history")
    }))
})

describeWithServers(["mongodb"], "A MongoDB that fails", () => {
  it.live("is a typed error while it is away, and loses nothing that was stored", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("mongodb")
      const archive = yield* archiveAt(server.url)
      yield* archive.store([row(1)])

      yield* server.crash
      const error = yield* Effect.flip(archive.store([row(2)]))
      const unreachable = yield* Effect.flip(archive.ping)
      yield* server.start

      assert.strictEqual(error.reason, "unavailable")
      assert.strictEqual(unreachable.reason, "unavailable")
      assert.strictEqual(yield* archive.store([row(1), row(2)]), 1)
    }))

  it.live("gets its indexes again after it was emptied", () =>
    Effect.gen(function*() {
      const url = yield* freshMongoDatabase
      const database = yield* databaseAt(url)
      const scope = yield* Scope.make()
      const archive = yield* Scope.provide(archiveAt(url), scope)
      yield* archive.store([row(1)])
      yield* Effect.promise(() => database.dropDatabase())

      yield* Scope.close(scope, Exit.void)
      const restarted = yield* archiveAt(url)
      yield* restarted.store([row(1)])

      assert.include(yield* indexNames(database), "history")
    }))
}, { own: true })
