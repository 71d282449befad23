/** `logs`: what the programs say, of the cluster or of the embedded system that the dashboard started. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { homeFlag, homeOf } from "../home.ts"
import { refuseForeign } from "../NotTogether.ts"

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
    yield* refuseForeign("logs", cluster, {
      ofCluster: { "--previous": previous, "the name of a program": Option.isSome(program) },
      ofEmbedded: { "--home": Option.isSome(home) }
    })
    if (cluster) {
      const { clusterLogs } = yield* Effect.promise(() => import("../cluster/clusterLogs.ts"))
      return yield* clusterLogs({ program: Option.getOrUndefined(program), follow, previous, tail })
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
