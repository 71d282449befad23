/** What handlers get beside their payload. */
import type { JobContext } from "#domain/JobType.ts"

export const jobContext = (signal: AbortSignal = new AbortController().signal): JobContext => ({
  jobId: "01a208af-7260-75c6-8fc0-5380cf45cb02",
  type: "test.type",
  queue: "default",
  attempt: 1,
  failures: 0,
  signal,
  traceparent: undefined,
  correlationId: undefined,
  tags: [],
  progress: () => {}
})
