/**
 * MongoDB for tests, where no mongod is to be had: DocumentDB in the root directory that `setup` made, and the gateway
 * in front of it. Only `setup` needs to be root: a plain user enters the root directory through a user namespace.
 */
import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, cpSync, existsSync, statSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import type { Recipe } from "../servers/LocalServer.ts"
import { type Account, freePort, isRoot } from "../servers/machine.ts"

/** What is set up once per machine. */
const root = join(process.env.ODTO_TEST_CACHE ?? "/var/cache/odto-test", "documentdb")
const template = join(root, "srv/template")
const postgres = "/usr/lib/postgresql/18/bin/postgres"

/** Data lives inside of the root, where its programs can see it. */
export const parentDirectory = join(root, "tmp")

/** As root we become the account that owns the template. */
export const account = (): Account => {
  if (!isRoot || missing() !== undefined) return {}
  const { uid, gid } = statSync(template)
  return { uid, gid }
}

/** A command that sees the root directory as `/`. */
const inside = (program: string, args: ReadonlyArray<string>) => {
  const { uid, gid } = account()
  return uid === undefined
    ? { command: "unshare", args: ["--map-current-user", `--root=${root}`, program, ...args] }
    : { command: "chroot", args: [`--userspec=${uid}:${gid}`, root, program, ...args] }
}

/** Why it cannot be started here, if so. */
export const missing = (): string | undefined => {
  if (!existsSync(join(template, "PG_VERSION"))) return `DocumentDB is not set up in ${root}`
  if (isRoot) return undefined
  try {
    execFileSync("unshare", ["--map-current-user", `--root=${root}`, "/bin/true"], { stdio: "ignore" })
    return undefined
  } catch {
    return "this machine has no user namespaces for plain users"
  }
}

export const prepare = async (directory: string): Promise<Recipe> => {
  const data = join(directory, "data")
  const { uid, gid } = account()
  cpSync(template, data, { recursive: true, preserveTimestamps: true })
  if (uid !== undefined && gid !== undefined) execFileSync("chown", ["-R", `${uid}:${gid}`, data])
  chmodSync(data, 0o700)

  const directoryInside = directory.slice(root.length)
  const settings = [
    `unix_socket_directories=${directoryInside}`,
    `documentdb.localhost_connection_string=host=${directoryInside}` // how DocumentDB makes collections
  ].flatMap((setting) => ["-c", setting])
  const [port, gatewayPort] = [5432, await freePort()] // the former only names a socket in our own directory
  return {
    url: `mongodb://127.0.0.1:${gatewayPort}/?directConnection=true`,
    programs: [
      {
        ...inside(postgres, ["-D", `${directoryInside}/data`, "-p", String(port), ...settings]),
        account: {},
        answers: () => accepts({ path: join(directory, `.s.PGSQL.${port}`) }),
        stopSignal: "SIGINT"
      },
      {
        command: process.execPath,
        args: [join(import.meta.dirname, "gateway.ts"), String(gatewayPort), directory, String(port)],
        account: {},
        answers: () => accepts({ port: gatewayPort, host: "127.0.0.1" }),
        stopSignal: "SIGTERM"
      }
    ]
  }
}

const accepts = async (address: { readonly path: string } | { readonly port: number; readonly host: string }) => {
  const socket = connect(address)
  try {
    await once(socket, "connect")
  } finally {
    socket.destroy()
  }
}
