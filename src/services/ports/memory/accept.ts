/** Storing new jobs, with their idempotency keys (rule 8). */
import { statusOf } from "#domain/JobStatus.ts"
import { isStorableText } from "#domain/Json.ts"
import { findUnstorable } from "#domain/Json.ts"
import type { Accepted, NewJob } from "../JobStore.ts"
import type { JobRow } from "./Tables.ts"
import type { Transaction } from "./Transaction.ts"

/** What the store would refuse to keep; undefined when nothing. */
const refusal = (job: NewJob): string | undefined => {
  const texts = [job.submittedBy, job.correlationId, job.traceparent, job.idempotency?.key, ...job.tags]
  if (texts.some((text) => text !== undefined && !isStorableText(text))) return "a text cannot be stored"
  return isStorableJson(job.payload) ? undefined : "the payload cannot be stored"
}

/** Whether the text is JSON whose strings can all be stored. */
export const isStorableJson = (text: string): boolean => {
  try {
    return findUnstorable(JSON.parse(text)) === undefined
  } catch {
    return false
  }
}

const acceptedAs = (row: JobRow): Accepted => ({
  _tag: "Accepted",
  jobId: row.job.id,
  eventId: `${row.job.id}:1`,
  status: row.runAt > row.createdAt && row.attempt === 0 && row.state === "scheduled" ? "scheduled" : "queued"
})

const insert = (transaction: Transaction, job: NewJob): Accepted => {
  const row = transaction.insert(job)
  const eventId = transaction.event(row, "created", { from: "none" })
  return { _tag: "Accepted", jobId: job.id, eventId, status: statusOf(row.state) }
}

/** One job after the other: an earlier one of the batch is found like one of an earlier batch. */
export const accept = (transaction: Transaction, jobs: ReadonlyArray<NewJob>): ReadonlyArray<Accepted> =>
  jobs.map((job) => {
    const { now, tables } = transaction
    const claim = job.idempotency
    const known = tables.jobs.get(job.id)
    if (claim === undefined) {
      if (known !== undefined) return acceptedAs(known)
      const detail = refusal(job)
      return detail === undefined ? insert(transaction, job) : { _tag: "Refused", detail }
    }
    const name = JSON.stringify([claim.scope, claim.key])
    const key = tables.keys.get(name)
    if (key !== undefined && key.expiresAt > now) {
      if (key.bodyHash !== claim.bodyHash) return { _tag: "KeyConflict", jobId: key.jobId }
      const _tag = key.jobId === job.id ? "Accepted" : "Replayed"
      return { _tag, jobId: key.jobId, eventId: `${key.jobId}:1`, status: key.status }
    }
    if (known !== undefined) return acceptedAs(known)
    const detail = refusal(job)
    if (detail !== undefined) return { _tag: "Refused", detail }
    const accepted = insert(transaction, job)
    if (accepted._tag === "Accepted") {
      tables.keys.set(name, {
        jobId: job.id,
        bodyHash: claim.bodyHash,
        status: accepted.status,
        expiresAt: now + claim.ttlMillis
      })
    }
    return accepted
  })
