/**
 * Columns of a batch, as parameters of one statement.
 *
 * As text in PostgreSQL's array syntax they need no type of their own: a statement keeps one plan whatever is in them,
 * and they may be all NULL. Text columns travel as arrays of the driver, where nothing has to be escaped; they hold no
 * NULL, so "" stands for it.
 */

/** For `::uuid[]`. */
export const uuids = (values: ReadonlyArray<string>): string => `{${values.join(",")}}`

/** For `::int4[]`, `::int8[]` and `::float8[]`. */
export const numbers = (values: ReadonlyArray<number | undefined>): string =>
  `{${values.map((value) => value ?? "NULL").join(",")}}`

/** For `::text[]`, read with `nullif(…, '')`. */
export const texts = (values: ReadonlyArray<string | undefined>): ReadonlyArray<string> =>
  values.map((value) => value ?? "")

/** One array of text as a text: what an array of arrays, each of another length, has to be. For `::text[]` of each. */
export const nested = (values: ReadonlyArray<string>): string =>
  values.length === 0 ? "{}" : `{${values.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`).join(",")}}`
