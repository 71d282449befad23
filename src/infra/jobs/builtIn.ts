/** The job types that come with the system. */
import type { JobType } from "#domain/JobType.ts"
import { Config, Effect, Option } from "effect"
import { demoTypes } from "./demo.ts"
import { httpRequest } from "./HttpRequest.ts"
import { InvalidShellCommands, readShellCommands, shellCommand } from "./ShellCommand.ts"
import { InvalidSigningKey, parseSigningKey } from "./WebhookSignature.ts"

const reading = <A, E extends Error>(read: () => A, isExpected: (cause: unknown) => cause is E): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(read())
    } catch (cause) {
      return isExpected(cause) ? Effect.fail(cause) : Effect.die(cause)
    }
  })

/** Reads ODTO_SIGNING_KEY and ODTO_SHELL_COMMANDS. */
export const builtInTypes = Effect.gen(function*() {
  const signingKey = yield* Config.option(Config.String("ODTO_SIGNING_KEY"))
  const commandsFile = yield* Config.option(Config.String("ODTO_SHELL_COMMANDS"))
  const key = Option.isNone(signingKey) ? undefined : yield* reading(
    () => parseSigningKey(signingKey.value),
    (cause) => cause instanceof InvalidSigningKey
  )
  const types: Array<JobType> = [...demoTypes, httpRequest(key)]
  if (Option.isSome(commandsFile)) {
    types.push(shellCommand(
      yield* reading(
        () => readShellCommands(commandsFile.value),
        (cause) => cause instanceof InvalidShellCommands
      )
    ))
  }
  return types
})
