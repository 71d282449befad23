/**
 * How a command that failed says so: one line on standard error with the next step, and an exit code for scripts. With
 * `--json` the line is a problem document. `ODTO_DEBUG=1` adds where it happened.
 */
import { Cause, Effect, Option, Predicate, Runtime } from "effect"
import { CliError } from "effect/cli"
import { HttpClientError } from "effect/http"
import { exitCodes } from "./exitCodes.ts"
import { asTyped } from "./invocation.ts"
import { portHolder } from "./portHolder.ts"
import { codeOfStatus, problemIn, problemLine } from "./problemLines.ts"

export interface Failure {
  readonly exitCode: number
  /** One line; commands in it are those of an installed package. */
  readonly message: string
  /** What `--json` prints. */
  readonly document: object
}

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
  PlatformError: exitCodes.refused,
  StoreError: exitCodes.unavailable,
  BrokerError: exitCodes.unavailable,
  ArchiveError: exitCodes.unavailable,
  LiveStatsError: exitCodes.unavailable,
  MongoError: exitCodes.unavailable,
  RedisError: exitCodes.unavailable,
  SchemaDiffers: exitCodes.configuration,
  TokenNotFound: exitCodes.notFound,
  TokenNameTaken: exitCodes.refused
}

const tagOf = (error: unknown): string =>
  Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? error._tag : "Unexpected"

const oneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/gu, " ")

/** The error in one line, without a next step. */
export const messageOf = (error: unknown): string =>
  oneLine(error instanceof Error && error.message !== "" ? error.message : String(error))

/** `odto/CannotListen` → `cannot-listen`. */
const kebab = (tag: string): string => tag.replaceAll(/(?<=[a-z])(?=[A-Z])/gu, "-").toLowerCase()

const failure = (error: unknown, exitCode: number, message: string): Failure => ({
  exitCode,
  message,
  document: { type: `urn:odto:cli:${kebab(tagOf(error))}`, title: asTyped(message), exitCode }
})

/** The network's own name for what went wrong, at the bottom of the causes. */
const networkCode = (cause: unknown): string | undefined => {
  if (Predicate.hasProperty(cause, "code") && typeof cause.code === "string") return cause.code
  return Predicate.hasProperty(cause, "cause") ? networkCode(cause.cause) : undefined
}

/** Nobody has read the request. */
const unreached = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT"
])

const ofHttp = (error: HttpClientError.HttpClientError): Failure => {
  const { reason } = error
  const at = URL.canParse(reason.request.url) ? new URL(reason.request.url).origin : reason.request.url
  if (reason._tag === "TransportError") {
    const code = networkCode(reason.cause)
    return code === undefined || unreached.has(code)
      ? failure(
        error,
        exitCodes.unavailable,
        `nothing answers at ${at}${code === undefined ? "" : ` (${code})`}; start the system with: odd-dashboard up`
      )
      : failure(error, exitCodes.tryAgain, `the connection to ${at} broke (${code}); see: odd-dashboard status`)
  }
  if (reason._tag === "InvalidUrlError") {
    return failure(
      error,
      exitCodes.usage,
      `${reason.request.url} is no address; see ODTO_GATEWAY_URL, ODTO_READ_MODEL_URL, --gateway and --read-model`
    )
  }
  const status = "response" in reason ? reason.response.status : undefined
  return failure(
    error,
    status === undefined ? exitCodes.failure : Math.max(codeOfStatus(status), exitCodes.failure),
    `${at} does not answer like this version of the system${
      status === undefined ? "" : ` (status ${status})`
    }; see who listens there with: odd-dashboard doctor`
  )
}

const ofUsage = (error: CliError.CliError): Failure => {
  const errors = error._tag === "ShowHelp" ? error.errors : [error]
  const path = error._tag === "ShowHelp" ? error.commandPath : ["odd-dashboard"]
  if (errors.length === 0) return failure(error, exitCodes.ok, "")
  const said = errors.map((each) => oneLine(each.message).replace(/^[A-Z](?=[a-z])/u, (letter) => letter.toLowerCase()))
  return failure(errors[0], exitCodes.usage, `${said.join("; ")}; see: ${path.join(" ")} --help`)
}

/** Says which process has the port. */
const ofTakenPort = (error: unknown, port: number, portVariable: string): Failure => {
  const holder = portHolder(port)
  const by = holder === undefined ? "" : ` by process ${holder.pid} (${holder.command})`
  const free = `${portVariable}=${port === 65_535 ? port - 1 : port + 1}`
  return failure(
    error,
    exitCodes.unavailable,
    `port ${port} is taken${by}; end that process, or choose another port with ${portVariable}, for example ${free}`
  )
}

/** Steps that only the command line knows. */
const nextSteps: Readonly<Record<string, string>> = {
  DataFolderHeld: "use it as it is, stop it with: odd-dashboard down",
  PostgresUnavailable: "see what is wrong with: odd-dashboard doctor",
  StoreError: "see what is wrong with: odd-dashboard doctor"
}

const ownCode = (error: unknown): number | undefined =>
  Predicate.hasProperty(error, Runtime.errorExitCode) && typeof error[Runtime.errorExitCode] === "number"
    ? error[Runtime.errorExitCode]
    : undefined

/** What the error means at the keyboard. */
export const failureOf = (error: unknown): Failure => {
  if (CliError.isCliError(error)) return ofUsage(error)
  const problem = problemIn(error)
  if (Option.isSome(problem)) {
    const { value } = problem
    return {
      exitCode: codeOfStatus(value.status),
      message: problemLine(value),
      document: JSON.parse(JSON.stringify(error))
    }
  }
  if (HttpClientError.isHttpClientError(error)) return ofHttp(error)
  const tag = tagOf(error)
  if (
    tag === "CannotListen" && Predicate.hasProperty(error, "port") && typeof error.port === "number" &&
    Predicate.hasProperty(error, "portVariable") && typeof error.portVariable === "string" &&
    Predicate.hasProperty(error, "code") && error.code === "EADDRINUSE"
  ) return ofTakenPort(error, error.port, error.portVariable)
  const exitCode = ownCode(error) ?? codes[tag] ?? exitCodes.failure
  const next = nextSteps[tag] ?? (tag === "Unexpected" ? "ODTO_DEBUG=1 shows where" : undefined)
  return failure(error, exitCode, messageOf(error) + (next === undefined ? "" : `; ${next}`))
}

/** Whether the command line asks for JSON; it may be one that could not be understood. */
const wantsJson = (args: ReadonlyArray<string>): boolean => {
  const end = args.indexOf("--")
  return (end === -1 ? args : args.slice(0, end)).includes("--json")
}

/** Tells what failed; the process ends with the code when everything is put away. */
export const report = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.sync(() => {
    const { document, exitCode, message } = failureOf(Cause.squash(cause))
    process.exitCode = exitCode
    if (message === "") return
    process.stderr.write(
      wantsJson(process.argv.slice(2)) ? `${JSON.stringify(document)}\n` : `odd-dashboard: ${asTyped(message)}\n`
    )
    if (process.env["ODTO_DEBUG"] === "1") process.stderr.write(`${Cause.pretty(cause)}\n`)
  })
