/** W3C Trace Context (https://www.w3.org/TR/trace-context/): `traceparent`, version 00. An invalid one is ignored. */

export interface TraceParent {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/u

/** Undefined for anything that the standard calls invalid; later versions are read as version 00. */
export const parse = (header: string | undefined): TraceParent | undefined => {
  const match = header === undefined ? null : pattern.exec(header.trim())
  if (match === null) return undefined
  const [, version = "", traceId = "", spanId = "", flags = "", rest] = match
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined
  if (/^0+$/u.test(traceId) || /^0+$/u.test(spanId)) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

export const format = ({ sampled, spanId, traceId }: TraceParent): string =>
  `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`

/** The header for calls made from within a span. */
export const ofSpan = (span: TraceParent): string => format(span)
