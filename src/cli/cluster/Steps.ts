/**
 * The steps of a start, as they are told: to people line by line, to scripts and to the dashboard as one JSON document per
 * line. A step that fails says why, and what to do about it.
 */
import { Clock, Context, Effect, Runtime, Schema } from "effect"
import { exitCodes } from "../exitCodes.ts"

export const StepName = Schema.Literals([
  "prerequisites",
  "cluster",
  "images",
  "load",
  "secrets",
  "manifests",
  "workloads",
  "proof"
])
export type StepName = typeof StepName.Type

/** One line of what `up --cluster --json` prints. */
export const StepEvent = Schema.Struct({
  step: StepName,
  state: Schema.Literals(["started", "progress", "done", "skipped", "failed"]),
  /** Since the step began. */
  seconds: Schema.Number,
  detail: Schema.optionalKey(Schema.String),
  cause: Schema.optionalKey(Schema.String),
  remedy: Schema.optionalKey(Schema.String)
})
export type StepEvent = typeof StepEvent.Type

/** What people read of each step. */
export const titles: Readonly<Record<StepName, string>> = {
  prerequisites: "check what it needs",
  cluster: "kind cluster",
  images: "images",
  load: "load the images into the cluster",
  secrets: "secrets",
  manifests: "apply the manifests",
  workloads: "wait until everything runs",
  proof: "run a job as proof"
}

/** Why something of the cluster did not work, and what to do. */
export class Trouble extends Schema.TaggedError<Trouble>()("ClusterTrouble", {
  cause: Schema.String,
  remedy: Schema.String,
  exitCode: Schema.optionalKey(Schema.Int)
}) {
  override get [Runtime.errorExitCode]() {
    return this.exitCode ?? exitCodes.failure
  }
  override get message() {
    return `${this.cause}; ${this.remedy}`
  }
}

/** Who hears of the steps. */
export class Listener extends Context.Service<Listener, {
  readonly tell: (event: StepEvent) => Effect.Effect<void>
}>()("odto/cli/cluster/Listener") {}

/** How a step ended: `skipped` when there was nothing to do. */
export interface Ended {
  readonly state: "done" | "skipped"
  readonly detail: string
}
export const done = (detail: string): Ended => ({ state: "done", detail })
export const skipped = (detail: string): Ended => ({ state: "skipped", detail })

export type Say = (detail: string) => void

/** By when all of it has to be done. */
export interface Budget {
  readonly endsAt: number
  readonly seconds: number
}

/** Runs one step and tells of it. `outOfTime`: what is known of the cause when the time is up. */
export const step = <A extends Ended, R>(
  name: StepName,
  budget: Budget,
  body: (say: Say) => Effect.Effect<A, Trouble, R>,
  outOfTime: (lastSaid: string | undefined) => Trouble = (lastSaid) =>
    new Trouble({
      cause: `not done within ${budget.seconds} s${lastSaid === undefined ? "" : `; at last: ${lastSaid}`}`,
      remedy: "run it again, it goes on where it was; --timeout gives it more seconds",
      exitCode: exitCodes.tryAgain
    })
) =>
  Effect.gen(function*() {
    const { tell } = yield* Listener
    const context = yield* Effect.context()
    const startedAt = yield* Clock.currentTimeMillis
    const seconds = Effect.map(Clock.currentTimeMillis, (now) => Math.round((now - startedAt) / 100) / 10)
    const event = (state: StepEvent["state"], more: Partial<StepEvent> = {}) =>
      Effect.flatMap(seconds, (seconds) => tell({ step: name, state, seconds, ...more }))
    yield* event("started")
    let lastSaid: string | undefined
    const say: Say = (detail) => {
      lastSaid = detail
      Effect.runSyncWith(context)(event("progress", { detail }))
    }
    return yield* body(say).pipe(
      Effect.timeoutOrElse({
        duration: Math.max(0, budget.endsAt - startedAt),
        orElse: () => Effect.fail(outOfTime(lastSaid))
      }),
      Effect.tap(({ detail, state }) => event(state, { detail })),
      Effect.tapError(({ cause, remedy }) => event("failed", { cause, remedy }))
    )
  })
