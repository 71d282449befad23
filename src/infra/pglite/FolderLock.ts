/**
 * A lock on a file that the operating system gives back when the process ends, however it ends.
 *
 * Node has no such lock of its own, but SQLite takes one for a transaction on a database file, which may be empty. Two
 * locks in one process exclude each other as well. Nobody in the process that holds one may open and close the file by
 * other means: with POSIX locks, closing any handle gives them all back.
 */
import type { DatabaseSync } from "node:sqlite"

/** SQLITE_BUSY: somebody else has a lock that excludes ours. */
const busy = 5

/** Excludes everybody else until it is closed. Undefined when somebody has the file; throws when it is unusable. */
export const take = (file: string): DatabaseSync | undefined => begin(file, "BEGIN EXCLUSIVE", false)

/** Whether somebody has taken the file, which has to exist. Disturbs a taker for no more than this moment. */
export const isTaken = (file: string): boolean => {
  const shared = begin(file, "BEGIN; SELECT name FROM sqlite_schema", true)
  shared?.close()
  return shared === undefined
}

const begin = (file: string, statement: string, readOnly: boolean): DatabaseSync | undefined => {
  const { DatabaseSync } = sqlite()
  const database = new DatabaseSync(file, { readOnly, timeout: 0 })
  try {
    database.exec(statement)
    return database
  } catch (error) {
    database.close()
    if (error instanceof Error && "errcode" in error && error.errcode === busy) return undefined
    throw error
  }
}

/** Node 22 warns that SQLite is experimental there; what is used of it here has not changed since. */
const sqlite = () => {
  // oxlint-disable-next-line unbound-method -- it is put back where it was
  const emit = process.emitWarning
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule("node:sqlite")
  } finally {
    process.emitWarning = emit
  }
}
