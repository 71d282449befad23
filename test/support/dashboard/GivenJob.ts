/** One job whole, for tests of its view. */
import type { Message } from "#cli/dashboard/view-model/Message.ts"
import type { Answer } from "#cli/dashboard/view-model/sources.ts"
import type { JobDetail } from "#domain/contract/ReadModelViews.ts"
import { defaultBackoff } from "#domain/Retry.ts"
import { freshnessAt, jobOf, noon } from "./Given.ts"

export const jobDetailOf = (n: number, more: Partial<JobDetail> = {}): JobDetail => ({
  ...jobOf(n),
  payload: {},
  result: null,
  lastError: null,
  backoff: defaultBackoff,
  timeoutMillis: 1_000,
  deadline: null,
  idempotencyKey: null,
  traceparent: null,
  sequence: 1,
  attempts: [],
  freshness: freshnessAt(noon),
  ...more
})

export const answered = (answer: Answer, at = noon): Message => ({ _tag: "Answered", answer, at })
