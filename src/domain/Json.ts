/**
 * JSON that PostgreSQL can store, and one spelling of it to compare by.
 *
 * JavaScript accepts U+0000 and lone surrogates in strings, PostgreSQL does not: one such value would take down the
 * batch that it is in. At the edge they are refused; in errors and results, which nobody can correct, they are replaced.
 */

/** Arrays and objects inside each other: what is deeper exhausts the stack of one who reads it. */
export const maxJsonDepth = 200

export const isStorableText = (text: string): boolean => text.isWellFormed() && !text.includes("\u0000")

/** Replaces what cannot be stored by U+FFFD. */
export const storableText = (text: string): string => text.toWellFormed().replaceAll("\u0000", "\uFFFD")

/** A key as a step of a JSON Pointer (RFC 6901). */
const step = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1")

/**
 * JSON Pointer of the first string that cannot be stored, of the object with the first such key, or of the first value
 * deeper than `maxJsonDepth`: `/items/0/name`. Empty for the value itself, undefined when all can be stored.
 */
export const findUnstorable = (value: unknown): string | undefined => unstorableIn(value, "", 0)

const unstorableIn = (value: unknown, path: string, depth: number): string | undefined => {
  if (typeof value === "string") return isStorableText(value) ? undefined : path
  if (typeof value !== "object" || value === null) return undefined
  if (depth === maxJsonDepth) return path
  for (const [key, item] of Object.entries(value)) {
    if (!isStorableText(key)) return path
    const found = unstorableIn(item, `${path}/${step(key)}`, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** In JSON text U+0000 and lone surrogates are escaped, when it is well formed; of pairs it may hold the characters. */
const mayHideUnstorable = /\\u(?:0000|d[89a-f])/iu

/** The same for JSON text, which is parsed only when an escape may hide something. Undefined for what is not JSON. */
export const findUnstorableIn = (text: string): string | undefined => {
  if (!isStorableText(text)) return ""
  if (!mayHideUnstorable.test(text)) return undefined
  try {
    return findUnstorable(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Whether arrays and objects are inside each other more than `levels` times. */
export const isTooDeep = (value: unknown, levels: number = maxJsonDepth): boolean =>
  typeof value === "object" && value !== null &&
  (levels === 0 || Object.values(value).some((item) => isTooDeep(item, levels - 1)))

/** A copy of a JSON value in which every string and key can be stored. */
export const storableJson = (value: unknown): unknown => {
  if (typeof value === "string") return storableText(value)
  if (Array.isArray(value)) return value.map(storableJson)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), storableJson(item)]))
}

/**
 * The text of any value as JSON that can be stored: what cannot be stored is replaced, what is no JSON at all (a
 * function, undefined) is null. Undefined when there is no such text: a cycle, a bigint, nesting without end.
 */
export const storableJsonText = (value: unknown): string | undefined => {
  try {
    const text = JSON.stringify(value) ?? "null"
    return mayHideUnstorable.test(text) ? JSON.stringify(storableJson(JSON.parse(text))) : text
  } catch {
    return undefined
  }
}

/** JSON with object keys in code unit order and no white space: equal values have equal spellings. */
export const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`
}
