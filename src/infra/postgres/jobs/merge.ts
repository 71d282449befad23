/** Equal idempotency keys and equal ids within one batch: the first goes to the store, the others follow it (rule 8). */
import type { Accepted, NewJob } from "#services/ports/JobStore.ts"

export interface Merged {
  /** Jobs with ids and keys of their own. */
  readonly first: ReadonlyArray<NewJob>
  /** The others, each with an earlier job of the batch that has its id or its key. */
  readonly later: ReadonlyArray<readonly [NewJob, NewJob]>
}

export const merge = (jobs: ReadonlyArray<NewJob>): Merged => {
  const byId = new Map<string, NewJob>()
  const byKey = new Map<string, NewJob>()
  const first: Array<NewJob> = []
  const later: Array<readonly [NewJob, NewJob]> = []
  for (const job of jobs) {
    const key = job.idempotency === undefined ? undefined : JSON.stringify([job.idempotency.scope, job.idempotency.key])
    const leader = byId.get(job.id) ?? (key === undefined ? undefined : byKey.get(key))
    if (leader === undefined) first.push(job)
    else later.push([job, leader])
    if (!byId.has(job.id)) byId.set(job.id, job)
    if (key !== undefined && !byKey.has(key)) byKey.set(key, job)
  }
  return { first, later }
}

/** Undefined: the leader's answer says nothing about this job, which must be tried by itself. */
export const fromLeader = (job: NewJob, leader: NewJob, answer: Accepted | undefined): Accepted | undefined => {
  if (answer === undefined || job.id === leader.id) return answer
  const isSame = job.idempotency?.bodyHash === leader.idempotency?.bodyHash
  switch (answer._tag) {
    case "Accepted":
    case "Replayed":
      return isSame ? { ...answer, _tag: "Replayed" } : { _tag: "KeyConflict", jobId: answer.jobId }
    case "KeyConflict":
      return isSame ? answer : undefined
    case "Refused":
      return undefined
  }
}
