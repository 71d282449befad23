/**
 * Events of the log, written by the statement that makes them happen.
 *
 * A transition's events are built from the rows that its UPDATE returned, so there is no event of what did not happen.
 * One log row holds at most 500 events and 256 KiB. The text is put together here and checked by PostgreSQL, which
 * refuses what is not JSON.
 */
import type { EventType } from "#domain/JobEvent.ts"
import type { JobClass } from "#domain/JobStatus.ts"
import type { SqlClient } from "effect/sql"

/** A transition has one or two events: this many jobs fill a row with at most 500. */
const jobsInRow = 250
/** A row is closed when it passes this size; the job that passes it has a few KiB at most, so 256 KiB are never reached. */
const bytesInRow = 200_000
/** Characters of an error's message in an event; the attempt keeps all of it. */
export const maxErrorMessage = 500

/** A LogEvent, each part as SQL. */
interface EventParts {
  /** `{ sql }`: an expression of type text. */
  readonly type: EventType | { readonly sql: string }
  /** Has the columns job_id, queue and type of the job. */
  readonly job: string
  readonly seq: string
  /** An expression of type timestamptz. */
  readonly at: string
  readonly from: JobClass | { readonly sql: string }
  readonly to: JobClass | { readonly sql: string }
  /** Left out when it is 0: the job was never claimed. */
  readonly attempt?: string
  /** Text of the fields traceparent and correlationId, as `contextOf` and `contextText` give it; may be NULL. */
  readonly context: string
  /** An object as text; NULL leaves the field out. */
  readonly data?: string
}

const part = (value: string | { readonly sql: string }) => typeof value === "string" ? `'${value}'` : value.sql

/** An expression of type text. */
export const event = (parts: EventParts): string =>
  `concat('{"type":"', ${part(parts.type)}, '","job":"', ${parts.job}.job_id, '","seq":', ${parts.seq},
    ',"at":', ${millis(parts.at)}, ',"from":"', ${part(parts.from)}, '","to":"', ${part(parts.to)},
    '"'${
    parts.attempt === undefined ? "" : `, ',"attempt":' || nullif(${parts.attempt}, 0)`
  }, ',"queue":"', ${parts.job}.queue, '","jobType":"', ${parts.job}.type, '"', ${parts.context}
    ${parts.data === undefined ? "" : `, ',"data":' || ${parts.data}`}, '}')`

/** Milliseconds since 1970, whole. */
export const millis = (instant: string): string => `floor(date_part('epoch', ${instant}) * 1000)::int8`

/** The context of an event from a row of `job`. */
export const contextOf = (job: string): string =>
  `concat(',"traceparent":' || to_json(${job}.traceparent)::text, ',"correlationId":' || to_json(${job}.correlation_id)::text)`

/** The same from values. */
export const contextText = (traceparent: string | undefined, correlationId: string | undefined): string =>
  (traceparent === undefined ? "" : `,"traceparent":${JSON.stringify(traceparent)}`) +
  (correlationId === undefined ? "" : `,"correlationId":${JSON.stringify(correlationId)}`)

/** The class of a state (src/domain/JobStatus.ts). */
export const classOf = (state: string): string =>
  `CASE WHEN ${state} IN ('scheduled', 'queued', 'dispatched', 'retrying') THEN 'waiting' ELSE ${state} END`

/**
 * The CTE `logged`, which writes the log rows of `happened (job_id, events)`: one row per job, with the texts of its
 * events separated by commas.
 */
export const logged = (sql: SqlClient.SqlClient, source: string) =>
  sql`laid_out AS (
    SELECT job_id, events, (row_number() OVER jobs - 1) / ${sql.literal(String(jobsInRow))} AS by_number,
      sum(octet_length(events)) OVER jobs / ${sql.literal(String(bytesInRow))} AS by_size
    FROM happened WINDOW jobs AS (ORDER BY job_id ROWS UNBOUNDED PRECEDING)
  ), logged AS (
    INSERT INTO event_log (source, jobs, body)
    SELECT ${source}, array_agg(job_id), concat('[', string_agg(events, ','), ']')::json
    FROM laid_out GROUP BY by_number, by_size ORDER BY by_number, by_size
  )`

/** The rank of job state `s` when it is due at another instant: what its priority is worth stays (src/domain/JobStatus.ts). */
export const rankAt = (instant: string): string => `s.rank + ${millis(instant)} - ${millis("s.run_at")}`

/** The state of an attempt that ended with this outcome of a settlement. */
export const attemptState = (outcome: string): string =>
  `CASE ${outcome} WHEN 'complete' THEN 'completed' WHEN 'cancel' THEN 'cancelled' WHEN 'release' THEN 'released'
    ELSE 'failed' END`
