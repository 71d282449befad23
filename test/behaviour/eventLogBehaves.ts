import { compare, type Position, start } from "#domain/Position.ts"
import { EventLog } from "#services/ports/EventLog.ts"
import type { JobStore, NewJob } from "#services/ports/JobStore.ts"
import type { WorkerStore } from "#services/ports/WorkerStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, type Layer, Option } from "effect"
import { accept, completed, newJob, run, settle, startWorker } from "../support/Seed.ts"
import { until } from "../support/until.ts"

/** Longer than any test. */
const longLease = 60_000

/** What every implementation of EventLog must do. The log is shared by the tests: each looks at what it has written. */
export const eventLogBehaves = <E>(
  name: string,
  implementation: Layer.Layer<EventLog | JobStore | WorkerStore, E>
) =>
  layer(implementation, { excludeTestServices: true })(`EventLog: ${name}`, (it) => {
    /** Rows after a position; on a shared server another's transaction may hold them back for a moment. */
    const rowsAfter = Effect.fnUntraced(function*(position: Position, count: number) {
      const log = yield* EventLog
      return yield* until(log.after(position, 1_000), (rows) => rows.length >= count)
    })
    const acceptEach = (jobs: ReadonlyArray<NewJob>) => Effect.forEach(jobs, (job) => accept(job), { discard: true })
    const jobsOf = (rows: ReadonlyArray<{ readonly events: ReadonlyArray<{ readonly job?: string }> }>) =>
      rows.flatMap(({ events }) => events.map(({ job }) => job))

    /** Jobs accepted one after the other, with the end of the log before them and the rows that they have left. */
    const written = Effect.fnUntraced(function*(count: number) {
      const log = yield* EventLog
      const jobs = Array.from({ length: count }, () => newJob())
      const { closed } = yield* log.head
      yield* acceptEach(jobs)
      const rows = yield* rowsAfter(closed, count)
      return { before: closed, ids: jobs.map(({ id }) => id), jobs, rows }
    })

    it.effect("answers rows once and in order, however small the steps", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const { before, ids } = yield* written(7)

        const seen: Array<string | undefined> = []
        let position = before
        for (let rows = yield* log.after(position, 3); rows.length > 0; rows = yield* log.after(position, 3)) {
          for (const row of rows) {
            assert.strictEqual(compare(position, row.position), -1)
            position = row.position
          }
          seen.push(...jobsOf(rows))
        }

        assert.deepStrictEqual(seen, ids)
      }))

    it.effect("tells of each row where and when it was written, and by whom", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const { ids, rows: [row] } = yield* written(1)
        const { epoch } = yield* log.head

        assert.strictEqual(row?.epoch, epoch)
        assert.isTrue(Number.isInteger(row?.at))
        assert.approximately(row?.at ?? 0, Date.now(), 60_000)
        assert.match(row?.source ?? "", /^[a-z-]+\/.+$/)
        const [event] = row?.events ?? []
        assert.strictEqual(event?.type, "created")
        assert.strictEqual(event?.job, ids[0])
        assert.strictEqual(event?.seq, 1)
      }))

    it.effect("lists the same rows without their events", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const { before, rows } = yield* written(3)

        const places = yield* log.placesAfter(before, 1_000)

        assert.deepStrictEqual(
          places.slice(0, 3),
          rows.slice(0, 3).map(({ at, epoch, position }) => ({ epoch, position, at }))
        )
        assert.deepStrictEqual(yield* log.placesAfter(before, 1), places.slice(0, 1))
      }))

    it.effect("says when the first row after an instant was written", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const { rows } = yield* written(2)
        const [first = 0, last = 0] = rows.map(({ at }) => at).toSorted((one, other) => one - other)

        const before = yield* log.oldestSince(first - 1)
        const after = yield* log.oldestSince(last)

        assert.strictEqual(before, first)
        assert.isTrue(after === undefined || after > last)
      }))

    it.effect("reads backwards from the end and from any position", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const { before, ids, rows } = yield* written(5)

        const newest = yield* log.before(undefined, 3)
        const older = yield* log.before(newest.at(-1)?.position, 2)

        assert.deepStrictEqual(jobsOf([...newest, ...older]), ids.toReversed())
        assert.isTrue((yield* log.before(rows[0]?.position, 1)).every(({ position }) => compare(position, before) <= 0))
      }))

    it.effect("finds rows by their ids, in order, and leaves out those that are not there", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const { ids, rows } = yield* written(3)

        const found = yield* log.byIds([...rows.map(({ position }) => position.id), 9_000_000_000_000n].toReversed())

        assert.deepStrictEqual(jobsOf(found), ids)
        assert.deepStrictEqual(yield* log.byIds([]), [])
      }))

    it.effect("finds all rows of a job and none of another", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const job = newJob()
        const worker = yield* startWorker({ types: [job.type] })
        yield* accept(job)
        yield* accept(newJob())
        yield* settle(yield* run(worker, job), completed())

        const rows = yield* log.ofJob(job.id)
        const last = rows.at(-1)?.position ?? start
        yield* until(log.head, ({ closed }) => compare(closed, last) === 0)

        const events = rows.flatMap(({ events }) => events).filter((event) => event.job === job.id)
        assert.deepStrictEqual(events.map(({ type }) => type), ["created", "dispatched", "started", "completed"])
        assert.deepStrictEqual(events.map(({ seq }) => seq), [1, 2, 3, 4])
        assert.deepStrictEqual(yield* log.ofJob(newJob().id), [])
      }))

    it.effect("has one leader at a time, who may stay, until the lease ends", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const first = yield* until(log.lead("first", longLease), Option.isSome)

        const refused = yield* log.lead("second", longLease)
        const stays = yield* log.lead("first", 20)
        const second = yield* until(log.lead("second", 20), Option.isSome)

        assert.isTrue(Option.isNone(refused))
        assert.deepStrictEqual(stays, first)
        assert.deepStrictEqual(second, first)
      }))

    it.effect("moves the cursor only for the leader, and only from where it is", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const { rows } = yield* written(2)
        const [to = start, further = start] = rows.map(({ position }) => position)
        const lease = Option.getOrThrow(yield* until(log.lead("mover", longLease), Option.isSome))
        const from = lease.cursor

        const byAnother = yield* log.advance("other", from, to)
        const moved = yield* log.advance("mover", from, to)
        const fromElsewhere = yield* log.advance("mover", from, further)
        const after = yield* log.lead("mover", 20)

        assert.deepStrictEqual([byAnother, moved, fromElsewhere], [false, true, false])
        assert.deepStrictEqual(Option.getOrThrow(after).cursor, to)
        assert.deepStrictEqual((yield* log.head).relayed, to)
      }))

    it.effect("says how old the oldest row is that the relay has not carried", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const { rows } = yield* written(1)
        const [end = start] = rows.map(({ position }) => position)
        const lease = Option.getOrThrow(yield* until(log.lead("carrier", longLease), Option.isSome))
        const waiting = yield* until(log.head, ({ relayLagMillis }) => relayLagMillis > 0)

        yield* log.advance("carrier", lease.cursor, end)
        const carried = yield* log.head
        yield* log.lead("carrier", 20)

        assert.strictEqual(compare(waiting.closed, end), 0)
        assert.isBelow(waiting.relayLagMillis, 60_000)
        assert.strictEqual(carried.relayLagMillis, 0)
      }))

    it.effect("prunes what is relayed, verified and past the horizon, and nothing else", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const { ids, rows } = yield* written(4)
        const [, second = start, third = start, fourth = start] = rows.map(({ position }) => position)
        const lease = Option.getOrThrow(yield* until(log.lead("pruner", longLease), Option.isSome))
        const left = Effect.map(log.byIds(rows.map(({ position }) => position.id)), jobsOf)

        yield* log.prune(fourth, 0, 1_000)
        const unrelayed = yield* left
        yield* log.advance("pruner", lease.cursor, third)
        yield* log.prune(fourth, 60 * 60 * 1000, 1_000)
        const young = yield* left
        yield* until(log.prune(second, 0, 1), (count) => count === 0)
        const unverified = yield* left
        const count = yield* log.prune(fourth, 0, 1_000)
        yield* log.lead("pruner", 20)

        assert.deepStrictEqual(unrelayed, ids)
        assert.deepStrictEqual(young, ids)
        assert.deepStrictEqual(unverified, ids.slice(2))
        assert.strictEqual(count, 1)
        assert.deepStrictEqual(yield* left, ids.slice(3))
        assert.deepStrictEqual((yield* log.head).oldest, fourth)
      }))
  })
