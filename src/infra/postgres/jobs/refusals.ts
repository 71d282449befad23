/** Values that the store does not take, found before they reach PostgreSQL, or told in its words. */
import { findUnstorable, findUnstorableIn, isStorableText } from "#domain/Json.ts"
import type { NewJob, Settlement } from "#services/ports/JobStore.ts"
import type { StoreError } from "#services/ports/StoreError.ts"
import { isSqlError } from "effect/sql/SqlError"

/** What is wrong with the job; undefined when nothing is. */
export const unstorableJob = (job: NewJob): string | undefined => {
  const place = findUnstorableIn(job.payload)
  if (place !== undefined) return `the payload has U+0000 or half of a surrogate pair at ${place}`
  const texts = [job.submittedBy, job.correlationId, job.traceparent, job.idempotency?.key, job.idempotency?.scope]
  return [...texts, ...job.tags].every((text) => text === undefined || isStorableText(text))
    ? undefined
    : "a text has U+0000 or half of a surrogate pair"
}

export const isStorableSettlement = ({ next }: Settlement): boolean => {
  switch (next._tag) {
    case "complete":
      return findUnstorableIn(next.result) === undefined
    case "retry":
    case "die":
      return findUnstorable(next.error) === undefined
    default:
      return true
  }
}

/** PostgreSQL's own words, which name the value or the limit. */
export const detailOf = ({ cause, message }: StoreError): string => {
  const reason = isSqlError(cause) ? cause.reason.cause : undefined
  return reason instanceof Error ? reason.message : message
}
