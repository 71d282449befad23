/**
 * Worker thread: PostgreSQL compiled to WebAssembly, spoken to in PostgreSQL's wire protocol.
 *
 * It is one backend for the whole life of the thread. A session borrows it: what the session leaves behind, an open
 * transaction, settings, prepared statements, locks, goes when it ends. What would end a backend, a FATAL error or a
 * trap, ends the thread: the backend cannot go on, and the files are as safe as after a crash.
 */
import { PGlite } from "@electric-sql/pglite"
import { parentPort, workerData } from "node:worker_threads"
import { Answer } from "./Answer.ts"
import { Frames } from "./Frames.ts"
import type { FromThread, Start, ToThread } from "./messages.ts"
import { prepareFolder } from "./template.ts"

const port = parentPort
if (port === null) throw new Error("this is the code of a worker thread")
const say = (message: FromThread, moved: Array<ArrayBuffer> = []) => port.postMessage(message, moved)

interface Session {
  readonly number: number
  readonly frames: Frames
  readonly answer: Answer
}

/** The one that is open. */
let session: Session | undefined
/** Those that wait for its end, and what they have sent meanwhile: the client replaces a session before it closes it. */
const waiting = new Map<number, Array<Uint8Array>>()
/** The one that was opened last, which may have ended. */
let latest = 0

const fail = (cause: unknown): never => {
  const fatal = session?.answer.pendingError
  session?.answer.flush()
  say({ kind: "failed", reason: fatal ?? (cause instanceof Error ? cause.message : String(cause)) })
  return process.exit(1)
}

/** The exit status with which PGlite tells that a statement has failed as statements do. */
const statementFailed = 100

/** PGlite itself swallows what ends its backend, and then calls it again for ever. */
const failWithBackend = ({ Module: backend }: PGlite) => {
  // oxlint-disable-next-line no-underscore-dangle -- the name is PGlite's
  const step = backend._PostgresMainLoopOnce
  // oxlint-disable-next-line no-underscore-dangle
  backend._PostgresMainLoopOnce = () => {
    try {
      step()
    } catch (cause) {
      const isOrdinary = typeof cause === "object" && cause !== null && "status" in cause &&
        cause.status === statementFailed
      if (isOrdinary) throw cause
      fail(cause)
    }
  }
}

/** Half of PostgreSQL's default: it is all taken from memory at once, and files come out of the system's cache quickly. */
const sharedBuffers = "shared_buffers=64MB"
/** As on a server (`Postgres.ts`): plans last as long as the session, tables grow meanwhile. */
const noSequentialScans = "enable_seqscan=off"
const startParams = [...PGlite.defaultStartParams, "-c", sharedBuffers, "-c", noSequentialScans]

const openDatabase = async ({ folder, template }: Start) => {
  await prepareFolder(folder, template)
  const database = await PGlite.create(folder, { startParams })
  failWithBackend(database)
  return database
}

const database = await openDatabase(workerData).catch(fail)

/** The raw form in pieces: the others parse every answer, and keep what they have parsed. There is no store to sync. */
const execute = (messages: Uint8Array, onRawData: (bytes: Uint8Array) => void) => {
  database.execProtocolRawStream(messages, { syncToFs: false, onRawData }).catch(fail)
}

const query = (text: string): Uint8Array => {
  const bytes = Buffer.alloc(1 + 4 + text.length + 1)
  bytes.write("Q")
  bytes.writeUInt32BE(bytes.length - 1, 1)
  bytes.write(text, 5)
  return bytes
}
const rollback = query("ROLLBACK")
const forgetSession = query("DISCARD ALL")

const run = ({ answer, frames }: Session, bytes: Uint8Array) => {
  const messages = frames.push(bytes)
  if (messages.length === 0) return
  execute(messages, answer.write)
  answer.flush()
}

const receive = (number: number, bytes: Uint8Array) => {
  if (session?.number === number) return run(session, bytes)
  const early = waiting.get(number)
  if (early !== undefined) return early.push(bytes)
  if (number <= latest) return
  latest = number
  if (isCancelRequest(bytes)) return say({ kind: "end", session: number })
  waiting.set(number, [bytes])
  if (session === undefined) beginNext()
}

/** A statement cannot be stopped: while it runs, nobody here reads the request. */
const isCancelRequest = (bytes: Uint8Array) => bytes.length === 16 && Buffer.from(bytes).readUInt32BE(4) === 80_877_102

const beginNext = () => {
  for (const [number, early] of waiting) {
    waiting.delete(number)
    const answer = new Answer((piece) => say({ kind: "bytes", session: number, bytes: piece }, [piece.buffer]))
    session = { number, frames: new Frames(), answer }
    for (const bytes of early) run(session, bytes)
    return
  }
}

const end = (number: number) => {
  waiting.delete(number)
  if (session?.number !== number) return
  session = undefined
  if (database.isInTransaction()) execute(rollback, () => {})
  execute(forgetSession, () => {})
  beginNext()
}

const stop = async () => {
  waiting.clear()
  if (session !== undefined) end(session.number)
  await database.close()
  say({ kind: "stopped" })
  port.close()
}

port.on("message", (received: ToThread) => {
  switch (received.kind) {
    case "bytes":
      return void receive(received.session, received.bytes)
    case "end":
      return end(received.session)
    case "stop":
      return void stop().catch(fail)
  }
})
say({ kind: "ready" })
