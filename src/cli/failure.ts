/** How a command that failed says so: one line on standard error with the next step, and an exit code for scripts. */
import { Cause, Effect, Predicate, Runtime } from "effect"
import { CliError } from "effect/cli"
import { exitCodes } from "./exitCodes.ts"

/** Exit codes of errors that do not carry their own. */
const codes: Readonly<Record<string, number>> = {
  CannotListen: exitCodes.unavailable,
  DataFolderHeld: exitCodes.unavailable,
  DataFolderTooNew: exitCodes.configuration,
  DataFolderUnusable: exitCodes.configuration,
  PgliteFailed: exitCodes.unavailable,
  PostgresUnavailable: exitCodes.unavailable,
  MigrationLocked: exitCodes.tryAgain,
  SchemaTooNew: exitCodes.configuration,
  SchemaTooOld: exitCodes.configuration,
  NoTokenYet: exitCodes.configuration,
  InvalidSigningKey: exitCodes.configuration,
  InvalidShellCommands: exitCodes.configuration,
  ConfigError: exitCodes.configuration,
  StoreError: exitCodes.unavailable
}

const codeOf = (error: unknown): number => {
  if (Predicate.hasProperty(error, Runtime.errorExitCode) && typeof error[Runtime.errorExitCode] === "number") {
    return error[Runtime.errorExitCode]
  }
  if (CliError.isCliError(error)) return exitCodes.usage
  return Predicate.hasProperty(error, "_tag") && typeof error._tag === "string"
    ? codes[error._tag] ?? exitCodes.failure
    : exitCodes.failure
}

const messageOf = (error: unknown): string =>
  error instanceof Error && error.message !== "" ? error.message : String(error)

/** Ends the process when the command has failed. `ODTO_DEBUG=1` shows where. */
export const report = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.sync(() => {
    const error = Cause.squash(cause)
    process.exitCode = codeOf(error)
    // The command line's own errors have been shown with the help.
    if (!CliError.isCliError(error)) process.stderr.write(`odd-dashboard: ${messageOf(error).split("\n", 1)[0]}\n`)
    if (process.env["ODTO_DEBUG"] === "1") process.stderr.write(`${Cause.pretty(cause)}\n`)
  })
