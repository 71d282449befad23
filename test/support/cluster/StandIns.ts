/** The stand-ins for docker, kind and kubectl: as a layer, and as programs on a PATH of their own. */
import { ClusterTools, ToolAbsent } from "#cli/cluster/ClusterTools.ts"
import { Effect, Layer, type Scope } from "effect"
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { freshFolder } from "../Embedded.ts"
import { answer } from "./answers.ts"
import { change, type State } from "./Machine.ts"

export interface ToolMachine {
  /** Where its state is, and what it was told. */
  readonly folder: string
  /** For `ODTO_HOME`. */
  readonly home: string
}

/** Gone with the scope. */
export const toolMachine = (changes: Partial<State> = {}): Effect.Effect<ToolMachine, never, Scope.Scope> =>
  Effect.map(freshFolder, (home) => {
    const folder = join(dirname(home), "machine")
    mkdirSync(folder, { recursive: true })
    change(folder, changes)
    return { folder, home }
  })

/** `absent`: is not on the PATH. `onEnd`: hears of calls that were ended before they had ended. */
export const layerRecording = (
  { folder }: ToolMachine,
  { absent = [], onEnd = () => {} }: {
    readonly absent?: ReadonlyArray<string>
    readonly onEnd?: (call: string) => void
  } = {}
): Layer.Layer<ClusterTools> =>
  Layer.succeed(
    ClusterTools,
    ClusterTools.of({
      run: ({ args, env = {}, onLine, stdin = "", tool }) =>
        Effect.suspend(() => {
          if (absent.includes(tool)) {
            return Effect.fail(new ToolAbsent({ tool, detail: `spawn ${tool} ENOENT` }))
          }
          const said = answer(folder, { tool, args, stdin, env })
          if (onLine !== undefined) {
            for (const line of (said.stdout + said.stderr).split("\n")) if (line.trim() !== "") onLine(line)
          }
          return said.hangs
            ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => onEnd([tool, ...args].join(" "))))
            : Effect.succeed(said)
        })
    })
  )

/** One program that is each of the three by its name. */
const script = (folder: string, tool: string) =>
  `import { appendFileSync, readFileSync } from "node:fs"
import { answer } from ${JSON.stringify(join(import.meta.dirname, "answers.ts"))}
// Before anything is recorded: whoever waits for the record may end it at once.
process.on("SIGTERM", () => {
  appendFileSync(${JSON.stringify(join(folder, "ended"))}, ${JSON.stringify(`${tool}\n`)})
  process.exit(143)
})
// In a terminal Ctrl-C reaches it as well; it has its end from the program that started it.
process.on("SIGINT", () => {})
const isFed = process.argv.includes("-")
const said = answer(${JSON.stringify(folder)}, {
  tool: ${JSON.stringify(tool)},
  args: process.argv.slice(2),
  stdin: isFed ? readFileSync(0, "utf8") : "",
  env: process.env
})
process.stdout.write(said.stdout)
process.stderr.write(said.stderr)
if (said.hangs) {
  const parent = process.ppid
  setInterval(() => process.ppid === parent || process.exit(143), 100)
} else {
  process.exitCode = said.code
}
`

/** A folder for the PATH. */
export const programs = ({ folder }: ToolMachine): string => {
  const bin = join(folder, "bin")
  mkdirSync(bin, { recursive: true })
  for (const tool of ["docker", "kind", "kubectl"]) {
    writeFileSync(join(bin, `${tool}.mjs`), script(folder, tool), { mode: 0o755 })
    writeFileSync(
      join(bin, tool),
      `#!/bin/sh\nexec ${process.execPath} --disable-warning=ExperimentalWarning ${join(bin, `${tool}.mjs`)} "$@"\n`,
      { mode: 0o755 }
    )
  }
  return bin
}

export const removeProgram = (bin: string, tool: string): void => rmSync(join(bin, tool))

/** Programs that were told to end while they hung. */
export const ended = ({ folder }: ToolMachine): ReadonlyArray<string> =>
  existsSync(join(folder, "ended")) ? readFileSync(join(folder, "ended"), "utf8").trimEnd().split("\n") : []
