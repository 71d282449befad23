/** What a filter asks of the rows of PostgreSQL. */
import type { JobFilter } from "#domain/JobFilter.ts"
import { type JobState, jobStates, statesOf } from "#domain/JobStatus.ts"
import { uuidRandomBytes, uuidV7 } from "#domain/Uuid.ts"
import type { SqlClient, Statement } from "effect/sql"
import type { JobSource } from "./jobSource.ts"

interface Range<A> {
  /** Inclusive. */
  readonly from: A | undefined
  /** Exclusive. */
  readonly to: A | undefined
}

/** Lists are undefined where they do not restrict. */
export interface Conditions {
  readonly states: ReadonlyArray<JobState> | undefined
  readonly types: ReadonlyArray<string> | undefined
  readonly queues: ReadonlyArray<string> | undefined
  /** The job carries each of them. */
  readonly tags: ReadonlyArray<string>
  readonly correlationId: string | undefined
  readonly idempotencyKey: string | undefined
  readonly created: Range<number>
  /** No job created in the range has an id outside of these. */
  readonly ids: Range<string>
}

/**
 * Ids carry the time of the host that made them, a moment before PostgreSQL stored the job. A host whose clock is ahead
 * by more than this hides its jobs from a search by time.
 */
const clockAheadMillis = 10_000
/** The same for a clock that is behind; a submission that waited for PostgreSQL to come back counts as well. */
const clockBehindMillis = 60_000

/** The smallest UUIDv7 of a millisecond. */
const firstIdOf = (millis: number): string => uuidV7(millis, new Uint8Array(uuidRandomBytes))

const restricting = <A>(list: ReadonlyArray<A> | undefined) =>
  list === undefined || list.length === 0 ? undefined : list

export const conditionsOf = (filter: JobFilter): Conditions => {
  const states = restricting(filter.statuses)?.flatMap(statesOf)
  return {
    states: states === undefined || jobStates.every((state) => states.includes(state))
      ? undefined
      : [...new Set(states)],
    types: restricting(filter.types),
    queues: restricting(filter.queues),
    tags: [...new Set(filter.tags)],
    correlationId: filter.correlationId,
    idempotencyKey: filter.idempotencyKey,
    created: { from: filter.createdAfter, to: filter.createdBefore },
    ids: {
      from: filter.createdAfter === undefined ? undefined : firstIdOf(filter.createdAfter - clockBehindMillis),
      to: filter.createdBefore === undefined ? undefined : firstIdOf(filter.createdBefore + clockAheadMillis)
    }
  }
}

/** What the source has not answered, to be asked of each row `looked` by its id. */
export const remaining = (
  sql: SqlClient.SqlClient,
  conditions: Conditions,
  source: JobSource
): ReadonlyArray<Statement.Fragment> => {
  const oneOf = (column: string, values: ReadonlyArray<string>) => sql`${sql.literal(column)} = ANY (${values}::text[])`
  const ofState = [
    ...(conditions.states === undefined || source.answers === "states" ? [] : [["state", conditions.states] as const]),
    ...(conditions.types === undefined || source.answers === "types" ? [] : [["type", conditions.types] as const]),
    ...(conditions.queues === undefined || source.answers === "queues" ? [] : [["queue", conditions.queues] as const])
  ]
  const stateRow = source.table === "job_state"
    ? ofState.map(([column, values]) => oneOf(`looked.${column}`, values))
    : ofState.length === 0
    ? []
    : [
      sql`(SELECT ${sql.and(ofState.map(([column, values]) => oneOf(`job_state.${column}`, values)))}
        FROM job_state WHERE job_state.job_id = looked.id)`
    ]
  const tags = conditions.tags.filter((tag) => source.answers !== "tags" || !source.values.includes(tag)).map((tag) =>
    sql`(SELECT true FROM job_tag WHERE job_tag.tag = ${tag} AND job_tag.job_id = looked.id)`
  )
  const { created, correlationId, idempotencyKey } = conditions
  const ofJob = [
    ...(correlationId === undefined || source.answers === "correlationId"
      ? []
      : [sql`job.correlation_id = ${correlationId}`]),
    ...(idempotencyKey === undefined || source.answers === "idempotencyKey"
      ? []
      : [sql`job.idempotency_key = ${idempotencyKey}`])
  ]
  return [
    ...stateRow,
    ...tags,
    ...(ofJob.length === 0 ? [] : [sql`(SELECT ${sql.and(ofJob)} FROM job WHERE job.id = looked.id)`]),
    ...createdWithin(sql, created)
  ]
}

/** Only ids near the ends of the range need a look at the time at which the job was stored. */
const createdWithin = (sql: SqlClient.SqlClient, { from, to }: Range<number>): ReadonlyArray<Statement.Fragment> => {
  const instant = (millis: number) => sql`to_timestamp(${millis}::float8 / 1000)`
  const surely = [
    ...(from === undefined ? [] : [sql`looked.id >= ${firstIdOf(from + clockAheadMillis)}::uuid`]),
    ...(to === undefined ? [] : [sql`looked.id < ${firstIdOf(to - clockBehindMillis)}::uuid`])
  ]
  const exactly = [
    ...(from === undefined ? [] : [sql`job.created_at >= ${instant(from)}`]),
    ...(to === undefined ? [] : [sql`job.created_at < ${instant(to)}`])
  ]
  return surely.length === 0
    ? []
    : [sql`(${sql.and(surely)} OR (SELECT ${sql.and(exactly)} FROM job WHERE job.id = looked.id))`]
}
