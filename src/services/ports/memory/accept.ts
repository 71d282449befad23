/** Storing new jobs, with their idempotency keys (rule 8). */
import { statusOf } from "#domain/JobStatus.ts"
import { findUnstorableIn, isStorableText } from "#domain/Json.ts"
import type { Accepted, NewJob } from "../JobStore.ts"
import type { Transaction } from "./Transaction.ts"

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Whether the text is JSON whose strings can all be stored. */
export const isStorableJson = (text: string): boolean => findUnstorableIn(text) === undefined && isJson(text)

/** What cannot be stored of the job; undefined when all can. */
const unstorable = (job: NewJob): string | undefined => {
  const texts = [job.submittedBy, job.correlationId, job.traceparent, job.idempotency?.key, job.idempotency?.scope]
  if ([...texts, ...job.tags].some((text) => text !== undefined && !isStorableText(text))) {
    return "a text has U+0000 or half of a surrogate pair"
  }
  const place = findUnstorableIn(job.payload)
  return place === undefined ? undefined : `the payload has U+0000 or half of a surrogate pair at ${place}`
}

/** One job after the other: an earlier one of the batch is found like one of an earlier batch. */
export const accept = (transaction: Transaction, jobs: ReadonlyArray<NewJob>): ReadonlyArray<Accepted> =>
  jobs.map((job) => {
    const { now, tables } = transaction
    const detail = unstorable(job)
    if (detail !== undefined) return { _tag: "Refused", detail }
    tables.queue(job.queue)
    const known = tables.jobs.get(job.id)
    if (known !== undefined) {
      return { _tag: "Accepted", jobId: job.id, eventId: `${job.id}:1`, status: statusOf(known.state) }
    }
    const claim = job.idempotency
    const name = claim === undefined ? "" : JSON.stringify([claim.scope, claim.key])
    const key = tables.keys.get(name)
    if (claim !== undefined && key !== undefined && key.expiresAt > now) {
      return key.jobId === job.id
        ? { _tag: "Accepted", jobId: job.id, eventId: `${job.id}:1`, status: key.status }
        : key.bodyHash === claim.bodyHash
        ? { _tag: "Replayed", jobId: key.jobId, eventId: `${key.jobId}:1`, status: key.status }
        : { _tag: "KeyConflict", jobId: key.jobId }
    }
    if (!isJson(job.payload)) return { _tag: "Refused", detail: "the payload is not JSON" }
    const row = transaction.insert(job)
    const status = statusOf(row.state)
    const eventId = transaction.event(row, "created", { from: "none" })
    if (claim !== undefined) {
      tables.keys.set(name, { jobId: job.id, bodyHash: claim.bodyHash, status, expiresAt: now + claim.ttlMillis })
    }
    return { _tag: "Accepted", jobId: job.id, eventId, status }
  })
