import { QueueName } from "#domain/Job.ts"
import { overviewLimit } from "#services/ports/JobQueries.ts"
import { JobStore } from "#services/ports/JobStore.ts"
import { MemoryFaults } from "#services/ports/memory/MemoryFaults.ts"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { freshJobId } from "../../support/LogRows.ts"
import * as Seed from "../../support/Seed.ts"
import { type Answer, call, errorPathsOf, listOf, problemOf } from "./call.ts"
import { archived, completed, get, submit } from "./given.ts"
import * as Programs from "./Programs.ts"

layer(Programs.layer(), { excludeTestServices: true })("The system over HTTP", (it) => {
  it.effect("has totals, queues, workers and types, each with source and age", () =>
    Effect.gen(function*() {
      yield* submit({ queue: "busy" })
      yield* Effect.sleep("300 millis") // past the moment in which screens share a reading
      const [stats, queues, workers, types] = yield* Effect.forEach(["/stats", "/queues", "/workers", "/types"], get)

      assert.deepInclude(stats?.json["jobs"], { status: "ok", accepted: 1 })
      assert.deepInclude(stats?.json["workers"], { status: "ok", live: 1, slots: 10 })
      assert.deepInclude(queues === undefined ? {} : listOf(queues, "queues")[0], { name: "busy", paused: false })
      assert.deepInclude(workers === undefined ? {} : listOf(workers, "workers")[0], {
        name: "processor/test",
        state: "live"
      })
      assert.deepStrictEqual(
        types === undefined
          ? []
          : listOf(types, "types").map(({ liveWorkers, name }) => `${String(name)} ${String(liveWorkers)}`).toSorted(),
        ["demo.noop 1", "mail.send 1"]
      )
      for (const answer of [queues, workers, types]) {
        assert.deepInclude(answer?.json["freshness"], { source: "memory", stale: false })
      }
    }))

  it.effect("has rates per second and per bucket", () =>
    Effect.gen(function*() {
      yield* submit({ queue: "rates" })
      yield* archived
      const seconds = yield* get("/throughput?seconds=60")
      const buckets = yield* get("/throughput?seconds=60&bucketSeconds=30")
      const created = (answer: Answer) =>
        listOf(answer, "points").reduce((sum, point) => sum + Number(point["created"]), 0)

      assert.lengthOf(listOf(seconds, "points"), 60)
      assert.isAtLeast(created(seconds), 1)
      assert.strictEqual(created(buckets), created(seconds))
      assert.strictEqual((yield* get("/throughput?seconds=4000")).status, 400)
    }))

  it.effect("has an audit log that is read page by page", () =>
    Effect.gen(function*() {
      const { gateway } = yield* Programs.Urls
      yield* submit({ queue: "audited" })
      for (const action of ["pause", "resume", "pause"]) {
        yield* call(`${gateway}/queues/audited/${action}`, { method: "POST" })
      }
      const first = yield* get("/audit?limit=2")
      const second = yield* get(`/audit?limit=2&cursor=${String(first.json["next"])}`)
      const actions = [...listOf(first, "entries"), ...listOf(second, "entries")].map((
        { action, actor }
      ) => [action, actor])

      assert.deepStrictEqual(actions, [["pause", "local"], ["resume", "local"], ["pause", "local"]])
      assert.isNull(second.json["next"])
      assert.strictEqual((yield* get("/audit?cursor=abc")).status, 400)
    }))

  it.effect("has a history that is searched", () =>
    Effect.gen(function*() {
      const id = yield* submit({ queue: "searched", correlationId: "c-1" })
      yield* completed("searched")
      yield* archived
      const all = yield* get(`/events?jobId=${id}`)
      const some = yield* get(`/events?queue=searched&type=created&type=completed`)
      const page = yield* get("/events?queue=searched&limit=1")
      const next = yield* get(`/events?queue=searched&limit=1&cursor=${String(page.json["next"])}`)
      const typesOf = (answer: Answer) => listOf(answer, "events").map(({ type }) => type)

      assert.deepStrictEqual(typesOf(all), [
        "odto.job.completed.v1",
        "odto.job.started.v1",
        "odto.job.dispatched.v1",
        "odto.job.created.v1"
      ])
      assert.deepInclude(listOf(all, "events")[3], {
        specversion: "1.0",
        id: `${id}:1`,
        subject: id,
        sequence: 1,
        correlationid: "c-1"
      })
      assert.deepStrictEqual(typesOf(some), ["odto.job.completed.v1", "odto.job.created.v1"])
      assert.notDeepEqual(listOf(page, "events"), listOf(next, "events"))
      assert.strictEqual((yield* get("/events?cursor=nonsense")).status, 400)
      assert.deepInclude(all.json["freshness"], { source: "memory" })
    }))

  it.effect("counts the live numbers anew when an admin asks", () =>
    Effect.gen(function*() {
      const { readModel } = yield* Programs.Urls
      yield* submit()
      yield* archived
      const answer = yield* call(`${readModel}/rebuild/live`, { method: "POST" })

      assert.deepStrictEqual([answer.status, answer.json], [202, { status: "rebuilding" }])
      assert.deepStrictEqual(listOf(yield* get("/jobs/recent"), "jobs"), [])
    }))

  it.effect("takes alerts from Alertmanager, with fields of its newer versions, and shows them", () =>
    Effect.gen(function*() {
      const { readModel } = yield* Programs.Urls
      const token = yield* Programs.tokenOf("operator", "alertmanager")
      const alert = {
        status: "firing",
        labels: { alertname: "RelayLag", severity: "page" },
        annotations: { summary: "The relay is behind" },
        startsAt: "2026-01-01T00:00:00Z",
        endsAt: "0001-01-01T00:00:00Z",
        generatorURL: "http://prometheus/graph",
        fingerprint: "f00",
        newField: 1
      }
      const post = (alerts: ReadonlyArray<unknown>) =>
        call(`${readModel}/webhook/alerts`, {
          body: { version: "4", groupKey: "g", status: "firing", receiver: "odto", externalURL: "http://am", alerts },
          token
        })
      const firing = yield* post([alert])
      const shown = yield* get("/alerts")
      yield* post([{ ...alert, status: "resolved", endsAt: "2026-01-01T01:00:00Z" }])
      const resolved = yield* get("/alerts")
      const malformed = yield* post([{ ...alert, labels: 3 }])

      assert.deepStrictEqual([firing.status, firing.json], [200, { received: 1 }])
      assert.deepInclude(listOf(shown, "alerts")[0], { fingerprint: "f00", status: "firing", endsAt: null })
      assert.deepInclude(listOf(resolved, "alerts")[0], { status: "resolved" })
      assert.deepStrictEqual([malformed.status, errorPathsOf(malformed)], [400, ["/alerts/0/labels"]])
    }))

  it.effect("says that the store is down: with 503 where it is the only one, in its section where it is not", () =>
    Effect.gen(function*() {
      const faults = yield* MemoryFaults
      yield* Effect.sleep("300 millis") // past the shared readings of other tests
      yield* faults.outage
      const paths = ["/jobs", `/jobs/${freshJobId()}`, "/queues", "/workers", "/types", "/audit", "/alerts"]
      const answers = yield* Effect.forEach(paths, get).pipe(Effect.tap(Effect.sleep("300 millis")))
      const stats = yield* get("/stats")
      const throughput = yield* get("/throughput").pipe(Effect.ensuring(faults.restore))

      assert.deepStrictEqual(
        answers.map((
          answer
        ) => [answer.status, problemOf(answer), answer.json["source"], answer.headers["retry-after"]]),
        paths.map(() => [503, "unavailable", "memory", "1"])
      )
      assert.strictEqual(stats.status, 200)
      assert.deepInclude(stats.json["jobs"], { status: "down", source: "memory" })
      assert.notProperty(stats.json["jobs"], "counts")
      assert.deepInclude(stats.json["latencies"], { status: "ok" })
      assert.strictEqual(throughput.status, 200)
    }))

  it.effect("says so when there may be more queues than one answer shows", () =>
    Effect.gen(function*() {
      const store = yield* JobStore
      const few = yield* get("/queues")
      yield* store.accept(
        Array.from({ length: overviewLimit }, (_, nth) => Seed.newJob({ queue: QueueName.make(`many-${nth}`) }))
      )
      // What many screens ask for is read once a second at most.
      yield* Effect.sleep("1100 millis")
      const many = yield* get("/queues")

      assert.notProperty(few.json, "partial")
      assert.propertyVal(many.json, "partial", true)
      assert.lengthOf(listOf(many, "queues"), overviewLimit)
    }))
})
