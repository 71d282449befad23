/** What must not lose or double anything: the same job twice, poison, a killed worker, a restarted broker. */
import { JobTypeName, QueueName } from "#domain/Job.ts"
import { archiveKey, eventsExchange, jobQueueName } from "#infra/amqp/topology.ts"
import { assert } from "@effect/vitest"
import { connect } from "amqplib"
import { Effect } from "effect"
import { assertBooksBalance, assertLiveNumbers, query } from "../support/Books.ts"
import { addressOf } from "../support/Monitoring.ts"
import { metricOf } from "../support/Observing.ts"
import { eventually, getJson, postJson } from "../support/Programs.ts"
import { kill, submit, times, untilAllEnded, untilReady } from "../support/System.ts"
import { eventsOf, runningOn, untilEvents } from "../support/SystemInTrouble.ts"
import { job } from "./fourPaths.ts"
import { queue, Stage } from "./Stage.ts"

interface AlertPage {
  readonly alerts: ReadonlyArray<
    { readonly status: string; readonly labels: Readonly<Record<string, string>>; readonly startsAt: string }
  >
}

export const submittedTwice = Effect.gen(function*() {
  const { gateway, jobIds, urls } = yield* Stage
  const once = () =>
    postJson<{ readonly jobId: string }>(`${gateway.url}/jobs`, { type: "demo.noop", queue }, {
      "idempotency-key": "the-same"
    })
  const answers = yield* Effect.promise(() => Promise.all(Array.from({ length: 20 }, once)))
  const again = yield* Effect.promise(once)
  const ids = new Set(answers.map(({ body }) => body.jobId))
  const rows = yield* query<{ n: number }>(
    urls.database,
    "SELECT count(*)::int AS n FROM job WHERE idempotency_key = 'the-same'"
  )
  jobIds.push(...ids)

  assert.lengthOf([...ids], 1)
  assert.isTrue(ids.has(again.body.jobId))
  assert.strictEqual(again.headers.get("idempotency-replayed"), "true")
  assert.deepStrictEqual(rows, [{ n: 1 }])
  return { requests: 21, jobs: ids.size, committed: rows }
})

export const poisoned = Effect.gen(function*() {
  const { gateway, metricsEngine, processors, rabbitmq, urls } = yield* Stage
  yield* Effect.promise(async () => {
    const connection = await connect(rabbitmq.url)
    const channel = await connection.createConfirmChannel()
    const hints = jobQueueName(QueueName.make(queue), JobTypeName.make(job.type))
    channel.publish("", hints, Buffer.from("not JSON, and not ours"))
    channel.publish(eventsExchange, archiveKey, Buffer.from("[{\"specversion\":\"1.0\"}]"))
    await channel.waitForConfirms()
    await connection.close()
  })
  const kept = yield* eventually(
    "both are kept",
    () => Effect.runPromise(query<{ source: string }>(urls.database, "SELECT source FROM undecodable_message")),
    (rows) => rows.length === 2
  )
  const counted = yield* Effect.promise(() =>
    Promise.all(
      [...processors, metricsEngine].map(({ url }) => metricOf(url, "odto_messages_undecodable_total"))
    )
  )
  const ids = yield* submit(gateway.url, times(10, job))
  yield* untilEvents(urls.database, "completed", ids, ids.length)

  assert.strictEqual(counted.reduce((sum, one) => sum + one, 0), 2)
  return { kept, counted, completedAfterwards: ids.length }
})

export const workerKilled = Effect.gen(function*() {
  const { gateway, jobIds, processors: [victim], urls } = yield* Stage
  const ids = yield* submit(gateway.url, times(30, { ...job, payload: { ms: 1_500 } }))
  const held = yield* runningOn(urls.database, victim, ids)
  yield* kill(victim)
  const killedAt = Date.now()
  yield* untilEvents(urls.database, "completed", ids, ids.length)
  const expired = yield* eventsOf(urls.database, "lease-expired", held)
  const started = (yield* eventsOf(urls.database, "started", held)).filter(({ attempt }) => attempt === 2)
  const completed = yield* eventsOf(urls.database, "completed", held)
  jobIds.push(...held.slice(0, 3))
  const againAfterMillis = Math.max(...started.map(({ at }) => at - killedAt))

  assert.isAbove(held.length, 0)
  assert.lengthOf(expired, held.length)
  assert.lengthOf(completed, held.length)
  assert.isBelow(againAfterMillis, 10_000)
  return { jobs: ids.length, interrupted: held.length, recovered: completed.length, againAfterMillis }
})

export const alertDelivered = Effect.gen(function*() {
  const { firstProcessorAgain, processors: [victim], readModel } = yield* Stage
  const told = () =>
    getJson<AlertPage>(`${readModel.url}/alerts`).then(({ alerts }) =>
      alerts.find(({ labels }) =>
        labels["alertname"] === "InstanceDown" && labels["instance"] === addressOf(victim.url)
      )
    )
  const firing = yield* eventually("the alert fires", told, (alert) => alert?.status === "firing")
  yield* untilReady(yield* firstProcessorAgain)
  const resolved = yield* eventually("the alert is over", told, (alert) => alert?.status === "resolved")
  return { firing, resolved }
})

export const brokerRestarted = Effect.gen(function*() {
  const { gateway, jobIds, rabbitmq, urls } = yield* Stage
  const before = yield* submit(gateway.url, times(100, { type: "demo.noop", queue }))
  yield* rabbitmq.stop
  const meanwhile = yield* submit(gateway.url, times(100, { type: "demo.noop", queue }))
  yield* rabbitmq.start
  const after = yield* submit(gateway.url, times(100, { type: "demo.noop", queue }))
  const ids = [...before, ...meanwhile, ...after]
  jobIds.push(...meanwhile.slice(0, 1))
  const completed = yield* untilEvents(urls.database, "completed", ids, ids.length)

  assert.lengthOf(completed, ids.length)
  return {
    before: before.length,
    meanwhile: meanwhile.length,
    after: after.length,
    completed: completed.length
  }
})

export const booksBalanced = Effect.gen(function*() {
  const { readModel, urls } = yield* Stage
  yield* untilAllEnded(urls.database)
  const books = yield* assertBooksBalance(urls)
  yield* assertLiveNumbers(readModel.url, books)
  const states = Map.groupBy(books.jobs, ({ state }) => state)

  assert.deepStrictEqual([...states.keys()], ["completed"])
  return { accepted: books.jobs.length, completed: states.get("completed")?.length, rowsArchived: books.rows }
})
