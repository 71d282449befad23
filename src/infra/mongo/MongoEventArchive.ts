/**
 * The archive in MongoDB: one document per log row, written with majority and journal before it counts as stored.
 *
 * `insert` is sent as a plain command: the driver's bulk interface costs twice the time, and rows are repeatable by
 * their `_id`, so its retries are not needed. Needs no change streams, no transactions, no replica set.
 */
import type { LogRow } from "#domain/JobEvent.ts"
import { eventsOfJob, searchRows } from "#services/ports/ArchivedEvents.ts"
import { ArchiveError, EventArchive, type EventQuery, historyLimit } from "#services/ports/EventArchive.ts"
import { Clock, Effect, Layer, Predicate } from "effect"
import type { Collection, Db } from "mongodb"
import { insert, isRefusal } from "./insertRows.ts"
import { Mongo, type MongoError } from "./Mongo.ts"
import { newestRows } from "./newestRows.ts"
import { prepareCollection } from "./prepareCollection.ts"
import { jobKey, type RowDocument, storedFields, type StoredRow, toRow } from "./rowDocument.ts"

export const collectionName = "event_log"
/** The collection and its indexes are looked after this often: a MongoDB that was emptied gets them again. */
const prepareEveryMillis = 60_000

/** Majority: what a fail-over could take back must not let the log be pruned. */
const reading = { projection: storedFields, useBigInt64: true, readConcern: "majority" } as const

const listing = { projection: { _id: 0, id: 1, at: 1 }, useBigInt64: true, readConcern: "majority" } as const

const newestOfAll: EventQuery = {
  jobId: undefined,
  types: undefined,
  queue: undefined,
  after: undefined,
  before: undefined,
  cursor: undefined,
  limit: 1
}

const byId = { epoch: 1, id: 1 } as const

export interface Options {
  /** Days that a row is kept. Default: for ever. */
  readonly retentionDays?: number
}

export const layer = (options: Options = {}): Layer.Layer<EventArchive, never, Mongo> =>
  Layer.effect(
    EventArchive,
    Effect.gen(function*() {
      const mongo = yield* Mongo
      let preparedAt = Number.NEGATIVE_INFINITY

      const fail = ({ cause, operation }: MongoError) =>
        new ArchiveError({ operation, reason: isRefusal(cause) ? "refused" : "unavailable", cause })

      /** Without the indexes the archive is slow and still right, so that trouble here stops nothing. */
      const prepare = Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        if (now - preparedAt < prepareEveryMillis) return
        preparedAt = now
        yield* mongo.use("prepare its collection", (database) =>
          prepareCollection(database, collectionName, options.retentionDays)).pipe(
            Effect.catch((error) => {
              preparedAt = Number.NEGATIVE_INFINITY
              return Effect.logWarning("the archive's collection is not prepared", error)
            })
          )
      })

      const run = <A>(operation: string, body: (rows: Collection<RowDocument>, database: Db) => Promise<A>) =>
        mongo.use(operation, (database) =>
          body(database.collection<RowDocument>(collectionName), database)).pipe(
            Effect.mapError(fail)
          )

      /**
       * What lies behind an id, in order. The ids of a page are close together, so that a bound saves an engine that
       * cannot sort by an index from sorting all that follows.
       */
      const walk = <A extends Pick<StoredRow, "id">>(
        operation: string,
        options: Readonly<Record<string, unknown>>,
        epoch: number,
        afterId: bigint,
        limit: number
      ) =>
        run(operation, async (rows) => {
          const upTo = afterId + 2n * BigInt(limit)
          const near = await rows.find<A>({ epoch, id: { $gt: afterId, $lte: upTo } }, {
            ...options,
            sort: byId,
            limit
          })
            .toArray()
          const left = limit - near.length
          if (left === 0) return near
          const far = await rows.find<A>({ epoch, id: { $gt: upTo } }, { ...options, sort: byId, limit: left })
            .toArray()
          return [...near, ...far]
        })

      yield* Effect.forkScoped(prepare)

      return EventArchive.of({
        name: "mongodb",
        store: Effect.fn("MongoEventArchive.store")(function*(rows) {
          yield* prepare
          return yield* run("store rows", (_, database) => insert(database, collectionName, rows))
        }),
        ofJob: Effect.fn("MongoEventArchive.ofJob")(function*(jobId) {
          const isOfJob = (event: unknown) => Predicate.hasProperty(event, "job") && event.job === jobId
          const found = yield* run("read a history", async (rows) => {
            const history: Array<LogRow> = []
            // One by one: a row holds hundreds of events of which few are kept.
            for await (
              const stored of rows.find<StoredRow>({ jobs: jobKey(jobId) }, {
                ...reading,
                sort: byId,
                limit: historyLimit
              })
            ) history.push(toRow(stored, isOfJob))
            return history
          })
          return eventsOfJob(found, jobId)
        }),
        search: Effect.fn("MongoEventArchive.search")(function*(query) {
          const now = yield* Clock.currentTimeMillis
          return yield* searchRows(query, (from, limit) =>
            Effect.map(
              run("search events", (rows) => newestRows(rows, reading, query, from, limit, now)),
              (stored) => stored.map((row) => toRow(row))
            ))
        }),
        scan: (epoch, afterId, limit) =>
          Effect.map(
            walk<StoredRow>("read rows", reading, epoch, afterId, limit),
            (stored) => stored.map((row) => toRow(row))
          ),
        places: (epoch, afterId, limit) =>
          Effect.map(
            walk<Pick<StoredRow, "id" | "at">>("list rows", listing, epoch, afterId, limit),
            (places) => places.map(({ at, id }) => ({ id, at: at.getTime() }))
          ),
        rows: (epoch, ids) =>
          ids.length === 0 ? Effect.succeed<ReadonlyArray<LogRow>>([]) : Effect.map(
            run(
              "read rows",
              (rows) =>
                rows.find<StoredRow>({ _id: { $in: ids.map((id) => `${epoch}:${id}`) } }, { ...reading, sort: byId })
                  .toArray()
            ),
            (stored) => stored.map((row) => toRow(row))
          ),
        absent: (epoch, ids) =>
          ids.length === 0 ? Effect.succeed<ReadonlyArray<bigint>>([]) : Effect.map(
            run("look for rows", (rows) =>
              rows.find({ _id: { $in: ids.map((id) => `${epoch}:${id}`) } }, {
                projection: { _id: 1 },
                readConcern: "majority"
              }).toArray()),
            (found) => {
              const there = new Set(found.map(({ _id }) => _id))
              return ids.filter((id) => !there.has(`${epoch}:${id}`))
            }
          ),
        newestRowAt: Effect.gen(function*() {
          const now = yield* Clock.currentTimeMillis
          const [newest] = yield* run("say how new it is", (rows) =>
            newestRows<Pick<StoredRow, "at">>(rows, listing, newestOfAll, undefined, 1, now))
          return newest?.at.getTime()
        }),
        ping: run("answer", async (_, database) => {
          await database.command({ ping: 1 })
        })
      })
    })
  )
