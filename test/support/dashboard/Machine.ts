/** A machine for the launcher: its own tools on the PATH, real ports, an empty data folder. Gone with the scope. */
import { Effect } from "effect"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { freshFolder } from "../Embedded.ts"
import { freePorts } from "../Programs.ts"
import { open } from "../terminal/Terminal.ts"
import { launcher } from "./Dashboard.ts"

export interface ShowOptions {
  readonly args?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly columns?: number
  readonly rows?: number
}

/** A Docker client whose engine is stopped until a service is started, kubectl, and no kind. */
export const machine = Effect.gen(function*() {
  const home = yield* freshFolder
  const bin = join(dirname(home), "bin")
  const done = join(dirname(home), "done")
  mkdirSync(bin, { recursive: true })
  const tool = (name: string, script: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  /** What the Docker client says of its engine. */
  const engine = (script: string) =>
    tool("docker", `if [ "$1" = info ]; then ${script}; else echo "Docker version 28.2.2, build 1"; fi`)
  engine(
    `if [ -e ${done} ]; then echo 28.2.2; else echo "Cannot connect to the Docker daemon" >&2; exit 1; fi`
  )
  tool("kubectl", `echo "Client Version: v1.36.0"`)
  // Whatever starts services here: it asks, as sudo and package managers do.
  for (const name of ["service", "systemctl"]) {
    tool(name, `printf 'Really? '; read answer; echo "$0 $* $answer" > ${done}`)
  }
  tool("sudo", `exec "$@"`)
  const ports = yield* freePorts
  const environment = { PATH: bin, LANG: "C.UTF-8", NO_COLOR: "1", ODTO_HOME: home, ...ports.settings }

  /** The built program on it, with its offer on the screen. */
  const show = ({ args = [], columns = 100, env = {}, rows = 24 }: ShowOptions = {}) =>
    Effect.gen(function*() {
      const terminal = yield* open({
        command: process.execPath,
        args: [launcher, ...args],
        cwd: dirname(dirname(launcher)),
        env: { ...environment, ...env },
        columns,
        rows
      })
      // The first of them may build the sources.
      yield* terminal.until("the offer", (text) => text.includes("s set up"), 60_000)
      return terminal
    })

  return {
    home,
    ports,
    environment,
    tool,
    engine,
    /** What the service that was started has written down; undefined while none was. */
    started: () => existsSync(done) ? readFileSync(done, "utf8") : undefined,
    show
  }
})

export type Machine = Effect.Success<typeof machine>

/** The launcher at its setup. */
export const setup = (here: Machine, options?: ShowOptions) =>
  Effect.gen(function*() {
    const terminal = yield* here.show(options)
    yield* terminal.type("s")
    const screen = yield* terminal.until("the setup", (text) => text.includes("docker engine"))
    return { terminal, screen }
  })
