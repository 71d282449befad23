/** `secrets`: new passwords and tokens for a cluster or a compose file of one's own. */
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { randomBytes } from "node:crypto"
import * as Output from "../Output.ts"

export const secrets = Command.make("secrets", {
  format: Flag.Literals("format", ["kubernetes", "env"]).pipe(
    Flag.withDescription("kubernetes: for `kubectl apply -f -`; env: lines for a file that compose reads")
  )
}, ({ format }) =>
  Effect.gen(function*() {
    const { complete, environmentLines, kubernetesList } = yield* Effect.promise(() => import("../cluster/secrets.ts"))
    const made = complete(randomBytes)
    yield* Output.note("new ones every time, and kept nowhere: they are on standard output only")
    yield* format === "kubernetes" ? Output.json(kubernetesList(made)) : Output.lines(environmentLines(made))
  })).pipe(
    Command.withDescription("Make passwords and tokens for servers of your own; `up --cluster` makes its own"),
    Command.withExamples([
      {
        command: "odd-dashboard secrets --format kubernetes | kubectl apply --namespace odto -f -",
        description: "For a cluster of your own"
      },
      { command: "(umask 077; odd-dashboard secrets --format env > .env)", description: "For the compose file" }
    ])
  )
