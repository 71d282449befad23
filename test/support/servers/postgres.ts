/** PostgreSQL 15 or newer: a plain cluster with fsync on, so that a commit costs in a test what it costs in life. */
import { execFile } from "node:child_process"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import Pg from "pg"
import type { Recipe } from "./LocalServer.ts"
import { accountOf, findProgram, freePort } from "./machine.ts"

const initdb = () => findProgram("initdb", ["/usr/lib/postgresql/*/bin"])

export const account = () => accountOf("postgres") ?? {}

/** Why it cannot be started here, if so. */
export const missing = (): string | undefined =>
  initdb() === undefined
    ? "PostgreSQL's initdb is not installed"
    : accountOf("postgres") === undefined
    ? "there is no user postgres to run it as"
    : undefined

export const prepare = async (directory: string): Promise<Recipe> => {
  const bin = dirname(initdb() ?? "")
  const data = join(directory, "data")
  const options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]
  await promisify(execFile)(join(bin, "initdb"), [`--pgdata=${data}`, ...options], { ...account(), cwd: directory })
  const port = await freePort()
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: directory,
    max_connections: "100",
    fsync: "on"
  }
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  return {
    url,
    programs: [{
      command: join(bin, "postgres"),
      args: [
        "-D",
        data,
        "-p",
        String(port),
        ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`])
      ],
      account: account(),
      answers: () => statement(url, "select 1"),
      stopSignal: "SIGINT"
    }]
  }
}

/** Runs one statement on a connection of its own. */
export const statement = async (url: string, sql: string): Promise<void> => {
  await rowsOf(url, sql)
}

/** The rows that one statement answers on a connection of its own. */
export const rowsOf = async <Row extends object>(
  url: string,
  sql: string,
  values: ReadonlyArray<unknown> = []
): Promise<ReadonlyArray<Row>> => {
  const client = new Pg.Client({ connectionString: url })
  client.on("error", () => {}) // a server that goes away while we say goodbye
  await client.connect()
  try {
    return (await client.query<Row>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}
