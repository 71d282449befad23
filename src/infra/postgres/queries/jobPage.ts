/**
 * One page of a list of jobs, as one statement that looks at `rowBudget` rows at most.
 *
 * Jobs are walked in the order of their ids along the index of the one filter that is expected to leave the fewest
 * (`JobSource`); the other filters are asked of each job by primary keys, one more row for each. Where the budget ends
 * before the page is full, `edge` is the last job looked at.
 */
import type { JobId } from "#domain/Job.ts"
import { type JobSort, rowBudget } from "#domain/JobFilter.ts"
import type { JobSummary } from "#domain/JobView.ts"
import type { SqlClient, Statement } from "effect/sql"
import { type Conditions, remaining } from "./jobConditions.ts"
import { summaryColumns } from "./jobRecords.ts"
import type { JobSource } from "./jobSource.ts"

export interface PageRequest {
  readonly conditions: Conditions
  readonly source: JobSource
  readonly sort: JobSort
  readonly after: JobId | undefined
  readonly limit: number
}

/** The page has one job more than was asked for where another page follows; a row without a job where it is empty. */
export type PageRecord =
  & { readonly readAt: number; readonly edge: JobId | null }
  & (JobSummary | { readonly id: null })

export const jobPage = (sql: SqlClient.SqlClient, request: PageRequest) => {
  const order = sql.literal(request.sort === "newest" ? "DESC" : "ASC")
  const questions = remaining(sql, request.conditions, request.source)
  const walked = Math.floor(rowBudget / (1 + questions.length))
  const looked = walk(sql, request, walked)
  return sql<PageRecord>`
    WITH matched AS MATERIALIZED (
      SELECT looked.id FROM (${looked}) AS looked
      WHERE ${sql.and(questions)}
      ORDER BY looked.id ${order} LIMIT ${request.limit + 1}
    )
    SELECT clock.at AS "readAt", edge.id::text AS edge, ${summaryColumns(sql)}
    FROM (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at) AS clock
    LEFT JOIN LATERAL (
      SELECT looked.id FROM (${looked}) AS looked WHERE (SELECT count(*) FROM matched) <= ${request.limit}
      ORDER BY looked.id ${order} OFFSET ${walked - 1} LIMIT 1
    ) AS edge ON true
    LEFT JOIN (
      matched JOIN job ON job.id = matched.id JOIN job_state ON job_state.job_id = matched.id
      LEFT JOIN worker ON worker.id = job_state.owner
    ) ON true
    ORDER BY job.id ${order}`
}

/** The rows to look at, in order. Each value of the index is a walk of its own; they are merged as they go. */
const walk = (
  sql: SqlClient.SqlClient,
  { after, conditions, sort, source }: PageRequest,
  walked: number
): Statement.Fragment => {
  const id = sql.literal(source.id)
  const order = sql.literal(sort === "newest" ? "DESC" : "ASC")
  const { from, to } = conditions.ids
  const bounds = [
    ...(after === undefined ? [] : [sql`${id} ${sql.literal(sort === "newest" ? "<" : ">")} ${after}::uuid`]),
    ...(from === undefined ? [] : [sql`${id} >= ${from}::uuid`]),
    ...(to === undefined ? [] : [sql`${id} < ${to}::uuid`])
  ]
  const along = (conditions: ReadonlyArray<Statement.Fragment>) =>
    sql`SELECT ${sql.literal([`${source.id} AS id`, ...source.carries].join(", "))} FROM ${sql.literal(source.table)}
      WHERE ${sql.and([...conditions, ...bounds])} ORDER BY ${id} ${order} LIMIT ${walked}`
  const column = source.column
  if (column === undefined) return along([])
  const walks = source.values.map((value) => along([sql`${sql.literal(column)} = ${value}`]))
  const [only, ...others] = walks
  return only !== undefined && others.length === 0
    ? only
    : sql`SELECT * FROM (${sql.join(" UNION ALL ", false)(walks.map((one) => sql`(${one})`))}) AS walks
      ORDER BY id ${order} LIMIT ${walked}`
}
