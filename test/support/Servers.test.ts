import { assert, it } from "@effect/vitest"
import { connect } from "amqplib"
import { Effect, Fiber, Option } from "effect"
import { Redis } from "ioredis"
import { MongoClient } from "mongodb"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createConnection } from "node:net"
import Pg from "pg"
import { describeWithServers, freshDatabase, freshMongoDatabase, freshRedis, freshVhost, ownServer } from "./Servers.ts"

/** What PostgreSQL answers to one statement. */
const query = (url: string, sql: string) =>
  Effect.promise(async () => {
    const client = new Pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  })

describeWithServers(["postgres"], "PostgreSQL", () => {
  it.live("gives every taker an empty database of its own, with commits that survive a crash", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* freshDatabase, yield* freshDatabase]

      yield* query(one, "create table kept as select 42 answer")

      assert.deepStrictEqual(yield* query(one, "select answer from kept"), [{ answer: 42 }])
      assert.deepStrictEqual(yield* query(other, "select to_regclass('kept') kept"), [{ kept: null }])
      assert.deepStrictEqual(yield* query(one, "show fsync"), [{ fsync: "on" }])
    }))
})

describeWithServers(["postgres", "redis"], "A server of one's own", () => {
  it.live("is killed and starts again on the same port and data", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("postgres")
      yield* query(server.url, "create table kept as select 42 answer")
      const before = yield* server.pid

      yield* server.crash
      const gone = yield* Effect.exit(query(server.url, "select 1"))
      yield* server.start

      assert.strictEqual(gone._tag, "Failure")
      assert.notStrictEqual(yield* server.pid, before)
      assert.deepStrictEqual(yield* query(server.url, "select answer from kept"), [{ answer: 42 }])
    }))

  it.live("answers nothing while it is frozen, and goes on afterwards", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("redis")
      const redis = yield* Effect.acquireRelease(
        Effect.sync(() => new Redis(server.url)),
        (open) => Effect.sync(() => open.disconnect())
      )
      yield* Effect.promise(() => redis.ping())

      yield* server.freeze
      const pong = yield* Effect.forkChild(Effect.promise(() => redis.ping()))
      const silence = yield* Effect.timeoutOption(Fiber.await(pong), "300 millis")
      yield* server.thaw

      assert.isTrue(Option.isNone(silence))
      assert.strictEqual(yield* Fiber.join(pong), "PONG")
    }))

  it.live("stops in good order and starts again", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("postgres")
      yield* query(server.url, "create table kept as select 42 answer")

      yield* server.stop
      yield* server.start

      assert.deepStrictEqual(yield* query(server.url, "select answer from kept"), [{ answer: 42 }])
    }))
}, { own: true })

describeWithServers(["redis"], "A server whose test run was killed", () => {
  it.live("does not outlive it", () =>
    Effect.gen(function*() {
      const kinds = new URL("./servers/kinds.ts", import.meta.url)
      const script =
        `const { startNew } = await import("${kinds.href}"); console.log((await startNew("redis")).url); setInterval(() => {}, 60000)`
      const run = yield* Effect.acquireRelease(
        Effect.sync(() => spawn(process.execPath, ["--eval", script], { stdio: ["ignore", "pipe", "inherit"] })),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      const [url] = yield* Effect.promise(() => once(run.stdout, "data"))
      const socket = createConnection(Number(new URL(String(url).trim()).port), "127.0.0.1")
      yield* Effect.promise(() => once(socket, "connect"))

      run.kill("SIGKILL")

      yield* Effect.promise(() => once(socket.resume(), "close"))
    }))
}, { own: true })

describeWithServers(["rabbitmq"], "RabbitMQ", () => {
  it.live("gives every taker an empty virtual host of its own, with quorum queues", () =>
    Effect.gen(function*() {
      const { manage, name, url } = yield* freshVhost
      const connection = yield* Effect.acquireRelease(
        Effect.promise(() => connect(url)),
        (open) => Effect.promise(() => open.close())
      )
      const channel = yield* Effect.promise(() => connection.createConfirmChannel())

      yield* Effect.promise(() => channel.assertQueue("q", { durable: true, arguments: { "x-queue-type": "quorum" } }))
      channel.sendToQueue("q", Buffer.from("hello"), { persistent: true })
      yield* Effect.promise(() => channel.waitForConfirms())
      const message = yield* Effect.promise(() => channel.get("q", { noAck: true }))

      assert.strictEqual(message === false ? undefined : message.content.toString(), "hello")
      assert.propertyVal(yield* manage("GET", `queues/${name}/q`), "type", "quorum")
    }))
})

describeWithServers(["redis"], "Redis", () => {
  it.live("gives every taker a place of its own", () =>
    Effect.gen(function*() {
      const open = Effect.acquireRelease(
        Effect.map(freshRedis, (url) => new Redis(url)),
        (redis) => Effect.sync(() => redis.disconnect())
      )
      const [one, other] = [yield* open, yield* open]

      yield* Effect.promise(() => one.set("kept", "42"))

      assert.strictEqual(yield* Effect.promise(() => one.get("kept")), "42")
      assert.isNull(yield* Effect.promise(() => other.get("kept")))
    }))
})

const mongo = (url: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => new MongoClient(url).connect()),
      (client) => Effect.promise(() => client.close())
    ),
    (client) => client.db().collection<{ _id: number; of?: string }>("kept")
  )

describeWithServers(["mongodb"], "MongoDB", () => {
  it.live("gives every taker an empty database of its own", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* mongo(yield* freshMongoDatabase), yield* mongo(yield* freshMongoDatabase)]

      yield* Effect.promise(() => one.insertOne({ _id: 42 }))

      assert.deepStrictEqual(yield* Effect.promise(() => one.find().toArray()), [{ _id: 42 }])
      assert.deepStrictEqual(yield* Effect.promise(() => other.find().toArray()), [])
    }))

  it.live("pages, indexes and refuses a duplicate by number 11000", () =>
    Effect.gen(function*() {
      const kept = yield* mongo(yield* freshMongoDatabase)
      const documents = Array.from({ length: 1000 }, (_, _id) => ({ _id, of: `owner ${_id % 10}` }))

      yield* Effect.promise(() => kept.insertMany(documents, { ordered: false }))
      yield* Effect.promise(() => kept.createIndex({ of: 1, _id: 1 }))
      const page = yield* Effect.promise(() => kept.find({ of: "owner 3" }).sort({ _id: 1 }).batchSize(7).toArray())
      const indexes = yield* Effect.promise(() => kept.indexes())
      const again = yield* Effect.promise(() =>
        kept.insertMany([{ _id: 5 }, { _id: 1001 }], { ordered: false }).then(String, (error) =>
          error.writeErrors[0].code)
      )

      assert.deepStrictEqual(
        page.map(({ _id }) =>
          _id
        ),
        documents.map(({ _id }) => _id).filter((id) => id % 10 === 3)
      )
      assert.include(indexes.map(({ name }) => name), "of_1__id_1")
      assert.strictEqual(again, 11000)
      assert.strictEqual(yield* Effect.promise(() => kept.countDocuments()), 1001)
    }))
})

describeWithServers(["mongodb"], "A MongoDB of one's own", () => {
  it.live("is killed and starts again on the same port and data", () =>
    Effect.gen(function*() {
      const server = yield* ownServer("mongodb")
      const before = yield* mongo(server.url)
      yield* Effect.promise(() => before.insertOne({ _id: 42 }))

      yield* server.crash
      yield* server.start
      const after = yield* mongo(server.url)

      assert.strictEqual(yield* Effect.promise(() => after.countDocuments()), 1)
    }))
}, { own: true })
