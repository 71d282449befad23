/** `submit`: one job from flags, or many from a file or standard input. */
import {
  CorrelationId,
  IdempotencyKey,
  type JobId,
  JobTypeName,
  JsonObject,
  MaxAttempts,
  Priority,
  QueueName,
  Tag,
  TimeoutMillis
} from "#domain/Job.ts"
import { DateTime, Effect, FileSystem, Option, Result, Runtime, Schedule, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { randomUUID } from "node:crypto"
import { createReadStream } from "node:fs"
import { gateway, readModel } from "../api.ts"
import { DelaySeconds } from "../DelaySeconds.ts"
import { exitCodes } from "../exitCodes.ts"
import * as Output from "../Output.ts"
import { BadInput, NoInput, submitLines } from "../submitLines.ts"

const pollInterval = "100 millis"

/** Flags that contradict each other: whichever was obeyed, the other would be passed over in silence. */
class Contradiction extends Schema.TaggedError<Contradiction>()("Contradiction", { detail: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
  override get message() {
    return `${this.detail}; see: odd-dashboard submit --help`
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
const objectOf = (text: string) => {
  const read = decodeObject(text)
  return Result.isSuccess(read)
    ? Effect.succeed(read.success)
    : Effect.fail(new BadInput({ detail: `--payload is not a JSON object: ${read.failure.message.split("\n", 1)[0]}` }))
}

/** A read model that restarts is waited for: the job goes on meanwhile. */
const untilItAnswers = Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 60 }))
const isPassing = ({ _tag }: { readonly _tag: string }): boolean =>
  _tag === "HttpClientError" || _tag === "Unavailable" || _tag === "TooManyRequests"

/** Looks until the job has ended. */
const awaitEnd = Effect.fnUntraced(function*(jobId: JobId) {
  const api = yield* readModel
  const job = yield* api.jobs.get({ params: { jobId } }).pipe(
    Effect.retry({ schedule: untilItAnswers, while: isPassing }),
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

/** Those that were given. Of jobs in a file each says for itself what these say, and none is waited for. */
const flagsOfOneJob = (
  flags:
    & {
      readonly [Flag in "payload" | "queue" | "priority" | "at" | "delay" | "deadline"]: Option.Option<unknown>
    }
    & { readonly [Flag in "maxAttempts" | "timeout" | "correlationId" | "key"]: Option.Option<unknown> }
    & { readonly tag: ReadonlyArray<string>; readonly wait: boolean }
): ReadonlyArray<string> =>
  Object.entries({
    "--payload": Option.isSome(flags.payload),
    "--queue": Option.isSome(flags.queue),
    "--priority": Option.isSome(flags.priority),
    "--at": Option.isSome(flags.at),
    "--delay": Option.isSome(flags.delay),
    "--max-attempts": Option.isSome(flags.maxAttempts),
    "--timeout": Option.isSome(flags.timeout),
    "--deadline": Option.isSome(flags.deadline),
    "--tag": flags.tag.length > 0,
    "--correlation-id": Option.isSome(flags.correlationId),
    "--idempotency-key": Option.isSome(flags.key),
    "--wait": flags.wait
  }).flatMap(([name, isGiven]) => isGiven ? [name] : [])

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
  priority: Flag.Int("priority").pipe(
    Flag.withDescription("0 to 9, 9 goes first. Default: 5"),
    Flag.withSchema(Priority),
    Flag.optional
  ),
  at: Flag.Date("at").pipe(Flag.withDescription("Not before this time, ISO 8601"), Flag.optional),
  delay: Flag.Int("delay").pipe(
    Flag.withDescription("Not before this many seconds from now"),
    Flag.withSchema(DelaySeconds),
    Flag.optional
  ),
  maxAttempts: Flag.Int("max-attempts").pipe(
    Flag.withDescription("1 to 100. Default: what the type says"),
    Flag.withSchema(MaxAttempts),
    Flag.optional
  ),
  timeout: Flag.Int("timeout").pipe(
    Flag.withDescription("Milliseconds of one attempt. Default: what the type says"),
    Flag.withSchema(TimeoutMillis),
    Flag.optional
  ),
  deadline: Flag.Date("deadline").pipe(Flag.withDescription("Time by which it must have ended"), Flag.optional),
  tag: Flag.String("tag").pipe(Flag.withDescription("May be repeated"), Flag.withSchema(Tag), Flag.atLeast(0)),
  correlationId: Flag.String("correlation-id").pipe(
    Flag.withDescription("What the job belongs to"),
    Flag.withSchema(CorrelationId),
    Flag.optional
  ),
  key: Flag.String("idempotency-key").pipe(
    Flag.withAlias("k"),
    Flag.withDescription("The same key makes no second job. Default: a new one"),
    Flag.withSchema(IdempotencyKey),
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
    if (Option.isSome(flags.at) && Option.isSome(flags.delay)) {
      return yield* new Contradiction({ detail: "--at and --delay name two times" })
    }
    if (Option.isNone(flags.type)) {
      const [flag] = flagsOfOneJob(flags)
      if (flag !== undefined) {
        return yield* new Contradiction({
          detail: `${flag} is of one job, whose type is missing; a line says it itself`
        })
      }
      const file = Option.getOrElse(flags.file, () => "-")
      if (file === "-" && process.stdin.isTTY) {
        return yield* new NoInput()
      }
      return yield* submitLines(file === "-" ? process.stdin : createReadStream(file))
    }
    if (Option.isSome(flags.file)) {
      return yield* new Contradiction({
        detail: "jobs come from --file or from a job type on the command line, not both"
      })
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
