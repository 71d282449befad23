/** `@oddessentials/odd-dashboard`: job types of your own, for `odd-dashboard up --jobs` and `odd-dashboard worker`. */
export type { AttemptError, Progress } from "#domain/Job.ts"
export type { JobContext, JobType, JobTypeDescription } from "#domain/JobType.ts"
export type { Outcome } from "#domain/Outcome.ts"
export type { BackoffPolicy } from "#domain/Retry.ts"
export {
  defineJobType,
  type Handler,
  InvalidJobType,
  type JobTypeDefinition,
  NonRetryable
} from "#infra/jobs/defineJobType.ts"
