/** `down --cluster`: deletes the cluster with everything in it, after a yes. */
import { Effect, Runtime, Schema } from "effect"
import { Prompt } from "effect/cli"
import { rmSync } from "node:fs"
import { exitCodes } from "../exitCodes.ts"
import * as Output from "../Output.ts"
import { alone } from "./alone.ts"
import { remove } from "./ensureCluster.ts"
import { clusterName } from "./place.ts"
import { found } from "./reach.ts"

class NeedsYes extends Schema.TaggedError<NeedsYes>()("NeedsYes", {}) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
  override get message() {
    return `this deletes the cluster ${clusterName} with all its data; without a terminal to ask on, say so with: odd-dashboard down --cluster --yes`
  }
}

const isWanted = Effect.gen(function*() {
  if (!process.stdin.isTTY || !process.stdout.isTTY || (yield* Output.jsonFlag)) return yield* new NeedsYes()
  return yield* Prompt.run(Prompt.Confirm({ message: `Delete the cluster ${clusterName} with all its data?` }))
})

export const clusterDown = ({ yes }: { readonly yes: boolean }) =>
  Effect.gen(function*() {
    const { nodes, place } = yield* found
    yield* Output.note(
      `down --cluster removes the kind cluster ${clusterName} (${
        nodes.map(({ name }) => name).join(", ")
      }) with jobs, history, ` +
        `passwords and tokens in it, and the folder ${place.folder}; images stay in Docker`
    )
    if (!yes && !(yield* isWanted)) return yield* Output.note("nothing was removed")
    yield* Effect.scoped(Effect.andThen(alone(place), remove(place)))
    yield* Effect.sync(() => rmSync(place.folder, { recursive: true, force: true }))
    yield* Output.print(
      { deleted: clusterName, nodes: nodes.map(({ name }) => name) },
      () => [`the cluster ${clusterName} is deleted`]
    )
  })
