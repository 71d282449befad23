import type { EventType, LogRow } from "#domain/JobEvent.ts"
import { encodeEventCursor } from "#services/ports/ArchivedEvents.ts"
import { type ArchivedEvent, EventArchive, type EventQuery, searchRowBudget } from "#services/ports/EventArchive.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { freshJobId, lifeOf, logEvent, logRow } from "../support/LogRows.ts"

const everything: EventQuery = {
  jobId: undefined,
  types: undefined,
  queue: undefined,
  after: undefined,
  before: undefined,
  cursor: undefined,
  limit: 100
}

/** Longer than a search page, so that a search has to read on. */
const many = 130

/**
 * What every archive of its own must do; an archive that is the event log itself stores nothing. Each test takes an
 * epoch for itself, and queue names of its own where a search would look at all epochs.
 */
export const eventArchiveBehaves = <E>(name: string, implementation: Layer.Layer<EventArchive, E>) =>
  layer(implementation, { excludeTestServices: true, timeout: 90_000 })(`EventArchive: ${name}`, (it) => {
    let epochs = 0
    const freshEpoch = Effect.sync(() => ++epochs)
    const now = 1_760_000_000_000

    const row = (epoch: number, id: number | bigint, queue: string, types: ReadonlyArray<EventType> = ["created"]) =>
      logRow({ epoch, id, at: now + Number(id), events: types.map((type) => logEvent({ type, at: now, queue })) })

    const found = (events: ReadonlyArray<ArchivedEvent>) =>
      events.map(({ archiveId, event }) => `${archiveId.split(":")[1]} ${event.type}`)

    /** All pages of a search, each with its number of events. */
    const pagesOf = Effect.fnUntraced(function*(query: EventQuery) {
      const archive = yield* EventArchive
      const pages: Array<ReadonlyArray<ArchivedEvent>> = []
      let cursor: string | undefined
      do {
        const page = yield* archive.search({ ...query, cursor })
        pages.push(page.events)
        cursor = page.next
      } while (cursor !== undefined)
      return pages
    })

    it.effect("keeps every row once, however often it is stored", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const epoch = yield* freshEpoch
        const rows = [1, 2, 3].map((id) => row(epoch, id, "once"))

        const first = yield* archive.store(rows.slice(0, 2))
        const again = yield* archive.store([...rows, ...rows.slice(2)])

        assert.strictEqual(first, 2)
        assert.strictEqual(again, 1)
        assert.deepStrictEqual(yield* archive.scan(epoch, 0n, 10), rows)
      }))

    it.effect("keeps the first of two rows with the same id", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const epoch = yield* freshEpoch
        const first = row(epoch, 1, "first")
        yield* archive.store([first])

        yield* archive.store([row(epoch, 1, "second")])

        assert.deepStrictEqual(yield* archive.rows(epoch, [1n]), [first])
      }))

    it.effect("gives back every field of every event as it was", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const epoch = yield* freshEpoch
        const strange = logRow({
          epoch,
          id: 2n ** 53n + 1n,
          xid: 2n ** 40n,
          at: now,
          source: "gateway/höst \u{1F980}",
          events: [
            logEvent({
              type: "attempt-failed",
              at: now,
              attempt: 3,
              traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
              correlationId: "order 7",
              data: { "$set": { "a.b": [1, null, "\u{1F980}"] }, error: { message: "no \"way\"" }, runMillis: 0.25 }
            }),
            { type: "queue-paused", at: now, from: "none", to: "none", queue: "strange", data: { actor: "ada" } }
          ]
        })

        yield* archive.store([strange])

        assert.deepStrictEqual(yield* archive.scan(epoch, 0n, 10), [strange])
      }))

    it.effect("walks over an epoch in the order of ids, whatever the order of arrival", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const epoch = yield* freshEpoch
        yield* archive.store([100, 9, 11, 10].map((id) => row(epoch, id, "walk")))
        yield* archive.store([row(yield* freshEpoch, 12, "walk")])

        const ids = (rows: ReadonlyArray<LogRow>) => rows.map(({ position }) => position.id)
        assert.deepStrictEqual(ids(yield* archive.scan(epoch, 9n, 2)), [10n, 11n])
        assert.deepStrictEqual(ids(yield* archive.scan(epoch, 11n, 2)), [100n])
        assert.deepStrictEqual(yield* archive.places(epoch, 9n, 2), [{ id: 10n, at: now + 10 }, {
          id: 11n,
          at: now + 11
        }])
        assert.deepStrictEqual(yield* archive.places(epoch, 100n, 2), [])
      }))

    it.effect("says which rows it has and which it has not", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const epoch = yield* freshEpoch
        yield* archive.store([5, 7].map((id) => row(epoch, id, "absent")))

        assert.deepStrictEqual(yield* archive.absent(epoch, [8n, 7n, 6n, 5n]), [8n, 6n])
        assert.deepStrictEqual(yield* archive.absent(epoch + 1_000, [5n]), [5n])
        assert.deepStrictEqual((yield* archive.rows(epoch, [7n, 6n, 5n])).map(({ position }) => position.id), [5n, 7n])
        assert.deepStrictEqual(yield* archive.absent(epoch, []), [])
        assert.deepStrictEqual(yield* archive.rows(epoch, []), [])
      }))

    it.effect("tells the history of a job by sequence, without the jobs that shared its rows", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const epoch = yield* freshEpoch
        const [job, other] = [freshJobId(), freshJobId()]
        const life = lifeOf({ job, firstId: 1, at: now }).map(({ at, events, position: { id } }) =>
          logRow({ epoch, id, at, events: [logEvent({ type: "progressed", at: now, job: other }), ...events] })
        )
        yield* archive.store(life.toReversed())

        const history = yield* archive.ofJob(job)

        assert.deepStrictEqual(
          history.map(({ archiveId, event, source }) => [archiveId, event.seq, event.type, source]),
          [
            [`${epoch}:1`, 1, "created", "processor/test"],
            [`${epoch}:2`, 2, "started", "processor/test"],
            [`${epoch}:3`, 3, "completed", "processor/test"]
          ]
        )
        assert.deepStrictEqual(yield* archive.ofJob(freshJobId()), [])
      }))

    it.effect("tells each event of a history once, by the later of two epochs", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const [before, after] = [yield* freshEpoch, yield* freshEpoch]
        const job = freshJobId()
        const told = (epoch: number, id: number, seq: number, type: EventType) =>
          logRow({ epoch, id, at: now, events: [logEvent({ type, at: now, job, seq })] })
        yield* archive.store([
          told(after, 1, 1, "created"),
          told(after, 3, 2, "cancelled"),
          told(before, 1, 1, "created"),
          told(before, 2, 2, "started")
        ])

        assert.deepStrictEqual(
          (yield* archive.ofJob(job)).map(({ archiveId, event }) => [archiveId, event.type]),
          [[`${after}:1`, "created"], [`${after}:3`, "cancelled"]]
        )
      }))

    it.effect("finds events by queue, type, job and time, newest first", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const epoch = yield* freshEpoch
        const queue = `search-${epoch}`
        const job = freshJobId()
        yield* archive.store([
          row(epoch, 1, queue),
          row(epoch, 2, queue, ["created", "started"]),
          logRow({ epoch, id: 3, at: now + 3, events: [logEvent({ type: "started", at: now, queue, job })] }),
          row(epoch, 4, `${queue}-other`, ["started"])
        ])
        const search = (query: Partial<EventQuery>) =>
          Effect.map(archive.search({ ...everything, queue, ...query }), ({ events }) => found(events))

        assert.deepStrictEqual(yield* search({}), ["3 started", "2 started", "2 created", "1 created"])
        assert.deepStrictEqual(yield* search({ types: ["started"] }), ["3 started", "2 started"])
        assert.deepStrictEqual(yield* search({ types: ["started", "completed"], jobId: job }), ["3 started"])
        assert.deepStrictEqual(yield* search({ after: now + 2, before: now + 3 }), ["2 started", "2 created"])
        assert.deepStrictEqual(yield* search({ jobId: job, queue: undefined }), ["3 started"])
        assert.deepStrictEqual(yield* search({ jobId: freshJobId() }), [])
      }))

    it.effect("pages through a search without repeating or leaving out an event, across rows of one instant", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const epoch = yield* freshEpoch
        const queue = `pages-${epoch}`
        const rows = Array.from({ length: many }, (_, index) => ({
          ...row(epoch, index + 1, queue, ["created", "dispatched", "started"]),
          at: now + Math.floor(index / 40)
        }))
        yield* archive.store(rows)
        const all = rows.toReversed().flatMap(({ position }) =>
          ["started", "dispatched", "created"].map((type) => `${position.id} ${type}`)
        )

        for (const limit of [7, 150]) {
          const pages = yield* pagesOf({ ...everything, queue, limit })
          assert.deepStrictEqual(found(pages.flat()), all)
          assert.isAtMost(Math.max(...pages.map((page) => page.length)), limit)
        }
        const created = yield* pagesOf({ ...everything, queue, types: ["created"], limit: 50 })
        assert.lengthOf(created.flat(), many)
      }))

    it.effect("answers a search that finds little with a cursor instead of reading everything", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const epoch = yield* freshEpoch
        const queue = `budget-${epoch}`
        // Both values are in each row, and never in the same event: only reading can tell.
        const rows = Array.from({ length: searchRowBudget + 20 }, (_, index) =>
          logRow({
            epoch,
            id: index + 2,
            at: now + index,
            events: [
              logEvent({ type: "created", at: now, queue }),
              logEvent({ type: "cancelled", at: now, queue: `${queue}-other` })
            ]
          }))
        yield* archive.store([row(epoch, 1, queue, ["cancelled"]), ...rows])

        const pages = yield* pagesOf({ ...everything, queue, types: ["cancelled"] })

        assert.isAbove(pages.length, 1)
        assert.deepStrictEqual(found(pages.flat()), ["1 cancelled"])
      }))

    it.effect("finds nothing for a cursor that is none of its own", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const epoch = yield* freshEpoch
        yield* archive.store([row(epoch, 1, "cursor")])

        for (const cursor of ["", "nonsense", encodeEventCursor({ at: 1, epoch: 1, id: 1n, index: 0 })]) {
          assert.deepStrictEqual(yield* archive.search({ ...everything, cursor }), { events: [], next: undefined })
        }
      }))

    it.effect("says when its newest row was written, whatever the order in which rows came", () =>
      Effect.gen(function*() {
        const archive = yield* EventArchive
        const epoch = yield* freshEpoch
        // Later than the rows of all other tests.
        const at = now + 86_400_000
        const rowAt = (id: number, millis: number) =>
          logRow({ epoch, id, at: millis, events: [logEvent({ type: "created", at: millis })] })

        yield* archive.store([rowAt(1, at)])
        yield* archive.store([rowAt(2, at - 1)])

        assert.strictEqual(yield* archive.newestRowAt, at)
      }))

    it.effect("answers when asked", () => Effect.flatMap(EventArchive, ({ ping }) => ping))
  })
