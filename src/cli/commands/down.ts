/** `down`: stops the embedded system that holds the data folder. */
import { Effect, Option, Runtime, Schedule, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { exitCodes } from "../exitCodes.ts"
import { homeFlag, homeOf } from "../home.ts"
import * as Output from "../Output.ts"

class NothingRuns extends Schema.TaggedError<NothingRuns>()("NothingRuns", { folder: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.unavailable
  override get message() {
    return `no system runs on ${this.folder}; start one with: odd-dashboard up`
  }
}

class StillRuns extends Schema.TaggedError<StillRuns>()("StillRuns", { pid: Schema.Int, seconds: Schema.Int }) {
  override readonly [Runtime.errorExitCode] = exitCodes.tryAgain
  override get message() {
    return `process ${this.pid} still runs after ${this.seconds} s; wait, or end it at once with: odd-dashboard down --now`
  }
}

const askEvery = "100 millis"

export const down = Command.make("down", {
  home: homeFlag,
  now: Flag.Boolean("now").pipe(
    Flag.withDescription("Do not wait for running jobs: they run again at the next start"),
    Flag.withDefault(false)
  ),
  wait: Flag.Int("wait").pipe(
    Flag.withDescription("Seconds to wait for its end. Default: 60"),
    Flag.withDefault(60)
  )
}, ({ home, now, wait }) =>
  Effect.gen(function*() {
    const { DataFolder } = yield* Effect.promise(() => import("#infra/pglite/DataFolder.ts"))
    const folder = yield* homeOf(home)
    const holder = yield* DataFolder.holder(folder)
    if (Option.isNone(holder)) return yield* new NothingRuns({ folder })
    const { pid } = holder.value
    process.kill(pid, now ? "SIGKILL" : "SIGTERM")
    yield* Effect.suspend(() => DataFolder.holder(folder)).pipe(
      Effect.repeat({ while: Option.isSome, schedule: Schedule.spaced(askEvery) }),
      Effect.timeoutOrElse({
        duration: `${wait} seconds`,
        orElse: () => Effect.fail(new StillRuns({ pid, seconds: wait }))
      })
    )
    yield* Output.print({ stopped: pid, folder }, () => [`stopped process ${pid}; its data stays in ${folder}`])
  })).pipe(
    Command.withDescription("Stop the system that `up` started"),
    Command.withExamples([{ command: "odd-dashboard down", description: "Running jobs get time to end" }])
  )
