/** Redis without persistence: a restart is a wipe, which it must be able to take at any moment. */
import { Redis } from "ioredis"
import { once } from "node:events"
import { connect } from "node:net"
import type { Recipe } from "./LocalServer.ts"
import { findProgram, freePort } from "./machine.ts"

const server = () => findProgram("redis-server")

/** Why it cannot be started here, if so. */
export const missing = (): string | undefined => server() === undefined ? "redis-server is not installed" : undefined

export const prepare = async (directory: string): Promise<Recipe> => {
  const port = await freePort()
  return {
    url: `redis://127.0.0.1:${port}`,
    programs: [{
      command: server() ?? "",
      args: ["--bind", "127.0.0.1", "--port", String(port), "--dir", directory, "--save", "", "--appendonly", "no"],
      account: {},
      answers: () => ping(port),
      stopSignal: "SIGTERM"
    }]
  }
}

/** Removes all that is in the database which the URL names. */
export const emptyDatabase = async (url: string): Promise<void> => {
  const redis = new Redis(url)
  try {
    await redis.flushdb()
  } finally {
    redis.disconnect()
  }
}

const ping = async (port: number) => {
  const socket = connect(port, "127.0.0.1")
  try {
    await once(socket, "connect")
    socket.write("PING\r\n")
    const [answer] = await once(socket, "data")
    if (!String(answer).startsWith("+PONG")) throw new Error(String(answer))
  } finally {
    socket.destroy()
  }
}
