/**
 * Brings a database to the schema that this program knows.
 *
 * Any number of programs may start at once: one of them migrates, the others wait for it. The lock is an advisory one,
 * tried again and again outside of transactions: to wait inside of one would hold a snapshot open, for which a
 * concurrent index build waits in turn. A database that is newer than the program is left alone.
 */
import { Duration, Effect, Schedule, Schema } from "effect"
import { SqlClient, type SqlConnection, SqlError } from "effect/sql"

/** Statements by name, `0001_core`; the number is the version. One statement per item: the wire takes no more. */
export type Migrations = Readonly<Record<string, ReadonlyArray<string>>>

/** The table that holds what has been applied. */
const table = "odto_migrations"
/** Nobody else's: the letters "odtomigr" as one number. */
const lock = "8026668457806882674"
/** Whoever migrates millions of rows takes minutes; whoever waits longer for it should say so. */
const lockPatience = Duration.minutes(10)
/** A migration takes milliseconds to minutes; programs that start together lose at most this. */
const tryAgainAfter = Duration.millis(100)
/** Enough to find it by, in an error of one line. */
const shownOfStatement = 60

/** The database has seen a newer program than this one. Nothing has been changed. */
export class SchemaTooNew extends Schema.TaggedError<SchemaTooNew>()("SchemaTooNew", {
  found: Schema.Int,
  known: Schema.Int
}) {
  override get message() {
    return `the database has schema ${this.found}, this program knows ${this.known}: use a newer program`
  }
}

/** The database is behind: somebody has to migrate, or is doing so. */
export class SchemaTooOld extends Schema.TaggedError<SchemaTooOld>()("SchemaTooOld", {
  found: Schema.Int,
  needed: Schema.Int
}) {
  override get message() {
    return `the database has schema ${this.found}, this program needs ${this.needed}: run the migrations`
  }
}

/** Under a version that we know, the database has applied something else. Nothing has been changed. */
export class SchemaDiffers extends Schema.TaggedError<SchemaDiffers>()("SchemaDiffers", {
  version: Schema.Int,
  found: Schema.String,
  known: Schema.String
}) {
  override get message() {
    return `schema ${this.version} of the database is ${this.found}, this program knows it as ${this.known}`
  }
}

/** Somebody else has been migrating for longer than we wait. */
export class MigrationLocked extends Schema.TaggedError<MigrationLocked>()("MigrationLocked", {
  waitedMillis: Schema.Int
}) {
  override get message() {
    return `another program has been migrating the database for ${Math.round(this.waitedMillis / 1000)} s`
  }
}

/** One statement was refused. Its migration is undone, those before it stay. */
export class MigrationFailed extends Schema.TaggedError<MigrationFailed>()("MigrationFailed", {
  migration: Schema.String,
  /** The start of the statement. */
  statement: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    const reason = SqlError.isSqlError(this.cause) ? this.cause.reason.cause : this.cause
    return `${this.migration} failed at "${this.statement}": ${
      reason instanceof Error ? reason.message : String(reason)
    }`
  }
}

export type MigrationError = SchemaTooNew | SchemaDiffers | MigrationLocked | MigrationFailed | SqlError.SqlError

/** What `migrate` has done: the names that it applied, in their order, and the version that the database has. */
export interface Migrated {
  readonly applied: ReadonlyArray<string>
  readonly version: number
}

/** The version of a program that knows these migrations. */
export const latestVersion = (migrations: Migrations): number => inOrder(migrations).at(-1)?.version ?? 0

/** The version of the database; 0 when nothing has ever been applied. Takes no lock. */
export const currentVersion = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  return (yield* appliedOn((text) => sql.unsafe<Row>(text).unprepared)).at(-1)?.version ?? 0
})

/** For readiness: whether the database is at least at `needed`. */
export const requireVersion = Effect.fn("Migrations.requireVersion")(function*(needed: number) {
  const found = yield* currentVersion
  if (found < needed) return yield* new SchemaTooOld({ found, needed })
})

/** Applies what is missing, each migration in a transaction of its own. Without need it takes no lock. */
export const migrate = Effect.fn("Migrations.migrate")(
  function*(migrations: Migrations): Effect.fn.Return<Migrated, MigrationError, SqlClient.SqlClient> {
    const sql = yield* SqlClient.SqlClient
    const known = inOrder(migrations)
    const version = known.at(-1)?.version ?? 0
    const before = yield* appliedOn((text) => sql.unsafe<Row>(text).unprepared)
    if ((yield* missing(known, before)).length === 0) return { applied: [], version }
    return yield* Effect.scoped(Effect.gen(function*() {
      const run = runOn(yield* sql.reserve)
      yield* locked(run)
      yield* run(`CREATE TABLE IF NOT EXISTS ${table} (
        version integer PRIMARY KEY,
        name text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )`)
      const open = yield* missing(known, yield* appliedOn(run))
      yield* Effect.forEach(open, (migration) => apply(run, migration), { discard: true })
      return { applied: open.map(({ name }) => name), version }
    }))
  }
)

interface Migration {
  readonly version: number
  readonly name: string
  readonly statements: ReadonlyArray<string>
}

const inOrder = (migrations: Migrations): ReadonlyArray<Migration> => {
  const known = Object.entries(migrations).map(([name, statements]): Migration => {
    const version = Number(/^(\d+)_/.exec(name)?.[1])
    if (!(version > 0)) throw new Error(`${name} does not start with a version, as 0001_core does`)
    return { version, name, statements }
  }).toSorted((one, other) => one.version - other.version)
  if (new Set(known.map(({ version }) => version)).size < known.length) throw new Error("two migrations, one version")
  return known
}

type Row = Readonly<Record<string, unknown>>
type Run = (statement: string) => Effect.Effect<ReadonlyArray<Row>, SqlError.SqlError>

const runOn = (connection: SqlConnection.Connection): Run => (statement) =>
  connection.executeUnprepared(statement, [], undefined)

/** In the order of versions. */
const appliedOn = Effect.fnUntraced(function*(run: Run) {
  const [found] = yield* run(`SELECT to_regclass('${table}') IS NOT NULL AS present`)
  if (found?.present !== true) return []
  const rows = yield* run(`SELECT version, name FROM ${table} ORDER BY version`)
  return rows.map(({ name, version }) => ({ version: Number(version), name: String(name) }))
})

const missing = Effect.fnUntraced(
  function*(known: ReadonlyArray<Migration>, applied: ReadonlyArray<Pick<Migration, "version" | "name">>) {
    const newest = known.at(-1)?.version ?? 0
    const found = applied.at(-1)?.version ?? 0
    if (found > newest) return yield* new SchemaTooNew({ found, known: newest })
    const names = new Map(applied.map(({ name, version }) => [version, name]))
    for (const { name, version } of known) {
      const other = names.get(version)
      if (other !== undefined && other !== name) return yield* new SchemaDiffers({ version, found: other, known: name })
    }
    return known.filter(({ version }) => !names.has(version))
  }
)

/** Holds the lock of the session until the scope ends; a session that breaks gives it back by itself. */
const locked = (run: Run) => {
  const attempt = Effect.flatMap(
    run(`SELECT pg_try_advisory_lock(${lock}) AS mine`),
    ([row]) => row?.mine === true ? Effect.void : new MigrationLocked({ waitedMillis: Duration.toMillis(lockPatience) })
  )
  return Effect.acquireRelease(
    Effect.retry(attempt, {
      while: (error) => error._tag === "MigrationLocked",
      schedule: Schedule.spaced(tryAgainAfter).pipe(Schedule.upTo({ duration: lockPatience }))
    }),
    () => Effect.ignore(run(`SELECT pg_advisory_unlock(${lock})`)),
    { interruptible: true }
  )
}

const apply = (run: Run, { name, statements, version }: Migration) => {
  const step = (statement: string) =>
    Effect.mapError(
      run(statement),
      (cause) => new MigrationFailed({ migration: name, statement: statement.trim().slice(0, shownOfStatement), cause })
    )
  const steps = [
    // A large table takes as long as it takes.
    "SET LOCAL statement_timeout = 0",
    ...statements,
    `INSERT INTO ${table} (version, name) VALUES (${version}, '${name.replaceAll("'", "''")}')`
  ]
  return Effect.uninterruptibleMask((restore) =>
    step("BEGIN").pipe(
      Effect.andThen(restore(Effect.forEach(steps, step, { discard: true }))),
      Effect.andThen(step("COMMIT")),
      Effect.onError(() => Effect.ignore(run("ROLLBACK"))),
      Effect.tap(Effect.logInfo(`applied migration ${name}`))
    )
  )
}
