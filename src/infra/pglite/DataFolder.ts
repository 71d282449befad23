/**
 * The data folder of the embedded system, which one process at a time may use: two that open the database corrupt it
 * without an error.
 *
 * The lock decides who holds the folder; `holder.json` only tells about the holder, and means nothing without the lock.
 *
 *     lock           who holds the folder
 *     holder.json    the holder's process and addresses, for people and for the other commands
 *     format.json    by which rules the folder was made
 *     postgres/      the files of the database
 */
import { Context, DateTime, Duration, Effect, Layer, Option, Schedule, Schema, type Scope } from "effect"
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { isTaken, take } from "./FolderLock.ts"

/** The rules above. Raised when an older program could no longer use the folder. */
export const knownFormat = 1

/** Whoever asks for the holder has a lock for a moment, and a holder writes about itself right after taking its own. */
const passing = Schedule.spaced(Duration.millis(20)).pipe(Schedule.upTo({ times: 10 }))

/** Where the running system can be reached. */
export const Addresses = Schema.Struct({ gatewayUrl: Schema.String, readModelUrl: Schema.String })
export type Addresses = typeof Addresses.Type

/** The process that holds a folder. */
export const Holder = Schema.Struct({
  pid: Schema.Int,
  startedAt: Schema.DateTimeUtcFromString,
  /** Absent while the holder starts. */
  addresses: Schema.optionalKey(Addresses)
})
export type Holder = typeof Holder.Type

/** Another process, or another part of this one, is using the folder. */
export class DataFolderHeld extends Schema.TaggedError<DataFolderHeld>()("DataFolderHeld", {
  path: Schema.String,
  pid: Schema.Int,
  startedAt: Schema.DateTimeUtc,
  addresses: Schema.optionalKey(Addresses)
}) {
  override get message() {
    const at = this.addresses === undefined ? "" : ` and serves ${this.addresses.gatewayUrl}`
    return `${this.path} is in use by process ${this.pid}, which runs since ${DateTime.formatIso(this.startedAt)}${at}`
  }
}

/** The folder was made by a newer program. Nothing in it has been changed. */
export class DataFolderTooNew extends Schema.TaggedError<DataFolderTooNew>()("DataFolderTooNew", {
  path: Schema.String,
  found: Schema.Int,
  known: Schema.Int
}) {
  override get message() {
    return `${this.path} has format ${this.found}, this program knows ${this.known}: use a newer program`
  }
}

/** The folder cannot be made, written or understood. */
export class DataFolderUnusable extends Schema.TaggedError<DataFolderUnusable>()("DataFolderUnusable", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.path} cannot be used as the data folder: ${this.reason}`
  }
}

export type DataFolderError = DataFolderHeld | DataFolderTooNew | DataFolderUnusable

export interface Held {
  readonly path: string
  /** Where the files of the database are, or will be. */
  readonly database: string
  /** Tells other processes where the system can be reached. */
  publish(addresses: Addresses): Effect.Effect<void, DataFolderUnusable>
}

/** A folder that this process holds. */
export class DataFolder extends Context.Service<DataFolder, Held>()("odto/infra/DataFolder") {
  /** Holds the folder, which is made when it is absent, until the scope ends. A holder that died leaves it free. */
  static readonly acquire = (path: string): Effect.Effect<Held, DataFolderError, Scope.Scope> => acquire(resolve(path))

  static readonly layer = (path: string): Layer.Layer<DataFolder, DataFolderError> =>
    Layer.effect(DataFolder, DataFolder.acquire(path))

  /** The living process that holds the folder. */
  static readonly holder = (path: string): Effect.Effect<Option.Option<Holder>, DataFolderUnusable> =>
    findHolder(resolve(path))
}

const Format = Schema.fromJsonString(Schema.Struct({ format: Schema.Int }))
const HolderJson = Schema.fromJsonString(Holder)

const attempt = <A>(path: string, body: () => A): Effect.Effect<A, DataFolderUnusable> =>
  Effect.try({
    try: body,
    catch: (cause) => new DataFolderUnusable({ path, reason: cause instanceof Error ? cause.message : String(cause) })
  })

const acquire = Effect.fnUntraced(function*(path: string) {
  yield* attempt(path, () => {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  })
  const startedAt = yield* DateTime.now
  const lock = join(path, "lock")
  yield* Effect.acquireRelease(
    attempt(path, () => take(lock)).pipe(
      Effect.filterOrElse((taken) => taken !== undefined, () => Effect.flatMap(readHolder(path), heldBy(path))),
      Effect.retry({ while: ({ _tag }) => _tag === "DataFolderHeld", schedule: passing })
    ),
    (taken) =>
      Effect.sync(() => {
        rmSync(join(path, "holder.json"), { force: true })
        taken?.close()
      })
  )
  const tell = (addresses?: Addresses) => {
    const holder: Holder = { pid: process.pid, startedAt, ...(addresses && { addresses }) }
    return attempt(path, () => replace(join(path, "holder.json"), Schema.encodeSync(HolderJson)(holder)))
  }
  yield* tell()
  yield* checkFormat(path)
  return { path, database: join(path, "postgres"), publish: tell }
})

const heldBy = (path: string) => (holder: Holder) => Effect.fail(new DataFolderHeld({ path, ...holder }))

const findHolder = Effect.fnUntraced(function*(path: string) {
  const lock = join(path, "lock")
  const isHeld = yield* attempt(path, () => existsSync(lock) && isTaken(lock))
  return isHeld ? Option.some(yield* readHolder(path)) : Option.none()
})

const readHolder = (path: string) =>
  attempt(path, () => Schema.decodeSync(HolderJson)(readFileSync(join(path, "holder.json"), "utf8"))).pipe(
    Effect.retry({ schedule: passing }),
    Effect.mapError(({ reason }) => new DataFolderUnusable({ path, reason: `in use, by whom is not known: ${reason}` }))
  )

const checkFormat = Effect.fnUntraced(function*(path: string) {
  const file = join(path, "format.json")
  if (!existsSync(file)) {
    return yield* attempt(path, () => replace(file, Schema.encodeSync(Format)({ format: knownFormat })))
  }
  const { format } = yield* attempt(path, () => Schema.decodeSync(Format)(readFileSync(file, "utf8")))
  if (format > knownFormat) return yield* new DataFolderTooNew({ path, found: format, known: knownFormat })
})

/** A reader finds the old content or the new one, never a part. */
const replace = (file: string, content: string) => {
  writeFileSync(`${file}.new`, content, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
