/** The command line: every command of the system. */
import { Command } from "effect/cli"
import { serve } from "./commands/serve.ts"
import { up } from "./commands/up.ts"

export const cli = Command.make("odd-dashboard").pipe(
  Command.withDescription("Distributed Task Observatory: run background jobs, and see what happened to every one of them"),
  Command.withSubcommands([up, serve])
)
