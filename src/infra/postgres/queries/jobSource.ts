/**
 * Which index a list of jobs walks along.
 *
 * An idempotency key or a correlation id belongs to a handful of jobs. Between states, types, queues and tags the one
 * that the fewest jobs have is taken, as the counters know; the jobs of a tag, which nobody counts, are counted as far
 * as a page can look.
 */
import { rowBudget } from "#domain/JobFilter.ts"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { oneRow } from "../oneRow.ts"
import type { Conditions } from "./jobConditions.ts"

export interface JobSource {
  /** The condition that the walk answers by itself; of tags, the one in `values`. */
  readonly answers: "states" | "types" | "queues" | "tags" | "correlationId" | "idempotencyKey" | "nothing"
  readonly table: "job" | "job_state" | "job_tag"
  /** Column of the job's id in the table. */
  readonly id: "id" | "job_id"
  /** First column of the index; undefined: all rows, by id. */
  readonly column: string | undefined
  /** Each is one walk. */
  readonly values: ReadonlyArray<string>
  /** Columns of the table that the other conditions need. */
  readonly carries: ReadonlyArray<string>
}

/** Walks that are merged in one statement; a longer list of types or queues is asked of each row instead. */
const mergedWalks = 16

const everything: JobSource = {
  answers: "nothing",
  table: "job",
  id: "id",
  column: undefined,
  values: [],
  carries: []
}

const ofJob = (answers: JobSource["answers"], column: string, values: ReadonlyArray<string>): JobSource => ({
  ...everything,
  answers,
  column,
  values
})

const ofState = (conditions: Conditions, states: ReadonlyArray<string>): JobSource => ({
  answers: "states",
  table: "job_state",
  id: "job_id",
  column: "state",
  values: states,
  carries: [...(conditions.types === undefined ? [] : ["type"]), ...(conditions.queues === undefined ? [] : ["queue"])]
})

const ofTag = (tag: string): JobSource => ({
  answers: "tags",
  table: "job_tag",
  id: "job_id",
  column: "tag",
  values: [tag],
  carries: []
})

export const jobSource = Effect.fnUntraced(function*(sql: SqlClient.SqlClient, conditions: Conditions) {
  const { correlationId, idempotencyKey, queues, states, tags, types } = conditions
  if (idempotencyKey !== undefined) return ofJob("idempotencyKey", "idempotency_key", [idempotencyKey])
  if (correlationId !== undefined) return ofJob("correlationId", "correlation_id", [correlationId])

  const candidates = [
    ...(states === undefined ? [] : [ofState(conditions, states)]),
    ...(types === undefined || types.length > mergedWalks ? [] : [ofJob("types", "type", types)]),
    ...(queues === undefined || queues.length > mergedWalks ? [] : [ofJob("queues", "queue", queues)]),
    ...tags.map(ofTag)
  ]
  if (candidates.length < 2) return candidates[0] ?? everything

  const sizes = yield* measure(sql, conditions)
  return candidates.reduce((best, one) => sizes(one) < sizes(best) ? one : best)
})

/** About how many jobs each condition leaves. */
const measure = Effect.fnUntraced(function*(sql: SqlClient.SqlClient, { queues, states, tags, types }: Conditions) {
  const isState = sql.literal("key NOT IN ('accepted', 'claims', 'pruned')")
  const counted = yield* oneRow(
    sql<{ readonly states: number; readonly types: number; readonly queues: number }>`
      SELECT coalesce(sum(n) FILTER (WHERE key = ANY (${states ?? []}::text[])), 0)::float8 AS states,
        coalesce(sum(n) FILTER (WHERE type = ANY (${types ?? []}::text[]) AND ${isState}), 0)::float8 AS types,
        coalesce(sum(n) FILTER (WHERE queue = ANY (${queues ?? []}::text[]) AND ${isState}), 0)::float8 AS queues
      FROM (SELECT queue, type, key, n FROM counter UNION ALL SELECT queue, type, key, n FROM counter_delta) AS counted`
  )
  const sampled = tags.length === 0 ? [] : yield* sql<{ readonly tag: string; readonly n: number }>`
    SELECT tag, (
        SELECT count(*)::int4 FROM (SELECT FROM job_tag WHERE job_tag.tag = given.tag LIMIT ${rowBudget}) AS sample
      ) AS n
    FROM unnest(${tags}::text[]) AS given (tag)`
  const ofTags = new Map(sampled.map(({ n, tag }) => [tag, n]))
  return ({ answers, values }: JobSource): number => {
    switch (answers) {
      case "states":
      case "types":
      case "queues":
        return counted[answers]
      default:
        return ofTags.get(values[0] ?? "") ?? rowBudget
    }
  }
})
