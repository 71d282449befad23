/**
 * Columns of a batch, as parameters of one statement, for `unnest`.
 *
 * Each is wrapped in a SELECT, so that PostgreSQL does not see how long it is and makes one plan for all batches instead
 * of one for each. Numbers and ids travel as text in the syntax of arrays, because they may be all NULL; texts as arrays
 * of the driver, where nothing has to be escaped.
 */
import type { SqlClient } from "effect/sql"

export const columnsOf = (sql: SqlClient.SqlClient) => {
  const literal = (values: ReadonlyArray<unknown>) => `{${values.join(",")}}`
  const numbers = (values: ReadonlyArray<number | undefined>) => literal(values.map((value) => value ?? "NULL"))
  return {
    uuids: (values: ReadonlyArray<string>) => sql`(SELECT ${literal(values)}::uuid[])`,
    integers: (values: ReadonlyArray<number>) => sql`(SELECT ${literal(values)}::int4[])`,
    floats: (values: ReadonlyArray<number | undefined>) => sql`(SELECT ${numbers(values)}::float8[])`,
    /** An absent text is the empty one: read with `nullif(…, '')`. */
    texts: (values: ReadonlyArray<string | undefined>) => sql`(SELECT ${values.map((value) => value ?? "")}::text[])`
  }
}

/** An array of texts as one text, `::text[]` again there: arrays of arrays would have to be of one length. */
export const nested = (values: ReadonlyArray<string>): string =>
  values.length === 0 ? "{}" : `{${values.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`).join(",")}}`
