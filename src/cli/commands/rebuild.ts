/** `rebuild live`: counts the live numbers again from the archive. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { readModel } from "../api.ts"
import * as Output from "../Output.ts"

const live = Command.make("live", {}, () =>
  Effect.gen(function*() {
    const api = yield* readModel
    yield* Output.print(yield* api.system.rebuildLive(), () => [
      "the live numbers are being counted again; odd-dashboard stats shows when they are whole"
    ])
  })).pipe(
    Command.withDescription("Forget the live numbers and count them again from the archive"),
    Command.withExamples([{
      command: "odd-dashboard rebuild live",
      description: "After Redis lost its data, or was filled by an older version"
    }])
  )

export const rebuild = Command.make("rebuild").pipe(
  Command.withDescription("Rebuild what can be rebuilt"),
  Command.withExamples([{ command: "odd-dashboard rebuild live", description: "The live numbers, from the archive" }]),
  Command.withSubcommands([live])
)
