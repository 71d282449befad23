/** The five programs as processes of their own on real servers: what an operator of a distributed system has. */
import { programs } from "#cli/programs/identity.ts"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { join } from "node:path"
import { assertBooksBalance, assertLiveNumbers, query } from "../support/Books.ts"
import { assertWholeHistories } from "../support/Histories.ts"
import { httpTarget, metricOf, readStream } from "../support/Observing.ts"
import { eventually, getJson, postJson } from "../support/Programs.ts"
import { describeWithServers, freshDatabase, freshMongoDatabase, freshRedis, freshVhost } from "../support/Servers.ts"
import { serve, settingsOf, startWorker, submit, times, untilAllEnded, untilReady } from "../support/System.ts"

const fixture = join(import.meta.dirname, "../fixtures/mailJobs.ts")

const makeSystem = Effect.gen(function*() {
  const [database, { url: amqp }, redis, mongodb] = yield* Effect.all(
    [freshDatabase, freshVhost, freshRedis, freshMongoDatabase],
    { concurrency: "unbounded" }
  )
  const urls = { database, amqp, redis, mongodb }
  const settings = settingsOf(urls)
  // At once, on an empty database: whoever comes first migrates it.
  const [gateway, dispatcher, processor, metricsEngine, readModel] = yield* Effect.all(
    [
      serve("gateway", settings),
      serve("dispatcher", settings),
      serve("processor", settings),
      serve("metrics-engine", settings),
      serve("read-model", settings)
    ]
  )
  const all = [gateway, dispatcher, processor, metricsEngine, readModel]
  const readiness = yield* Effect.forEach(all, untilReady, { concurrency: "unbounded" })
  return { urls, settings, gateway, dispatcher, processor, metricsEngine, readModel, all, readiness }
})

class System extends Context.Service<System, Effect.Success<typeof makeSystem>>()("test/System") {
  static readonly layer = Layer.effect(System, makeSystem)
}

interface JobDetail {
  readonly status: string
  readonly attempt: number
  readonly result: Readonly<Record<string, unknown>> | null
}
const jobOf = (readModelUrl: string, jobId: string) => getJson<JobDetail>(`${readModelUrl}/jobs/${jobId}`)
const untilStatus = (readModelUrl: string, jobId: string, wanted: string) =>
  eventually(`the job is ${wanted}`, () => jobOf(readModelUrl, jobId), ({ status }) => status === wanted)

const eventOf = (what: string) => `odto.job.${what}.v1`

interface QueueList {
  readonly queues: ReadonlyArray<{ readonly name: string; readonly typesWithoutWorker: ReadonlyArray<string> }>
}

const allKinds = ["postgres", "rabbitmq", "redis", "mongodb"] as const

describeWithServers(allKinds, "the five programs on real servers", () => {
  layer(System.layer, { excludeTestServices: true, timeout: "120 seconds" })((it) => {
    it.effect("start at once on an empty database, of which one of them makes the schema", () =>
      Effect.gen(function*() {
        const { all, readiness, urls } = yield* System

        const applied = yield* query<{ name: string }>(urls.database, "SELECT name FROM odto_migrations")
        const migrating = all.filter(({ output }) => output().includes(`applied migration ${applied[0]?.name}`))

        assert.deepStrictEqual(applied, [{ name: "0001_core" }])
        assert.lengthOf(migrating, 1)
        assert.deepStrictEqual(readiness.map(({ program }) => program), [...programs])
        assert.deepStrictEqual(
          readiness.map(({ dependencies }) =>
            dependencies.map(({ name, required }) => `${name}${required ? "!" : ""}`)
          ),
          [
            ["postgresql!"],
            ["postgresql!", "rabbitmq!"],
            ["postgresql!", "rabbitmq!", "handlers!"],
            ["postgresql!", "rabbitmq!", "mongodb!", "redis"],
            ["postgresql!", "mongodb", "redis", "rabbitmq"]
          ]
        )
      }))

    it.effect("bring one job of every built-in type to its end, each as its type says", () =>
      Effect.gen(function*() {
        const { gateway, readModel, urls } = yield* System
        const target = yield* httpTarget
        const quick = { baseMillis: 50, factor: 1, maxMillis: 50, jitter: "none" }
        const ids = yield* submit(gateway.url, [
          { type: "demo.noop" },
          { type: "demo.sleep", payload: { ms: 50 } },
          { type: "demo.flaky", payload: { failures: 2 }, backoff: quick },
          { type: "demo.cpu", payload: { ms: 50 } },
          { type: "http.request", payload: { url: target.url, body: { hello: "world" } } },
          { type: "demo.fail", payload: { message: "no" }, maxAttempts: 2, backoff: quick },
          { type: "demo.fail", payload: { retryable: false } }
        ])

        yield* untilAllEnded(urls.database)
        const jobs = yield* Effect.promise(() => Promise.all(ids.map((id) => jobOf(readModel.url, id))))
        const states = yield* assertWholeHistories(readModel.url, ids, "mongodb")

        assert.deepStrictEqual(jobs.map(({ attempt, status }) => [status, attempt]), [
          ["completed", 1],
          ["completed", 1],
          ["completed", 3],
          ["completed", 1],
          ["completed", 1],
          ["dead", 2],
          ["dead", 1]
        ])
        assert.deepStrictEqual(states, jobs.map(({ status }) => status))
        assert.deepStrictEqual(jobs[1]?.result, { slept: 50 })
        assert.include(jobs[4]?.result, { status: 200, body: "thank you" })
        assert.deepStrictEqual(target.received(), [`{"hello":"world"}`])
      }))

    it.effect(
      "run a batch of 1,000, archive its history and count it in Redis, each event once",
      () =>
        Effect.gen(function*() {
          const { dispatcher, gateway, metricsEngine, processor, readModel, urls } = yield* System

          const ids = yield* submit(gateway.url, times(1_000, { type: "demo.noop" }))
          yield* untilAllEnded(urls.database)
          const books = yield* assertBooksBalance(urls)
          yield* assertLiveNumbers(readModel.url, books)

          const state = new Map(books.jobs.map((job) => [job.id, job.state]))
          assert.isTrue(ids.every((id) => state.get(id) === "completed"))
          const events = [...books.histories.values()].flat()
          const count = (type: string) => events.filter((event) => event.type === type).length
          const numbers = yield* Effect.promise(async () => ({
            accepted: await metricOf(gateway.url, "odto_jobs_accepted_total", { queue: "default" }),
            dispatched: await metricOf(dispatcher.url, "odto_jobs_dispatched_total", { queue: "default" }),
            leads: await metricOf(dispatcher.url, "odto_relay_leader"),
            relayed: await metricOf(dispatcher.url, "odto_relayed_events_total"),
            started: await metricOf(processor.url, "odto_jobs_started_total"),
            completed: await metricOf(processor.url, "odto_jobs_finished_total", { outcome: "complete" }),
            noops: await metricOf(processor.url, "odto_job_run_duration_seconds_count", { type: "demo.noop" }),
            archived: await metricOf(metricsEngine.url, "odto_archived_events_total"),
            applied: await metricOf(metricsEngine.url, "odto_live_rows_applied_total"),
            asked: await metricOf(readModel.url, "odto_http_requests_total", { status: "2xx" })
          }))
          assert.deepInclude(numbers, {
            accepted: ids.length + 7,
            leads: 1,
            relayed: events.length,
            started: count("started"),
            completed: count("completed"),
            noops: ids.length + 1,
            archived: events.length,
            applied: books.rows
          })
          assert.isAtLeast(numbers.dispatched, count("started"))
          assert.isAbove(numbers.asked, 0)
        }),
      120_000
    )

    it.effect("stream the life of a job as it happens, and go on from where a client stopped", () =>
      Effect.gen(function*() {
        const { gateway, readModel } = yield* System
        const stream = `${readModel.url}/stream`
        const opened = Promise.withResolvers<void>()
        const reading = readStream(
          stream,
          (events) => events.filter(({ event }) => event === eventOf("completed")).length === 2,
          { open: opened.resolve }
        )
        yield* Effect.promise(() => opened.promise)
        assert.strictEqual(yield* Effect.promise(() => metricOf(readModel.url, "odto_sse_clients")), 1)

        const [first = ""] = yield* submit(gateway.url, [{ type: "demo.noop" }])
        yield* untilStatus(readModel.url, first, "completed")
        const [second = ""] = yield* submit(gateway.url, [{ type: "demo.noop" }])
        const seen = yield* Effect.promise(() => reading)
        const lastOfFirst = seen.findLast(({ data, id }) => data.subject === first && id !== undefined)
        const resumed = yield* Effect.promise(() =>
          readStream(stream, (events) => events.some(({ event }) => event === eventOf("completed")), {
            lastEventId: lastOfFirst?.id ?? ""
          })
        )

        const lifeOf = (jobId: string) => seen.filter(({ data }) => data.subject === jobId)
        for (const jobId of [first, second]) {
          assert.deepStrictEqual(
            lifeOf(jobId).map(({ data, event }) => [event, data.sequence]),
            ["created", "dispatched", "started", "completed"].map((what, index) => [eventOf(what), index + 1])
          )
        }
        assert.deepStrictEqual(resumed, lifeOf(second))
      }))

    it.effect(
      "give a user's own types to the worker that has them, and let them wait visibly while it is gone",
      () =>
        Effect.gen(function*() {
          const { gateway, processor, readModel, settings, urls } = yield* System
          const unknown = yield* Effect.promise(() =>
            postJson<{ type: string }>(`${gateway.url}/jobs`, { type: "mail.send", payload: { to: "a@b" } })
          )
          const worker = yield* startWorker(fixture, settings)
          yield* untilReady(worker)
          const [noop = "", sent = "", counted = ""] = yield* submit(gateway.url, [
            { type: "demo.noop" },
            { type: "mail.send", payload: { to: "a@b" } },
            { type: "mail.count", payload: { words: ["a", "b"] } }
          ])
          yield* untilAllEnded(urls.database)
          const [sentJob, countedJob] = yield* Effect.promise(() =>
            Promise.all([sent, counted].map((id) => jobOf(readModel.url, id)))
          )
          const owners = yield* query<{ id: string; pid: number }>(
            urls.database,
            `SELECT job_id::text AS id, pid FROM attempt JOIN worker ON worker.id = worker_id WHERE job_id = ANY ($1)`,
            [[noop, sent, counted]]
          )
          const misfit = yield* Effect.promise(() =>
            postJson<{ errors: ReadonlyArray<{ path: string }> }>(`${gateway.url}/jobs`, {
              type: "mail.send",
              payload: { to: 7 }
            })
          )

          worker.kill("SIGTERM")
          assert.strictEqual(yield* worker.ended, 0)
          const [waiting = ""] = yield* submit(gateway.url, [{ type: "mail.send", payload: { to: "c@d" } }])
          yield* eventually(
            "the queue says that a type has no worker",
            () => getJson<QueueList>(`${readModel.url}/queues`),
            ({ queues }) => queues.some(({ typesWithoutWorker }) => typesWithoutWorker.includes("mail.send"))
          )
          const noops = yield* submit(gateway.url, times(200, { type: "demo.noop" }))
          yield* Effect.forEach(noops, (id) => untilStatus(readModel.url, id, "completed"), { concurrency: 4 })
          const before = yield* Effect.promise(() => jobOf(readModel.url, waiting))
          const heir = yield* startWorker(fixture, settings)
          yield* untilStatus(readModel.url, waiting, "completed")
          const after = yield* Effect.promise(() => jobOf(readModel.url, waiting))

          assert.strictEqual(unknown.status, 422)
          assert.deepStrictEqual(sentJob?.result, { sentTo: "a@b", pid: worker.pid })
          assert.deepStrictEqual(countedJob?.result, { count: 2, pid: worker.pid })
          assert.sameDeepMembers(
            [...owners],
            [{ id: noop, pid: processor.pid }, { id: sent, pid: worker.pid }, { id: counted, pid: worker.pid }]
          )
          assert.strictEqual(misfit.status, 422)
          assert.include(misfit.body.errors[0]?.path, "to")
          assert.deepInclude(before, { status: "queued", attempt: 0 })
          assert.deepInclude(after, { attempt: 1, result: { sentTo: "c@d", pid: heir.pid } })
          assert.strictEqual((yield* assertBooksBalance(urls)).histories.get(waiting)?.length, 4)
        }),
      120_000
    )
  })
})
