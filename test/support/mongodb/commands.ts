/**
 * MongoDB's commands as calls of DocumentDB's functions.
 *
 * Enough for what the observatory and its tests use of the official driver, and honest about the rest: a command that is
 * not here is answered with CommandNotFound, a transaction with an error.
 */
import type * as Pg from "pg"
import { decode, type Document, encode } from "./wire.ts"

/** Answers one command of one client. Rejects only when the database is away. */
export type Commands = (command: Document) => Promise<Document>

/** Fields that address the server rather than the command. */
const envelope = new Set([
  "$db",
  "lsid",
  "$clusterTime",
  "txnNumber",
  "$readPreference",
  "apiVersion",
  "apiStrict",
  "apiDeprecationErrors",
  "readConcern",
  "writeConcern"
])

/** The SQLSTATE of a violated unique index, and MongoDB's code for it. */
const duplicateKeyState = "M001C"
const duplicateKeyCode = 11000

/** An upsert that lost a race against its twin is tried again, as MongoDB does; more losses than this are a defect. */
const upsertAttempts = 8

/** Tells the driver what it may send; says "standalone", so no retryable writes and no change streams. */
const hello = () => ({
  helloOk: true,
  isWritablePrimary: true,
  ismaster: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  localTime: new Date(),
  logicalSessionTimeoutMinutes: 30,
  connectionId: 1,
  minWireVersion: 0,
  maxWireVersion: 21,
  readOnly: false,
  ok: 1
})

const failure = (code: number, codeName: string, errmsg: string) => ({ ok: 0, code, codeName, errmsg })

/** A cursor that has more to give: what DocumentDB wants back, and the connection that holds it, when one does. */
interface OpenCursor {
  continuation: Buffer
  readonly connection: Pg.PoolClient | undefined
}

export const makeCommands = (pool: Pg.Pool): Commands => {
  const cursors = new Map<string, OpenCursor>()
  let nextCursor = 1n

  /** The one document that a statement gives back in its column `r`. */
  const document = async (statement: string, values: Array<unknown>): Promise<Document> =>
    decode((await pool.query<{ r: Buffer }>(statement, values)).rows[0]?.r ?? encode({ ok: 1 }))

  const write = async (name: string, database: string, command: Document) => {
    const isUpsert = name === "update" && command.updates?.some?.((one: Document) => one.upsert?.valueOf() === true)
    const attempt = async (left: number): Promise<Document> => {
      const statement = `select p_result::bytea r from documentdb_api.${name}($1, $2::bytea)`
      const answer = withDriverCodes(await document(statement, [database, encode(command)]))
      const lostRace = isUpsert === true && command.updates.length === 1 &&
        answer.writeErrors?.some((error: Document) => error.code === duplicateKeyCode)
      return lostRace && left > 1 ? attempt(left - 1) : answer
    }
    return attempt(upsertAttempts)
  }

  const firstPage = async (routine: string, database: string, command: Document) => {
    const id = String(nextCursor++)
    const connection = await pool.connect()
    let keeps = false
    try {
      const { rows: [row] } = await connection.query<{ page: Buffer; continuation: Buffer | null; keeps: boolean }>(
        `select cursorpage::bytea page, continuation::bytea continuation, persistconnection keeps
         from documentdb_api.${routine}_cursor_first_page($1, $2::bytea, $3)`,
        [database, encode(command), id]
      )
      if (row === undefined) throw new Error(`${routine} gave no page`)
      if (row.continuation !== null) {
        keeps = row.keeps
        cursors.set(id, { continuation: row.continuation, connection: keeps ? connection : undefined })
      }
      return decode(row.page)
    } finally {
      if (!keeps) connection.release()
    }
  }

  const nextPage = async (database: string, command: Document) => {
    const id = String(command.getMore)
    const cursor = cursors.get(id)
    if (cursor === undefined) return failure(43, "CursorNotFound", `cursor id ${id} not found`)
    const { rows: [row] } = await (cursor.connection ?? pool).query<{ page: Buffer; continuation: Buffer | null }>(
      `select cursorpage::bytea page, continuation::bytea continuation
       from documentdb_api.cursor_get_more($1, $2::bytea, $3::bytea)`,
      [database, encode(command), cursor.continuation]
    )
    if (row === undefined) throw new Error("getMore gave no page")
    if (row.continuation === null) closeCursor(id)
    else cursor.continuation = row.continuation
    return decode(row.page)
  }

  const closeCursor = (id: string) => {
    cursors.get(id)?.connection?.release()
    cursors.delete(id)
  }

  const explain = async (database: string, explained: Document) => {
    const name = Object.keys(explained)[0] ?? ""
    const routine = { find: "find", aggregate: "pipeline" }[name]
    if (routine === undefined) return failure(115, "CommandNotSupported", `explain ${name}`)
    const { rows: [row] } = await pool.query<{ "QUERY PLAN": unknown }>(
      `explain (format json) select document
       from documentdb_api_catalog.bson_aggregation_${routine}($1, $2::bytea::documentdb_core.bson)`,
      [database, encode(withoutEnvelope(explained))]
    )
    const plan = JSON.stringify(row?.["QUERY PLAN"])
    return { queryPlanner: { namespace: `${database}.${explained[name]}`, plan }, ok: 1 }
  }

  const answer = async (name: string, database: string, command: Document): Promise<Document> => {
    const values = [database, encode(command)]
    const collection = String(command[Object.keys(command)[0] ?? ""])
    switch (name) {
      case "hello":
      case "ismaster":
        return hello()
      case "ping":
      case "endsessions":
        return { ok: 1 }
      case "buildinfo":
        return { version: "7.0.0", versionArray: [7, 0, 0, 0], ok: 1 }
      case "insert":
      case "update":
      case "delete":
        return write(name, database, command)
      case "findandmodify":
        return document("select p_result::bytea r from documentdb_api.find_and_modify($1, $2::bytea)", values)
      case "count":
        return document("select document::bytea r from documentdb_api.count_query($1, $2::bytea)", values)
      case "distinct":
        return document("select document::bytea r from documentdb_api.distinct_query($1, $2::bytea)", values)
      case "find":
      case "aggregate":
        return firstPage(name, database, command)
      case "listcollections":
        return firstPage("list_collections", database, command)
      case "listindexes":
        return firstPage("list_indexes", database, command)
      case "getmore":
        return nextPage(database, command)
      case "killcursors":
        for (const id of command.cursors) closeCursor(String(id))
        return { cursorsKilled: command.cursors, cursorsNotFound: [], cursorsAlive: [], cursorsUnknown: [], ok: 1 }
      case "createindexes": {
        const statement =
          "select r::bytea r from documentdb_api_internal.create_indexes_non_concurrently($1, $2::bytea, true) r"
        const { raw, ...flat } = await document(statement, values)
        return raw?.defaultShard?.raw ?? raw?.defaultShard ?? flat
      }
      case "dropindexes":
        await pool.query("call documentdb_api.drop_indexes($1, $2::bytea::documentdb_core.bson, null)", values)
        return { ok: 1 }
      case "create":
        await pool.query("select documentdb_api.create_collection_view($1, $2::bytea::documentdb_core.bson)", values)
        return { ok: 1 }
      case "drop": {
        const { rows: [row] } = await pool.query<{ dropped: boolean }>(
          "select documentdb_api.drop_collection($1, $2) dropped",
          [database, collection]
        )
        return row?.dropped === true ? { ok: 1, ns: `${database}.${collection}` } : failure(
          26,
          "NamespaceNotFound",
          "ns not found"
        )
      }
      case "dropdatabase":
        await pool.query("select documentdb_api.drop_database($1)", [database])
        return { ok: 1, dropped: database }
      case "listdatabases":
        return document("select documentdb_api.list_databases($1::bytea::documentdb_core.bson)::bytea r", [
          encode(command)
        ])
      case "collstats":
        return document("select documentdb_api.coll_stats($1, $2)::bytea r", [database, collection])
      case "dbstats":
        return document("select documentdb_api.db_stats($1)::bytea r", [database])
      case "explain":
        return explain(database, command.explain)
      default:
        return failure(59, "CommandNotFound", `no such command: '${name}'`)
    }
  }

  return async (command) => {
    const name = (Object.keys(command)[0] ?? "").toLowerCase()
    if (command.autocommit !== undefined) return failure(20, "IllegalOperation", "transactions are not served here")
    try {
      return await answer(name, String(command.$db ?? "admin"), withoutEnvelope(command))
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error)) throw error
      return error.code === duplicateKeyState
        ? failure(duplicateKeyCode, "DuplicateKey", `E${duplicateKeyCode} ${error.message}`)
        : failure(8, "UnknownError", `${error.message} (SQLSTATE ${String(error.code)})`)
    }
  }
}

const withoutEnvelope = (command: Document): Document =>
  Object.fromEntries(Object.entries(command).filter(([key]) => !envelope.has(key)))

/** Write errors carry PostgreSQL's packed SQLSTATE; the driver knows duplicate keys by MongoDB's number. */
const withDriverCodes = (answer: Document): Document => {
  for (const error of answer.writeErrors ?? []) {
    if (unpackState(Number(error.code)) !== duplicateKeyState) continue
    error.code = duplicateKeyCode
    error.errmsg = `E${duplicateKeyCode} ${error.errmsg}`
  }
  return answer
}

/** Five characters of six bits each, the first one in the lowest bits. */
const unpackState = (packed: number): string =>
  [0, 6, 12, 18, 24].map((bits) => String.fromCharCode(48 + ((packed >> bits) & 63))).join("")
