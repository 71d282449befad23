/** The four proof paths: one job, from its submission to what is counted of it. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { archiveOf, query } from "../support/Books.ts"
import { metricOf } from "../support/Observing.ts"
import { eventually, getJson, postJson } from "../support/Programs.ts"
import { assertMatches } from "./contracts.ts"
import { queue, Stage } from "./Stage.ts"

/** The job of the four paths, and of what comes after. */
export const job = { type: "demo.sleep", queue, payload: { ms: 25 }, tags: ["proof"], correlationId: "proof-1" }
let jobId = ""

interface JobDetail {
  readonly status: string
  readonly attempt: number
  readonly result: unknown
}
interface EventPage {
  readonly events: ReadonlyArray<{ readonly type: string; readonly subject: string; readonly sequence?: number }>
  readonly freshness: { readonly source: string }
}

export const accepted = Effect.gen(function*() {
  const { gateway, jobIds, urls } = yield* Stage
  assertMatches("submit-job", job)
  const answer = yield* Effect.promise(() => postJson<{ readonly jobId: string }>(`${gateway.url}/jobs`, job))
  assertMatches("accepted-job", answer.body)
  jobId = answer.body.jobId
  jobIds.push(jobId)
  const rows = yield* query<{ queue: string }>(urls.database, "SELECT queue FROM job_state WHERE job_id = $1", [
    jobId
  ])

  assert.strictEqual(answer.status, 202)
  assert.isTrue(answer.headers.get("location")?.endsWith(`/jobs/${jobId}`))
  assert.deepStrictEqual(rows, [{ queue }])
  return { status: answer.status, body: answer.body, committed: rows }
})

export const archived = Effect.gen(function*() {
  const { readModel, urls } = yield* Stage
  const archived = yield* eventually(
    "MongoDB has the whole story",
    async () => [...(await archiveOf(urls.mongodb)).values()].flat().filter((event) => event.job === jobId),
    (events) => events.some(({ type }) => type === "completed")
  )
  const page = yield* Effect.promise(() => getJson<EventPage>(`${readModel.url}/events?jobId=${jobId}`))
  for (const event of page.events) assertMatches(`events/${event.type}`, event)
  const types = page.events.toReversed().map(({ type }) => type)

  assert.strictEqual(page.freshness.source, "mongodb")
  assert.deepStrictEqual(types.map((type) => type.replace(/^odto\.job\.|\.v1$/gu, "")), [
    "created",
    "dispatched",
    "started",
    "completed"
  ])
  assert.sameMembers(archived.map(({ seq }) => seq), [1, 2, 3, 4])
  return { archivedIn: page.freshness.source, types }
})

export const readBack = Effect.gen(function*() {
  const { readModel } = yield* Stage
  const detail = yield* Effect.promise(() => getJson<JobDetail>(`${readModel.url}/jobs/${jobId}`))
  assertMatches("job", detail)

  assert.strictEqual(detail.status, "completed")
  assert.strictEqual(detail.attempt, 1)
  assert.deepStrictEqual(detail.result, { slept: 25 })
  return { status: detail.status, attempt: detail.attempt, result: detail.result }
})

export const counted = Effect.gen(function*() {
  const { ask, dispatcher, gateway, metricsEngine, processors, urls } = yield* Stage
  const [log] = yield* query<{ events: number }>(
    urls.database,
    "SELECT sum(json_array_length(body))::int AS events FROM event_log"
  )
  const events = log?.events ?? 0
  const ofProcessors = (name: string, labels: Readonly<Record<string, string>>) =>
    Promise.all(processors.map(({ url }) => metricOf(url, name, labels))).then(([one = 0, other = 0]) => one + other)
  const read = async () => ({
    accepted: await metricOf(gateway.url, "odto_jobs_accepted_total", { queue }),
    requests: await metricOf(gateway.url, "odto_http_requests_total", {
      method: "POST",
      route: "/jobs",
      status: "2xx"
    }),
    dispatched: await metricOf(dispatcher.url, "odto_jobs_dispatched_total", { queue }),
    relayed: await metricOf(dispatcher.url, "odto_relayed_events_total"),
    completedNow: await metricOf(dispatcher.url, "odto_queue_jobs", { queue, state: "completed" }),
    started: await ofProcessors("odto_jobs_started_total", { type: job.type }),
    completed: await ofProcessors("odto_jobs_finished_total", { type: job.type, outcome: "complete" }),
    failed: await ofProcessors("odto_jobs_finished_total", { type: job.type, outcome: "retry" }),
    runs: await ofProcessors("odto_job_run_duration_seconds_count", { type: job.type }),
    archived: await metricOf(metricsEngine.url, "odto_archived_events_total"),
    inPrometheus: (await ask(`sum(odto_jobs_accepted_total{queue="${queue}"})`))[0]?.value
  })
  const expected = {
    accepted: 1,
    requests: 1,
    dispatched: 1,
    relayed: events,
    completedNow: 1,
    started: 1,
    completed: 1,
    failed: 0,
    runs: 1,
    archived: events,
    inPrometheus: 1
  }
  // Gauges are told every few seconds, and Prometheus looks twice a second.
  const seen = yield* eventually(
    "the metrics are as they should be",
    read,
    (values) => JSON.stringify(values) === JSON.stringify(expected),
    15_000
  )
  return seen
})
