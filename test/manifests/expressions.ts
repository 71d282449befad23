/** Which metrics a PromQL expression speaks of. */

/** Words of the language that may stand where a metric's name may. */
const words = new Set(
  ("sum min max avg count rate increase delta deriv absent histogram_quantile label_values vector on by without " +
    "group_left group_right and or unless offset bool ignoring le inf nan").split(" ")
)

/** Names of metrics, and of what rules record, in the order of their appearance. Labels and strings are none. */
export const metricsOf = (expression: string): ReadonlyArray<string> => {
  const bare = expression
    .replaceAll(/"(?:[^"\\]|\\.)*"/gu, "\"\"")
    .replaceAll(/\{[^}]*\}/gu, "")
    .replaceAll(/\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/gu, " ")
    .replaceAll(/\[[^\]]*\]/gu, "")
  return [...new Set(bare.match(/(?<![\w:$.])[A-Za-z_][\w:]*/gu) ?? [])].filter((word) =>
    !words.has(word.toLowerCase())
  )
}

/** `name` of a histogram's series is the histogram's. */
export const familyOf = (metric: string): string => metric.replace(/_(?:bucket|sum|count)$/u, "")
