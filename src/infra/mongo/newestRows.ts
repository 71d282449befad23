/**
 * Rows for a search, newest first.
 *
 * Read through windows of time that widen: engines that know MongoDB's language and cannot sort by an index would
 * otherwise sort the whole archive for one page. One that can is asked a few small questions more where it holds little.
 */
import type { EventPlace } from "#services/ports/ArchivedEvents.ts"
import type { EventQuery } from "#services/ports/EventArchive.ts"
import type { Collection, Document, Filter } from "mongodb"
import { jobKey, type RowDocument, type StoredRow } from "./rowDocument.ts"

/** How far back each further window reaches, from where the page begins; behind the last one lies the rest. */
const windowsMillis = [5_000, 5 * 60_000, 6 * 60 * 60_000]

const newestFirst = { at: -1, epoch: -1, id: -1 } as const

/** Rows at `from` and older that may hold what the query asks for. `now`: nothing is younger, but for clocks. */
export const newestRows = async <A extends Document = StoredRow>(
  rows: Collection<RowDocument>,
  reading: Readonly<Record<string, unknown>>,
  query: EventQuery,
  from: EventPlace | undefined,
  limit: number,
  now: number
): Promise<ReadonlyArray<A>> => {
  const found: Array<A> = []
  const conditions = conditionsOf(query, from)
  const newest = from?.at ?? query.before ?? now
  let end: Date | undefined
  for (const millis of [...windowsMillis, undefined]) {
    const start = millis === undefined ? undefined : new Date(newest - millis)
    const page = await rows.find<A>({
      $and: [
        ...conditions,
        ...(start === undefined ? [] : [{ at: { $gte: start } }]),
        ...(end === undefined ? [] : [{ at: { $lt: end } }])
      ]
    }, { ...reading, sort: newestFirst, limit: limit - found.length }).toArray()
    found.push(...page)
    const isPastTheOldest = start !== undefined && query.after !== undefined && start.getTime() <= query.after
    if (found.length === limit || isPastTheOldest) break
    end = start
  }
  return found
}

const conditionsOf = (query: EventQuery, from: EventPlace | undefined): ReadonlyArray<Filter<RowDocument>> => {
  const conditions: Array<Filter<RowDocument>> = [{ at: { $gte: new Date(query.after ?? 0) } }]
  if (query.jobId !== undefined) conditions.push({ jobs: jobKey(query.jobId) })
  if (query.types !== undefined) conditions.push({ types: { $in: [...query.types] } })
  if (query.queue !== undefined) conditions.push({ queues: query.queue })
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
  return conditions
}
