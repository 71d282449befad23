/**
 * The archive in MongoDB: one document per log row, written with majority and journal before it counts as stored.
 *
 * `insert` is sent as a plain command: the driver's bulk interface costs twice the time, and rows are repeatable by
 * their `_id`, so its retries are not needed. Needs no change streams, no transactions, no replica set.
 */
import type { LogRow } from "#domain/JobEvent.ts"
import { type EventPlace, eventsOfJob, searchRows } from "#services/ports/ArchivedEvents.ts"
import { ArchiveError, EventArchive, type EventQuery, historyLimit } from "#services/ports/EventArchive.ts"
import { Clock, Effect, Layer } from "effect"
import type { Collection, Db, Filter } from "mongodb"
import { insert, isRefusal } from "./insertRows.ts"
import { Mongo, type MongoError } from "./Mongo.ts"
import { prepareCollection } from "./prepareCollection.ts"
import { jobKey, type RawEvent, type RowDocument, storedFields, type StoredRow, toRow } from "./rowDocument.ts"

export const collectionName = "event_log"
/** The collection and its indexes are looked after this often: a MongoDB that was emptied gets them again. */
const prepareEveryMillis = 60_000

/** Majority: what a fail-over could take back must not let the log be pruned. */
const reading = { projection: storedFields, useBigInt64: true, readConcern: "majority" } as const

const byId = { epoch: 1, id: 1 } as const
const newestFirst = { at: -1, epoch: -1, id: -1 } as const

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

      const read = (
        operation: string,
        filter: Filter<RowDocument>,
        sort: Readonly<Record<string, 1 | -1>>,
        limit: number
      ) => run(operation, (rows) => rows.find<StoredRow>(filter, { ...reading, sort, limit }).toArray())

      yield* Effect.forkScoped(prepare)

      return EventArchive.of({
        name: "mongodb",
        store: Effect.fn("MongoEventArchive.store")(function*(rows) {
          yield* prepare
          return yield* run("store rows", (_, database) => insert(database, collectionName, rows))
        }),
        ofJob: Effect.fn("MongoEventArchive.ofJob")(function*(jobId) {
          const isOfJob = ({ job }: RawEvent) => job === jobId
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
        search: Effect.fn("MongoEventArchive.search")((query) =>
          searchRows(query, (from, limit) =>
            Effect.map(
              read("search events", searchFilter(query, from), newestFirst, limit),
              (stored) => stored.map((row) => toRow(row))
            ))
        ),
        scan: (epoch, afterId, limit) =>
          Effect.map(
            read("read rows", { epoch, id: { $gt: afterId } }, byId, limit),
            (stored) => stored.map((row) => toRow(row))
          ),
        places: (epoch, afterId, limit) =>
          run("list rows", (rows) =>
            rows.find<Pick<StoredRow, "id" | "at">>({ epoch, id: { $gt: afterId } }, {
              projection: { _id: 0, id: 1, at: 1 },
              useBigInt64: true,
              readConcern: "majority",
              sort: byId,
              limit
            }).toArray()).pipe(
              Effect.map((places) => places.map(({ at, id }) => ({ id, at: at.getTime() })))
            ),
        rows: (epoch, ids) =>
          ids.length === 0
            ? Effect.succeed<ReadonlyArray<LogRow>>([])
            : Effect.map(
              read("read rows", { _id: { $in: ids.map((id) => `${epoch}:${id}`) } }, { id: 1 }, ids.length),
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
        ping: run("answer", async (_, database) => {
          await database.command({ ping: 1 })
        })
      })
    })
  )

/** Rows at `from` and older that may hold what the query asks for. */
const searchFilter = (query: EventQuery, from: EventPlace | undefined): Filter<RowDocument> => {
  const conditions: Array<Filter<RowDocument>> = []
  if (query.jobId !== undefined) conditions.push({ jobs: jobKey(query.jobId) })
  if (query.types !== undefined) conditions.push({ types: { $in: [...query.types] } })
  if (query.queue !== undefined) conditions.push({ queues: query.queue })
  if (query.after !== undefined) conditions.push({ at: { $gte: new Date(query.after) } })
  if (query.before !== undefined) conditions.push({ at: { $lt: new Date(query.before) } })
  if (from !== undefined) {
    const at = new Date(from.at)
    conditions.push({ at: { $lte: at } }, {
      $or: [
        { at: { $lt: at } },
        { at, epoch: { $lt: from.epoch } },
        { at, epoch: from.epoch, id: { $lte: from.id } }
      ]
    })
  }
  return conditions.length === 0 ? {} : { $and: conditions }
}
