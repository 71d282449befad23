/** The built dashboard in a real terminal, on the embedded system of the tests of a file. */
import { Effect } from "effect"
import { join } from "node:path"
import { System } from "../RunningSystem.ts"
import { open } from "../terminal/Terminal.ts"

const root = join(import.meta.dirname, "../../..")
export const launcher = join(root, "bin", "odd-dashboard.mjs")

export interface DashboardOptions {
  readonly args?: ReadonlyArray<string>
  readonly columns?: number
  readonly rows?: number
  /** Whoever sits here may act, and is told so. Default: true. */
  readonly mayAct?: boolean
  /** Whether to wait until the view has been read. Default: true. */
  readonly isAwaited?: boolean
  /** Default: a terminal with true colour and UTF-8. */
  readonly env?: Readonly<Record<string, string>>
}

/** What a program needs of the environment to start at all. */
export const environment = () => ({
  PATH: `${join(root, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}`,
  HOME: process.env["HOME"] ?? "/",
  LANG: "C.UTF-8"
})

/** Opens it; the view that it begins with has been read when this is done. */
export const dashboard = Effect.fnUntraced(function*(options: DashboardOptions = {}) {
  const { home } = yield* System
  const { args = [], columns = 120, env = { COLORTERM: "truecolor" }, isAwaited = true, mayAct = true, rows = 30 } =
    options
  const terminal = yield* open({
    command: process.execPath,
    args: [launcher, ...args],
    cwd: root,
    env: { ...environment(), ODTO_HOME: home, ...env },
    columns,
    rows
  })
  if (!isAwaited) return terminal
  // The first of them may build the sources.
  yield* terminal.until(
    "the dashboard shows its view",
    (text) => isRead(text) && (!mayAct || text.includes("new task")),
    60_000
  )
  return terminal
})

/** Everything that the view wants has been read, and the events come. */
export const isRead = (text: string): boolean => /(●|\*) live/u.test(text) && !/\breading\b/u.test(text)
