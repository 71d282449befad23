/**
 * The client of a real PostgreSQL server: sessions with the settings that the protocol relies on, proven to work before
 * anybody uses them.
 *
 * The pool heals by itself: a session that breaks fails the statements on it and is replaced at the next use, so that
 * after a restart of the server callers have nothing to do but to repeat.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, type Layer, Redacted, Schedule, Schema } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { keepFailures } from "./brokenTransactions.ts"
import { sqlState } from "./storeError.ts"

/** What the statements are written for. */
const oldestServer = 15

/** Servers that start together with us are up by then; whoever waits longer wants to be told. */
const startPatience = Duration.seconds(15)
/** Short against the start of a server, long against a refused connection. */
const askAgainAfter = Duration.millis(250)
/** A host that swallows packets costs one attempt, not the whole patience. */
const connectTimeout = Duration.seconds(5)

/** Batches keep two processors busy with four sessions; the rest is for readers beside them. */
const defaultMaxConnections = 8
/** Sessions cost the server memory, opening one costs a caller 5 ms. */
const idleTimeout = Duration.minutes(10)
/** The server may be gone without a word; then a session that waits for it fails within this and ten probes. */
const keepAlive = Duration.seconds(10)

/**
 * Settings of every session. An answered commit is on disk; whoever stalls inside a transaction or waits for a lock
 * holds up others for a bounded time; the compiler for expressions would cost batches more than it saves.
 *
 * They travel in the startup packet: a pooler in between must let them pass.
 */
const sessionSettings = {
  synchronous_commit: "on",
  idle_in_transaction_session_timeout: "5s",
  statement_timeout: "30s",
  lock_timeout: "5s",
  TimeZone: "UTC",
  jit: "off",
  // A plan lasts as long as its session. One that was made while a table was small must not read it whole for each job
  // of a batch when it has grown.
  enable_seqscan: "off"
}

/** The server cannot be used. `reason` is for people and never holds a password. */
export class PostgresUnavailable extends Schema.TaggedError<PostgresUnavailable>()("PostgresUnavailable", {
  host: Schema.String,
  port: Schema.Int,
  database: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `PostgreSQL at ${this.host}:${this.port}, database ${this.database}: ${this.reason}`
  }
}

export interface Options {
  /** `postgres://user:password@host:port/database`, with `sslmode` and the like as libpq has them. */
  readonly url: Redacted.Redacted
  /** What `pg_stat_activity` and the log of the server call us. */
  readonly applicationName: string
  /** Default: 8. */
  readonly maxConnections?: number | undefined
  /** How long to wait for a server that does not answer at the start. Default: 15 seconds. */
  readonly patience?: Duration.Duration | undefined
}

/**
 * The client, once the server has answered. Fails at once when waiting cannot help: a wrong password, a database that
 * does not exist, a server that is too old.
 */
export const layer = (options: Options): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, PostgresUnavailable> =>
  PgClient.layerFrom(Effect.gen(function*() {
    const unavailable = describe(options.url)
    if (!isPostgresUrl(Redacted.value(options.url))) return yield* unavailable("not a postgres:// URL")
    const client = yield* PgClient.make({
      url: options.url,
      applicationName: options.applicationName,
      maxConnections: options.maxConnections ?? defaultMaxConnections,
      idleTimeout,
      connectTimeout,
      keepAlive,
      startupParameters: sessionSettings
    }).pipe(Effect.mapError((error) => unavailable(reasonOf(error))))
    const version = yield* probe(client).pipe(
      Effect.retry({
        while: mayPass,
        schedule: Schedule.spaced(askAgainAfter).pipe(
          Schedule.upTo({ duration: options.patience ?? startPatience })
        )
      }),
      Effect.mapError((error) => unavailable(reasonOf(error)))
    )
    if (version < oldestServer) return yield* unavailable(`version ${version} is older than ${oldestServer}`)
    return keepFailures(client)
  }))

/** The major version of the server that answers. */
const probe = (sql: PgClient.PgClient) =>
  Effect.map(
    sql<{ readonly version: number }>`SELECT current_setting('server_version_num')::int4 / 10000 AS version`,
    ([row]) => row?.version ?? 0
  )

const isPostgresUrl = (url: string) => URL.canParse(url) && /^postgres(ql)?:$/.test(new URL(url).protocol)

/** Where the URL points to, without what it keeps secret. */
const describe = (url: Redacted.Redacted) => (reason: string): PostgresUnavailable => {
  const parsed = URL.canParse(Redacted.value(url)) ? new URL(Redacted.value(url)) : undefined
  const user = decodeURIComponent(parsed?.username ?? "")
  return new PostgresUnavailable({
    host: parsed?.searchParams.get("host") ?? (decodeURIComponent(parsed?.hostname ?? "") || "localhost"),
    port: Number(parsed?.searchParams.get("port") ?? (parsed?.port || 5432)),
    database: parsed?.searchParams.get("dbname") ?? (decodeURIComponent(parsed?.pathname.slice(1) ?? "") || user),
    reason
  })
}

/** Starting, stopping or recovering; out of sessions. */
const passingStates = new Set(["57P03", "57P01", "53300"])

/** Nobody answers yet, or the server says itself that it is about to. */
const mayPass = ({ reason }: SqlError.SqlError): boolean =>
  reason._tag === "ConnectionError" || passingStates.has(sqlState(reason.cause) ?? "")

/** The words of the system or the server, which are those of the innermost error. */
const reasonOf = ({ message, reason: { cause } }: SqlError.SqlError): string => {
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message
  return cause instanceof Error && cause.message !== "" ? cause.message : message
}
