/**
 * JSON that PostgreSQL can store, and one spelling of it to compare by.
 *
 * JavaScript accepts U+0000 and lone surrogates in strings, `jsonb` does not: one such value would take down the batch
 * that it is in. At the edge they are refused; in errors and results, which nobody can correct, they are replaced.
 */

const unstorable = /\u0000|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/
const unstorableAll = new RegExp(unstorable.source, "g")

export const isStorableText = (text: string): boolean => !unstorable.test(text)

/** Replaces what cannot be stored by U+FFFD. */
export const storableText = (text: string): string => text.replace(unstorableAll, "\uFFFD")

/** Path of the first string or key that cannot be stored, such as `/items/0/name`; undefined when all can. */
export const findUnstorable = (value: unknown, path = ""): string | undefined => {
  if (typeof value === "string") return isStorableText(value) ? undefined : path || "/"
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = findUnstorable(item, `${path}/${index}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (typeof value !== "object" || value === null) return undefined
  for (const [key, item] of Object.entries(value)) {
    if (!isStorableText(key)) return path || "/"
    const found = findUnstorable(item, `${path}/${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

/** A copy in which every string can be stored. */
export const storableJson = (value: unknown): unknown => {
  if (typeof value === "string") return storableText(value)
  if (Array.isArray(value)) return value.map(storableJson)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), storableJson(item)]))
}

/** JSON with object keys in code unit order and no white space: equal values have equal spellings. */
export const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`
}
