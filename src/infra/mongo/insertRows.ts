/** Writes rows, and tells a row that will never be taken from a server that is away. */
import type { LogRow } from "#domain/JobEvent.ts"
import type { Db } from "mongodb"
import { type RowDocument, toDocument } from "./rowDocument.ts"

/** Rows of one command. */
const maxRows = 500
/** Characters of events in one command: with the widest characters and all other fields still below 16 MiB. */
const maxCharacters = 4 * 1024 * 1024
/** How long the server may take to have it in a majority's journal before it is unknown whether it has. */
const majorityMillis = 10_000

const duplicateKey = 11_000
/**
 * Error codes that speak of the server although they come with a document: no host, no network, locks, time, shutdown,
 * not primary, write conflict, disk full, not permitted. Any other speaks of the document.
 */
const serverTrouble = new Set([
  6,
  7,
  8,
  13,
  24,
  50,
  64,
  89,
  91,
  96,
  112,
  189,
  262,
  9_001,
  10_058,
  10_107,
  11_600,
  11_602,
  13_435,
  13_436,
  14_031
])

/** The server has answered, and some documents are not stored. */
class WriteRefused extends Error {
  readonly codes: ReadonlyArray<number>
  constructor(codes: ReadonlyArray<number>, detail: string) {
    super(`${detail} (${codes.join(", ")})`)
    this.codes = codes
  }
}

/** Whether repeating can never help. */
export const isRefusal = (cause: unknown): boolean =>
  cause instanceof WriteRefused
    ? !cause.codes.some((code) => serverTrouble.has(code))
    // What the driver cannot even encode: no server has seen it.
    : cause instanceof Error && ["BSONError", "BSONRuntimeError", "RangeError"].includes(cause.name)

/** Answers how many were new. Rows that are there already are stored. */
export const insert = async (database: Db, collection: string, rows: ReadonlyArray<LogRow>): Promise<number> => {
  let stored = 0
  const refused: Array<WriteRefused> = []
  for (const documents of commandsOf(rows)) {
    try {
      stored += await insertAtOnce(database, collection, documents)
    } catch (error) {
      if (!(error instanceof WriteRefused)) throw error
      refused.push(error)
    }
  }
  const [first] = refused
  if (first !== undefined) throw new WriteRefused(refused.flatMap(({ codes }) => codes), first.message)
  return stored
}

const commandsOf = function*(rows: ReadonlyArray<LogRow>): Generator<ReadonlyArray<RowDocument>> {
  let batch: Array<RowDocument> = []
  let characters = 0
  for (const row of rows) {
    const document = toDocument(row)
    if (batch.length > 0 && (batch.length === maxRows || characters + document.events.length > maxCharacters)) {
      yield batch
      batch = []
      characters = 0
    }
    batch.push(document)
    characters += document.events.length
  }
  if (batch.length > 0) yield batch
}

interface InsertReply {
  readonly n?: unknown
  readonly writeErrors?: ReadonlyArray<{ readonly code: unknown; readonly errmsg?: unknown }>
  readonly writeConcernError?: { readonly errmsg?: unknown }
}

const insertAtOnce = async (
  database: Db,
  collection: string,
  documents: ReadonlyArray<RowDocument>
): Promise<number> => {
  const reply: InsertReply = await database.command({
    insert: collection,
    documents,
    ordered: false,
    writeConcern: { w: "majority", j: true, wtimeout: majorityMillis }
  })
  const errors = (reply.writeErrors ?? []).filter(({ code }) => Number(code) !== duplicateKey)
  const [first] = errors
  if (first !== undefined) throw new WriteRefused(errors.map(({ code }) => Number(code)), String(first.errmsg))
  if (reply.writeConcernError !== undefined) {
    throw new Error(`not yet durable: ${String(reply.writeConcernError.errmsg)}`)
  }
  return Number(reply.n ?? 0)
}
