/** `logs`: what the programs say, of the cluster or of the embedded system that the dashboard started. */
import { Effect, Option, Runtime, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { exitCodes } from "../exitCodes.ts"
import { homeFlag, homeOf } from "../home.ts"

/** What is of a cluster, without one. */
class OfCluster extends Schema.TaggedError<OfCluster>()("OfCluster", { what: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
  override get message() {
    return `${this.what} is of a cluster; see: odd-dashboard logs --help`
  }
}

const defaultTail = 200

export const logs = Command.make("logs", {
  program: Argument.String("program").pipe(
    Argument.withDescription("With --cluster: of this one, such as gateway or postgres. Default: of all"),
    Argument.optional
  ),
  cluster: Flag.Boolean("cluster").pipe(
    Flag.withDescription("Of the programs in the kind cluster"),
    Flag.withDefault(false)
  ),
  follow: Flag.Boolean("follow").pipe(
    Flag.withAlias("f"),
    Flag.withDescription("Go on with what is said from now on"),
    Flag.withDefault(false)
  ),
  previous: Flag.Boolean("previous").pipe(
    Flag.withDescription("With --cluster: of the run before the last restart"),
    Flag.withDefault(false)
  ),
  tail: Flag.Int("tail").pipe(
    Flag.withDescription(`Lines from the end. Default: ${defaultTail}`),
    Flag.filter((lines) => lines >= 0, (lines) => `must not be negative, got ${lines}`),
    Flag.withDefault(defaultTail)
  ),
  home: homeFlag
}, ({ cluster, follow, home, previous, program, tail }) =>
  Effect.gen(function*() {
    if (cluster) {
      const { clusterLogs } = yield* Effect.promise(() => import("../cluster/clusterLogs.ts"))
      return yield* clusterLogs({ program: Option.getOrUndefined(program), follow, previous, tail })
    }
    if (Option.isSome(program) || previous) {
      return yield* new OfCluster({ what: previous ? "--previous" : `a program such as ${Option.getOrThrow(program)}` })
    }
    const { embeddedLog } = yield* Effect.promise(() => import("../embeddedLog.ts"))
    yield* embeddedLog(yield* homeOf(home), { isFollowed: follow, tail })
  })).pipe(
    Command.withDescription(
      "What the programs of a cluster say, or the embedded system that the dashboard has started"
    ),
    Command.withExamples([
      { command: "odd-dashboard logs --cluster gateway --follow", description: "As it is said" },
      { command: "odd-dashboard logs --cluster processor --previous", description: "Last words before a restart" },
      { command: "odd-dashboard logs", description: "Of the embedded system that the dashboard has started" }
    ])
  )
