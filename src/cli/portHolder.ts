/**
 * Which process listens on a port of this machine.
 *
 * Linux says it in /proc: the sockets that listen with their inodes, and the open files of every process that we may look
 * into. Of other systems, and of processes of other users, nothing is known.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs"

export interface PortHolder {
  readonly pid: number
  /** Its command line. */
  readonly command: string
}

/** State of a socket in /proc/net/tcp. */
const listening = "0A"
/** Characters of a command line that are shown. */
const maxCommand = 80

const lookInto = <A>(question: () => A, otherwise: A): A => {
  try {
    return question()
  } catch {
    return otherwise
  }
}

const linesOf = (file: string): ReadonlyArray<string> => lookInto(() => readFileSync(file, "utf8").split("\n"), [])

/** Columns: number, local address, remote address, state, … , inode at the tenth place. */
const listeningInodes = (port: number): ReadonlySet<string> =>
  new Set(
    ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(linesOf).flatMap((line) => {
      const columns = line.trim().split(/\s+/u)
      const isIt = columns[3] === listening && Number.parseInt(columns[1]?.split(":")[1] ?? "", 16) === port
      return isIt && columns[9] !== undefined ? [`socket:[${columns[9]}]`] : []
    })
  )

const holdsOne = (pid: string, sockets: ReadonlySet<string>): boolean =>
  lookInto(() => readdirSync(`/proc/${pid}/fd`), []).some((file) =>
    sockets.has(lookInto(() => readlinkSync(`/proc/${pid}/fd/${file}`), ""))
  )

const commandOf = (pid: string): string =>
  linesOf(`/proc/${pid}/cmdline`).join(" ").replaceAll("\u0000", " ").trim().slice(0, maxCommand)

/** Undefined when nobody listens there, or it is not to be seen who does. */
export const portHolder = (port: number): PortHolder | undefined => {
  const sockets = listeningInodes(port)
  if (sockets.size === 0) return undefined
  const pid = lookInto(() => readdirSync("/proc"), []).find((name) => /^\d+$/u.test(name) && holdsOne(name, sockets))
  return pid === undefined ? undefined : { pid: Number(pid), command: commandOf(pid) }
}
