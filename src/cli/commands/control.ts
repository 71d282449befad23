/** `cancel` and `replay`: single jobs, by their ids. */
import { JobId } from "#domain/Job.ts"
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { gateway } from "../api.ts"
import * as Output from "../Output.ts"

const id = Argument.String("id").pipe(Argument.withDescription("Id of the job"), Argument.withSchema(JobId))

export const cancel = Command.make("cancel", { id }, (flags) =>
  Effect.gen(function*() {
    const api = yield* gateway
    const answer = yield* api.jobs.cancel({ params: { jobId: flags.id } })
    yield* Output.print(answer, (said) => [
      said.status === "cancelled"
        ? `cancelled ${said.jobId}`
        : `${said.jobId} runs on ${said.worker}, which is told to stop`
    ])
  })).pipe(
    Command.withDescription("Cancel a job: a waiting one at once, a running one by telling its handler"),
    Command.withExamples([{
      command: "odd-dashboard cancel 01a208af-7260-75c6-8fc0-5380cf45cb02",
      description: "The id as submit and jobs print it"
    }])
  )

export const replay = Command.make("replay", { id }, (flags) =>
  Effect.gen(function*() {
    const api = yield* gateway
    const answer = yield* api.jobs.replay({ params: { jobId: flags.id } })
    yield* Output.print(answer, ({ jobId }) => [`${jobId} is queued again`])
  })).pipe(
    Command.withDescription("Run a dead job again, with no failures against it"),
    Command.withExamples([{
      command: "odd-dashboard replay 01a208af-7260-75c6-8fc0-5380cf45cb02",
      description: "It is queued with no failures against it"
    }])
  )
