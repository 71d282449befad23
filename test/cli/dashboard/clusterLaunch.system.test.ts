/** The launcher's L as a person meets it: an installed package in a terminal, with docker, kind and kubectl as stand-ins. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { dirname } from "node:path"
import { installed, tokenIn, until } from "../../support/cluster/installed.ts"
import { change, type Fault, read } from "../../support/cluster/Machine.ts"
import { provingSystem } from "../../support/cluster/ProvingSystem.ts"
import { ended } from "../../support/cluster/StandIns.ts"
import { freeOffset } from "../../support/cluster/upOn.ts"
import { freePorts } from "../../support/Programs.ts"
import { keys, open } from "../../support/terminal/Terminal.ts"

/** The launcher of the package on its screen, with nothing that answers. */
const offered = Effect.fnUntraced(function*(...faults: ReadonlyArray<Fault>) {
  const { machine, program, settings } = yield* installed
  change(machine.folder, { faults: [...faults] })
  const terminal = yield* open({
    command: process.execPath,
    args: [program],
    cwd: dirname(program),
    env: {
      ...settings,
      ...(yield* freePorts).settings,
      LANG: "C.UTF-8",
      ODTO_CLUSTER_PORT_OFFSET: String(yield* freeOffset)
    },
    columns: 110,
    rows: 30
  })
  yield* terminal.until("the offer", (text) => text.includes("L launch the cluster"), 45_000)
  return { machine, terminal }
})

describe("The launcher's L", () => {
  it.live(
    "launches the cluster step by step, is cancelled, goes on where it was, and arrives on its overview",
    () =>
      Effect.gen(function*() {
        const { machine, terminal } = yield* offered({ match: "apply .*--kustomize", hangs: true, times: 1 })
        yield* terminal.type("L")
        yield* until(() => read(machine.folder).faults[0]?.times === 0)
        const running = yield* terminal.until("the step that hangs", (text) =>
          text.includes("apply the manifests"), 30_000)
        yield* terminal.type(keys.esc)
        const cancelled = yield* terminal.until("its end", (text) =>
          text.includes("cancelled"), 30_000)

        assert.match(running, /starting the cluster/u)
        assert.match(running, /● +kind cluster +\d+ ms|✓ +kind cluster +\S+ \S+/u)
        assert.match(running, /odto is made/u)
        assert.include(cancelled, "it goes on where it was")
        assert.deepStrictEqual(ended(machine), ["kubectl"], "what ran was ended")

        const { ports } = yield* provingSystem(tokenIn(machine))
        change(machine.folder, { ports: { ...read(machine.folder).ports, ...ports } })
        yield* terminal.type("L")
        yield* terminal.until("the overview", (text) =>
          text.includes("Overview"), 60_000)
        yield* terminal.until("its numbers", (text) => /completed +1\b|1 completed/u.test(text), 30_000)
        yield* terminal.type("q")
        const { code } = yield* terminal.ended

        assert.strictEqual(code, 0)
        assert.match(terminal.raw(), /the cluster goes on; .*status --cluster --show-credentials/u)
        assert.notInclude(terminal.raw(), tokenIn(machine))
      }),
    120_000
  )

  it.live("shows cause and remedy of a step that fails, and goes back", () =>
    Effect.gen(function*() {
      const { machine, terminal } = yield* offered({
        match: "kind create",
        stderr: "ERROR: failed to create cluster: too many open files"
      })
      yield* terminal.type("L")
      const screen = yield* terminal.until("the cause", (text) => text.includes("too many open files"), 30_000)
      yield* terminal.until("the remedy", (text) => text.includes("max_user_instances"))
      yield* terminal.type(keys.esc)
      yield* terminal.until("the offer", (text) => text.includes("L launch the cluster"), 30_000)
      yield* terminal.type("q")

      assert.match(screen, /kind cluster/u)
      assert.strictEqual((yield* terminal.ended).code, 0)
      assert.strictEqual(read(machine.folder).cluster, "absent")
    }), 60_000)

  it.live("ends what runs when the dashboard is told to stop meanwhile", () =>
    Effect.gen(function*() {
      const { machine, terminal } = yield* offered({ match: "kind create", hangs: true, times: 1 })
      yield* terminal.type("L")
      yield* until(() => read(machine.folder).faults[0]?.times === 0)
      yield* terminal.type("q")
      yield* terminal.ended

      assert.deepStrictEqual(ended(machine), ["kind"])
    }), 60_000)
})
