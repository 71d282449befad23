/** The filter of events that the list and the stream share, as flags and as the query of the API. */
import { JobId, QueueName } from "#domain/Job.ts"
import { EventType } from "#domain/JobEvent.ts"
import { Option } from "effect"
import { Flag } from "effect/cli"

export const eventFilterFlags = {
  job: Flag.String("job").pipe(Flag.withDescription("Only events of this job"), Flag.withSchema(JobId), Flag.optional),
  queue: Flag.String("queue").pipe(
    Flag.withAlias("q"),
    Flag.withDescription("Only events of this queue"),
    Flag.withSchema(QueueName),
    Flag.optional
  ),
  type: Flag.Literals("type", EventType.literals).pipe(
    Flag.withAlias("t"),
    Flag.withDescription("Only events of this type; may be repeated"),
    Flag.atLeast(0)
  )
}

export const eventFilterQuery = ({ job, queue, type }: {
  readonly job: Option.Option<JobId>
  readonly queue: Option.Option<QueueName>
  readonly type: ReadonlyArray<EventType>
}) => ({
  ...(Option.isNone(job) ? {} : { jobId: job.value }),
  ...(Option.isNone(queue) ? {} : { queue: queue.value }),
  ...(type.length === 0 ? {} : { type })
})
