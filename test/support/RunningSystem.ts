/** One embedded system for the tests of a file, and commands that find it through its data folder. */
import { assert } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { command, jsonLines, type Ran, type RunOptions } from "./CommandLine.ts"
import { freshFolder } from "./Embedded.ts"
import { eventually, start } from "./Programs.ts"

interface Running {
  readonly home: string
  readonly pid: number
  readonly run: (args: ReadonlyArray<string>, options?: RunOptions) => Effect.Effect<Ran>
}

export class System extends Context.Service<System, Running>()("test/System") {
  static readonly layer = Layer.effect(
    System,
    Effect.gen(function*() {
      const home = yield* freshFolder
      const settings = { ODTO_HOME: home, ODTO_GATEWAY_PORT: "0", ODTO_READ_MODEL_PORT: "0" }
      const program = yield* start(["up"], settings)
      yield* eventually("the system runs", async () => program.output(), (said) => said.includes("is running"))
      return {
        home,
        pid: program.pid,
        run: (args, options) => command(args, { settings: { ODTO_HOME: home }, ...options })
      }
    })
  )
}

export const run = (args: ReadonlyArray<string>, options?: RunOptions) =>
  System.use((system) => system.run(args, options))

/** Runs a command that has to succeed, with `--json`. */
export const asked = Effect.fnUntraced(function*(args: ReadonlyArray<string>, options?: RunOptions) {
  const ran = yield* run([...args, "--json"], options)
  assert.strictEqual(ran.code, 0, `${args.join(" ")}: ${ran.stderr}`)
  return jsonLines(ran)
})

/** What a command says of its failure: one line. */
export const oneLine = ({ stderr }: Ran) => {
  const lines = stderr.trimEnd().split("\n")
  assert.lengthOf(lines, 1, stderr)
  return lines[0] ?? ""
}

/** A job that waits for a day. */
export const waiting = Effect.map(asked(["submit", "demo.noop", "--delay", "86400"]), ([{ jobId }]) => String(jobId))
