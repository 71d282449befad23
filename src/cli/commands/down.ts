/** `down`: stops the embedded system that holds the data folder, or deletes the cluster. */
import { Effect, Option, Runtime, Schedule, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { exitCodes } from "../exitCodes.ts"
import { homeFlag, homeOf } from "../home.ts"
import { refuseForeign } from "../NotTogether.ts"
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
const endsWithinSeconds = 60

export const down = Command.make("down", {
  home: homeFlag,
  now: Flag.Boolean("now").pipe(
    Flag.withDescription("Do not wait for running jobs: they run again at the next start"),
    Flag.withDefault(false)
  ),
  wait: Flag.Int("wait").pipe(
    Flag.withDescription(`Seconds to wait for its end. Default: ${endsWithinSeconds}`),
    Flag.optional
  ),
  cluster: Flag.Boolean("cluster").pipe(
    Flag.withDescription("Delete the kind cluster with everything in it"),
    Flag.withDefault(false)
  ),
  yes: Flag.Boolean("yes").pipe(
    Flag.withAlias("y"),
    Flag.withDescription("With --cluster: do not ask; needed where there is no terminal to ask on"),
    Flag.withDefault(false)
  )
}, ({ cluster, home, now, wait, yes }) =>
  Effect.gen(function*() {
    yield* refuseForeign("down", cluster, {
      ofCluster: { "--yes": yes },
      ofEmbedded: { "--home": Option.isSome(home), "--now": now, "--wait": Option.isSome(wait) }
    })
    if (cluster) {
      const { clusterDown } = yield* Effect.promise(() => import("../cluster/clusterDown.ts"))
      return yield* clusterDown({ yes })
    }
    const { DataFolder } = yield* Effect.promise(() => import("#infra/pglite/DataFolder.ts"))
    const folder = yield* homeOf(home)
    const holder = yield* DataFolder.holder(folder)
    if (Option.isNone(holder)) return yield* new NothingRuns({ folder })
    const { pid } = holder.value
    const seconds = Option.getOrElse(wait, () => endsWithinSeconds)
    process.kill(pid, now ? "SIGKILL" : "SIGTERM")
    yield* Effect.suspend(() => DataFolder.holder(folder)).pipe(
      Effect.repeat({ while: Option.isSome, schedule: Schedule.spaced(askEvery) }),
      Effect.timeoutOrElse({
        duration: `${seconds} seconds`,
        orElse: () => Effect.fail(new StillRuns({ pid, seconds }))
      })
    )
    yield* Output.print({ stopped: pid, folder }, () => [`stopped process ${pid}; its data stays in ${folder}`])
  })).pipe(
    Command.withDescription("Stop the system that `up` started, or delete the cluster"),
    Command.withExamples([
      { command: "odd-dashboard down", description: "Running jobs get time to end" },
      { command: "odd-dashboard down --cluster", description: "Deletes the kind cluster with its data, after a yes" }
    ])
  )
