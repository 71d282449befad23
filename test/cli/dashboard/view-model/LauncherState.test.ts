import { launcherLines } from "#cli/dashboard/launcher/launcherLines.ts"
import {
  beginning,
  keysNow,
  type LauncherMessage,
  type LauncherState,
  press,
  update
} from "#cli/dashboard/launcher/LauncherState.ts"
import type { Prerequisite } from "#cli/dashboard/launcher/Prerequisite.ts"
import type { Situation } from "#cli/dashboard/launcher/Situation.ts"
import { lineWidth, textOf } from "#cli/dashboard/view-model/Line.ts"
import { assert, describe, it } from "@effect/vitest"

const docker: Prerequisite = {
  name: "docker",
  neededBy: "a cluster",
  state: "missing",
  detail: "not found on the PATH",
  command: ["apt-get", "install", "-y", "docker.io"]
}
const kind: Prerequisite = {
  ...docker,
  name: "kind",
  detail: "not found; see https://kind.example",
  command: undefined
}
const node: Prerequisite = { ...docker, name: "node", state: "ok", detail: "v24", command: undefined }

const situation: Situation = {
  gatewayUrl: "http://127.0.0.1:3000",
  readModelUrl: "http://127.0.0.1:8080",
  trouble: "nothing answers at http://127.0.0.1:3000",
  embeddedPid: undefined,
  home: "/data",
  isNamed: false,
  hasCluster: false,
  prerequisites: [node, docker, kind]
}

const stateOf = (found: Partial<Situation> = {}, ...messages: ReadonlyArray<LauncherMessage>): LauncherState =>
  [{ _tag: "Found", situation: { ...situation, ...found } } as const, ...messages].reduce<LauncherState>(
    update,
    beginning({ columns: 80, rows: 24 }, 0)
  )
const setup = stateOf({}, { _tag: "Went", view: "setup" })

const text = (state: LauncherState): string =>
  launcherLines(state, { glyph: () => "*", set: "ascii" }).map(textOf).join("\n")

describe("The launcher", () => {
  it("offers to connect when a system answers, and to start one when none does", () => {
    const answers = stateOf({ trouble: undefined })

    assert.deepStrictEqual(press(answers, "enter").commands, [{ _tag: "Connect" }])
    assert.deepStrictEqual(press(answers, "e"), {})
    assert.deepStrictEqual(press(stateOf(), "e").commands, [{ _tag: "StartEmbedded" }])
  })

  it("offers no start where it could not be reached: a named address, a folder that is held", () => {
    assert.deepStrictEqual(press(stateOf({ isNamed: true }), "e"), {})
    assert.deepStrictEqual(press(stateOf({ embeddedPid: 7 }), "e"), {})
    assert.include(text(stateOf({ embeddedPid: 7 })), "process 7 holds /data")
  })

  it("begins the setup at the first trouble, and tells its state, cause and command", () => {
    assert.strictEqual(setup.selected, 1)
    const said = text(setup)
    assert.include(said, "missing")
    assert.include(said, "not found on the PATH")
    assert.include(said, "$ apt-get install -y docker.io")
  })

  it("runs a command only after a yes that is another key", () => {
    const asked = (press(setup, "enter").messages ?? []).reduce(update, setup)

    assert.isUndefined(press(setup, "enter").commands)
    assert.include(text(asked), "Run apt-get install -y docker.io on this machine?")
    assert.isUndefined(press(asked, "enter").commands)
    assert.deepStrictEqual(press(asked, "y").commands, [{ _tag: "Run", command: docker.command ?? [] }])
  })

  it("says so where there is no command, and where nothing is to be mended", () => {
    const atKind = update(setup, { _tag: "Moved", by: 1 })
    const atNode = update(setup, { _tag: "Moved", by: -1 })

    assert.include(JSON.stringify(press(atKind, "enter")), "no command for it here")
    assert.include(JSON.stringify(press(atKind, "C")), "no command to copy")
    assert.include(JSON.stringify(press(atNode, "enter")), "nothing to mend")
    assert.deepStrictEqual(press(setup, "C").commands, [{ _tag: "Copy", text: "apt-get install -y docker.io" }])
  })

  it("keeps the selection when it looks again", () => {
    const again = [
      { _tag: "Moved", by: 1 } as const,
      { _tag: "Looking" } as const,
      { _tag: "Found", situation } as const
    ].reduce<LauncherState>(update, setup)

    assert.strictEqual(again.selected, 2)
  })

  it("tells each step of a start with its time, and the cause when it fails", () => {
    const started = stateOf(
      {},
      { _tag: "Went", view: "progress" },
      { _tag: "StepBegan", name: "start the process", at: 1_000 },
      { _tag: "StepEnded", at: 1_020 },
      { _tag: "StepBegan", name: "wait for it", detail: "some seconds", at: 1_020 },
      { _tag: "Ticked", now: 3_020 }
    )
    const failed = update(started, { _tag: "StepFailed", detail: "port 3000 is taken", at: 4_020 })

    assert.match(text(started), /start the process +20 ms/u)
    assert.match(text(started), /wait for it +2\.0 s/u)
    assert.include(text(failed), "port 3000 is taken")
    assert.isFalse(keysNow(started).some(({ label }) => label === "back"))
    assert.isTrue(keysNow(failed).some(({ label }) => label === "back"))
  })

  it("draws exactly the lines and columns that there are, however few", () => {
    for (const [columns, rows] of [[160, 50], [80, 24], [40, 20], [20, 5], [10, 2]] as const) {
      const lines = launcherLines(update(setup, { _tag: "Resized", columns, rows }), { glyph: () => "*", set: "ascii" })
      assert.lengthOf(lines, rows)
      for (const line of lines) assert.strictEqual(lineWidth(line), columns)
    }
  })
})
