/** `submit`: jobs from flags, from a file, or from standard input line by line. */
import type { BatchResult } from "#domain/contract/GatewayApi.ts"
import { type JobId, JobTypeName, JsonObject, QueueName, SubmitJob } from "#domain/Job.ts"
import { Effect, FileSystem, Option, Result, Runtime, Schedule, Schema, Stream } from "effect"
import { DateTime } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { randomUUID } from "node:crypto"
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"
import { gateway, readModel } from "../api.ts"
import { exitCodes } from "../exitCodes.ts"
import * as Output from "../Output.ts"

/** Jobs in one request: large enough to share a commit, small enough to show progress. */
const batchJobs = 500
const pollInterval = "100 millis"

/** Neither a job type nor jobs. */
class NoInput extends Schema.TaggedError<NoInput>()("NoInput", {}) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
  override get message() {
    return "name a job type, or give jobs with --file; see: odd-dashboard submit --help"
  }
}

class BadInput extends Schema.TaggedError<BadInput>()("BadInput", { detail: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.refused
  override get message() {
    return this.detail
  }
}

/** The job did not complete. */
class Unsuccessful extends Schema.TaggedError<Unsuccessful>()("Unsuccessful", {
  jobId: Schema.String,
  status: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.failure
  override get message() {
    return `job ${this.jobId} is ${this.status}; see why with: odd-dashboard job ${this.jobId}`
  }
}

const decodeObject = Schema.decodeUnknownResult(Schema.fromJsonString(JsonObject))
const decodeJob = Schema.decodeUnknownResult(Schema.fromJsonString(SubmitJob), { onExcessProperty: "error" })

const objectOf = (text: string) => {
  const read = decodeObject(text)
  return Result.isSuccess(read)
    ? Effect.succeed(read.success)
    : Effect.fail(new BadInput({ detail: `--payload is not a JSON object: ${read.failure.message.split("\n", 1)[0]}` }))
}

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
const submitAll = Effect.fnUntraced(function*(jobs: Stream.Stream<SubmitJob, BadInput>) {
  const api = yield* gateway
  const asJson = yield* Output.jsonFlag
  const showProgress = process.stderr.isTTY
  let accepted = 0
  let refused = 0
  yield* jobs.pipe(
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
    Effect.mapError((error) =>
      error._tag === "BadInput" && accepted > 0
        ? new BadInput({ detail: `${error.detail}; ${accepted} before it were accepted, do not submit them again` })
        : error
    )
  )
  if (showProgress) process.stderr.write("\n")
  if (accepted + refused === 0) return yield* new NoInput()
  if (!asJson) yield* Output.lines([`${accepted} accepted, ${refused} refused`])
  if (refused > 0) return yield* new BadInput({ detail: `${refused} of ${accepted + refused} jobs were refused` })
})

/** Looks until the job has ended. */
const awaitEnd = Effect.fnUntraced(function*(jobId: JobId) {
  const api = yield* readModel
  const job = yield* api.jobs.get({ params: { jobId } }).pipe(
    Effect.repeat({
      schedule: Schedule.spaced(pollInterval),
      until: ({ status }) => status === "completed" || status === "dead" || status === "cancelled"
    })
  )
  yield* Output.print(job, ({ attempt, id, result, status }) => [
    `${id}  ${Output.status(status)} after ${attempt} attempt${attempt === 1 ? "" : "s"}`,
    ...(result === null ? [] : [`result  ${Output.safe(JSON.stringify(result))}`])
  ])
  if (job.status !== "completed") return yield* new Unsuccessful({ jobId, status: job.status })
})

export const submit = Command.make("submit", {
  type: Argument.String("type").pipe(
    Argument.withDescription("Job type, such as http.request; absent when jobs come from --file or standard input"),
    Argument.withSchema(JobTypeName),
    Argument.optional
  ),
  payload: Flag.String("payload").pipe(
    Flag.withAlias("p"),
    Flag.withDescription("JSON object, or @FILE"),
    Flag.withMetavar("JSON"),
    Flag.optional
  ),
  queue: Flag.String("queue").pipe(
    Flag.withAlias("q"),
    Flag.withDescription("Default: default"),
    Flag.withSchema(QueueName),
    Flag.optional
  ),
  priority: Flag.Int("priority").pipe(Flag.withDescription("0 to 9, 9 goes first. Default: 5"), Flag.optional),
  at: Flag.Date("at").pipe(Flag.withDescription("Not before this time, ISO 8601"), Flag.optional),
  delay: Flag.Int("delay").pipe(Flag.withDescription("Not before this many seconds from now"), Flag.optional),
  maxAttempts: Flag.Int("max-attempts").pipe(Flag.withDescription("Default: what the type says"), Flag.optional),
  timeout: Flag.Int("timeout").pipe(
    Flag.withDescription("Milliseconds of one attempt. Default: what the type says"),
    Flag.optional
  ),
  deadline: Flag.Date("deadline").pipe(Flag.withDescription("Time by which it must have ended"), Flag.optional),
  tag: Flag.String("tag").pipe(Flag.withDescription("May be repeated"), Flag.atLeast(0)),
  correlationId: Flag.String("correlation-id").pipe(Flag.withDescription("What the job belongs to"), Flag.optional),
  key: Flag.String("idempotency-key").pipe(
    Flag.withAlias("k"),
    Flag.withDescription("The same key makes no second job. Default: a new one"),
    Flag.optional
  ),
  file: Flag.String("file").pipe(
    Flag.withAlias("f"),
    Flag.withDescription("Jobs from a file, one JSON document per line; - is standard input"),
    Flag.withMetavar("FILE"),
    Flag.optional
  ),
  wait: Flag.Boolean("wait").pipe(
    Flag.withAlias("w"),
    Flag.withDescription("Wait for the end; fails when the job does not complete"),
    Flag.withDefault(false)
  )
}, (flags) =>
  Effect.gen(function*() {
    if (Option.isNone(flags.type)) {
      const file = Option.getOrElse(flags.file, () => "-")
      if (file === "-" && process.stdin.isTTY) {
        return yield* new NoInput()
      }
      return yield* submitAll(jobLines(file === "-" ? process.stdin : createReadStream(file)))
    }
    const fs = yield* FileSystem.FileSystem
    const text = Option.getOrElse(flags.payload, () => "{}")
    const payload = yield* objectOf(text.startsWith("@") ? yield* fs.readFileString(text.slice(1)) : text)
    const runAt = Option.isSome(flags.delay)
      ? Option.some(new Date(Date.now() + flags.delay.value * 1_000))
      : flags.at
    const api = yield* gateway
    const accepted = yield* api.jobs.submit({
      headers: { "idempotency-key": Option.getOrElse(flags.key, () => randomUUID()) },
      payload: {
        type: flags.type.value,
        payload,
        ...(Option.isNone(flags.queue) ? {} : { queue: flags.queue.value }),
        ...(Option.isNone(flags.priority) ? {} : { priority: flags.priority.value }),
        ...(Option.isNone(runAt) ? {} : { runAt: DateTime.fromDateUnsafe(runAt.value) }),
        ...(Option.isNone(flags.maxAttempts) ? {} : { maxAttempts: flags.maxAttempts.value }),
        ...(Option.isNone(flags.timeout) ? {} : { timeoutMillis: flags.timeout.value }),
        ...(Option.isNone(flags.deadline) ? {} : { deadline: DateTime.fromDateUnsafe(flags.deadline.value) }),
        ...(Option.isNone(flags.correlationId) ? {} : { correlationId: flags.correlationId.value }),
        ...(flags.tag.length === 0 ? {} : { tags: flags.tag })
      }
    })
    if (flags.wait) return yield* awaitEnd(accepted.jobId)
    yield* Output.print(accepted, ({ jobId, status }) => [`${jobId}  ${Output.status(status)}`])
  })).pipe(
    Command.withDescription("Submit jobs"),
    Command.withExamples([
      {
        command: "odd-dashboard submit demo.sleep --payload '{\"ms\":500}' --wait",
        description: "One job, and its end"
      },
      {
        command: "odd-dashboard submit http.request -p '{\"url\":\"http://localhost:3000/healthz\"}' --tag check",
        description: "A real request"
      },
      { command: "odd-dashboard submit < jobs.ndjson", description: "One job per line, with progress" }
    ])
  )
