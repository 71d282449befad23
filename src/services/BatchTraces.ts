/**
 * The traces that meet in a batch. What is done for many jobs at once is part of none of their traces: its span has no
 * parent, and a link to each of them.
 */
import * as TraceContext from "#domain/TraceContext.ts"
import { Tracer } from "effect"

/** Links of one span: enough to find a slow batch by one of its jobs. */
const maxLinks = 16

/** Links to the first traces that these belong to. */
export const linksOf = (
  parts: Iterable<{ readonly traceparent?: string | undefined }>
): ReadonlyArray<Tracer.SpanLink> => {
  const links = new Map<string, Tracer.SpanLink>()
  for (const { traceparent } of parts) {
    if (traceparent === undefined || links.has(traceparent)) continue
    const context = TraceContext.parse(traceparent)
    if (context === undefined) continue
    links.set(traceparent, { span: Tracer.externalSpan(context), attributes: {} })
    if (links.size === maxLinks) break
  }
  return [...links.values()]
}
