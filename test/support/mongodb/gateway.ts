/**
 * A MongoDB server for tests: the official driver on one side, PostgreSQL with DocumentDB on the other.
 *
 * usage: node gateway.ts PORT SOCKET_DIRECTORY POSTGRES_PORT
 *
 * It listens as soon as the database answers. No authentication, no transactions, no change streams: results are those
 * of MongoDB's driver against DocumentDB, not against mongod.
 */
import { createServer, type Socket } from "node:net"
import { setTimeout as pause } from "node:timers/promises"
import Pg from "pg"
import { makeCommands } from "./commands.ts"
import { frames, parse } from "./wire.ts"

/** A database that has not answered by then will not. */
const startMillis = 30_000
const askEveryMillis = 20

const [port, host, postgresPort] = process.argv.slice(2)
const pool = new Pg.Pool({
  host: host ?? "",
  port: Number(postgresPort),
  user: "postgres",
  database: "postgres",
  max: 20 // the cursors of a whole test run that hold a connection, and then some; PostgreSQL takes 100
})
pool.on("error", (error) => console.error(error.message))
const answer = makeCommands(pool)

/** One command after the other: a driver sends the next one on the same connection only when it may be in order. */
const serve = async (socket: Socket) => {
  socket.setNoDelay(true)
  for await (const frame of frames(socket)) {
    const { command, reply } = parse(frame)
    const document = await answer(command)
    if (reply !== undefined) socket.write(reply(document))
  }
}

const server = createServer((socket) => {
  serve(socket).catch((error) => {
    console.error(error)
    socket.destroy()
  })
})

/** The database may still be recovering from its last end: it listens before it answers. */
const untilItAnswers = async (left: number): Promise<void> => {
  try {
    await pool.query("select 1")
  } catch (error) {
    if (left === 0) throw error
    await pause(askEveryMillis)
    return untilItAnswers(left - 1)
  }
}

await untilItAnswers(startMillis / askEveryMillis)
server.listen(Number(port), "127.0.0.1")
