/** Whether this program can start a cluster: whether its `up` takes `--cluster`. */
import { Effect } from "effect"
import { type Command, Completions } from "effect/cli"

export const takesCluster = (up: Command.Command.Any): boolean =>
  Completions.fromCommand(up).flags.some(({ name }) => name === "cluster")

export const hasClusterCommand = Effect.promise(() => import("../../commands/up.ts")).pipe(
  Effect.map(({ up }) => takesCluster(up))
)
