/** Many jobs: those of a file or of standard input, line by line, in batches. */
import type { BatchResult } from "#domain/contract/GatewayApi.ts"
import { SubmitJob } from "#domain/Job.ts"
import { Effect, Result, Runtime, Schedule, Schema, Stream } from "effect"
import { randomUUID } from "node:crypto"
import { createInterface } from "node:readline"
import { gateway } from "./api.ts"
import { exitCodes } from "./exitCodes.ts"
import { failureOf } from "./failure.ts"
import * as Output from "./Output.ts"

/** Jobs in one request: large enough to share a commit, small enough to show progress. */
const batchJobs = 500

/** Neither a job type nor jobs. */
export class NoInput extends Schema.TaggedError<NoInput>()("NoInput", {}) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
  override get message() {
    return "name a job type, or give jobs with --file; see: odd-dashboard submit --help"
  }
}

export class BadInput extends Schema.TaggedError<BadInput>()("BadInput", { detail: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.refused
  override get message() {
    return this.detail
  }
}

/** The rest of the jobs was not submitted. The keys of the others are lost with this command. */
class Interrupted extends Schema.TaggedError<Interrupted>()("Interrupted", {
  detail: Schema.String,
  accepted: Schema.Int,
  exitCode: Schema.Int
}) {
  override readonly [Runtime.errorExitCode] = this.exitCode
  override get message() {
    return `${this.detail}; ${this.accepted} jobs before it were accepted, do not submit them again`
  }
}

const decodeJob = Schema.decodeUnknownResult(Schema.fromJsonString(SubmitJob), { onExcessProperty: "error" })

/** Jobs of a file or of standard input, one JSON document per line. */
const jobLines = (source: NodeJS.ReadableStream) => {
  let number = 0
  return Stream.fromAsyncIterable(
    createInterface({ input: source, crlfDelay: Infinity }),
    (cause) => new BadInput({ detail: `cannot read: ${String(cause)}` })
  ).pipe(
    Stream.map((text) => ({ text, number: ++number })),
    Stream.filter(({ text }) => text.trim() !== ""),
    Stream.mapEffect(({ number: at, text }) => {
      const read = decodeJob(text)
      return Result.isSuccess(read)
        ? Effect.succeed(read.success)
        : Effect.fail(new BadInput({ detail: `line ${at}: ${read.failure.message.replaceAll("\n", " ")}` }))
    })
  )
}

const resultLine = (result: BatchResult): string =>
  result.outcome === "accepted"
    ? `${result.jobId}  ${result.status}${result.replayed ? " (was submitted before)" : ""}`
    : Output.style.red(`refused  ${result.problem.title}: ${result.problem.detail ?? ""}`)

/** Trouble that passes: the same batch is sent again, with the same keys. */
const passing: ReadonlySet<string> = new Set(["OutcomeUnknown", "Unavailable", "TooManyRequests", "HttpClientError"])
const retries = 5

/** Submits everything; what is refused is told and counted, and the command fails at the end. */
export const submitLines = Effect.fnUntraced(function*(source: NodeJS.ReadableStream) {
  const api = yield* gateway
  const asJson = yield* Output.jsonFlag
  const showProgress = process.stderr.isTTY
  let accepted = 0
  let refused = 0
  yield* jobLines(source).pipe(
    Stream.grouped(batchJobs),
    Stream.runForEach((batch) =>
      Effect.gen(function*() {
        // A key for each job, so that a repeated request makes no second job.
        const keyed = batch.map((job) => ({ ...job, idempotencyKey: job.idempotencyKey ?? randomUUID() }))
        const { results } = yield* api.jobs.submitBatch({ payload: { jobs: keyed } }).pipe(
          Effect.retry({
            while: ({ _tag }) => passing.has(_tag),
            times: retries,
            schedule: Schedule.spaced("1 second")
          })
        )
        for (const result of results) {
          if (result.outcome === "accepted") accepted += 1
          else refused += 1
          if (asJson) yield* Output.json(result)
          else if (result.outcome === "refused") yield* Output.note(resultLine(result))
        }
        if (showProgress) process.stderr.write(`\r${accepted} accepted, ${refused} refused`)
      })
    ),
    Effect.mapError((error) => {
      if (accepted === 0) return error
      const { exitCode, message } = failureOf(error)
      return new Interrupted({ detail: message, accepted, exitCode })
    })
  )
  if (showProgress) process.stderr.write("\n")
  if (accepted + refused === 0) return yield* new NoInput()
  if (!asJson) yield* Output.lines([`${accepted} accepted, ${refused} refused`])
  if (refused > 0) return yield* new BadInput({ detail: `${refused} of ${accepted + refused} jobs were refused` })
})
