import { takesCluster } from "#cli/dashboard/launcher/hasClusterCommand.ts"
import { keysNow, press } from "#cli/dashboard/launcher/launcherKeys.ts"
import { launcherLines } from "#cli/dashboard/launcher/launcherLines.ts"
import { beginning, type LauncherMessage, type LauncherState, update } from "#cli/dashboard/launcher/LauncherState.ts"
import type { Situation } from "#cli/dashboard/launcher/Situation.ts"
import { lineWidth, textOf } from "#cli/dashboard/view-model/Line.ts"
import type { Prerequisite } from "#cli/prerequisites/Prerequisite.ts"
import { assert, describe, it } from "@effect/vitest"
import { Command, Flag } from "effect/cli"

const docker: Prerequisite = {
  name: "docker",
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
  canLaunchCluster: false,
  prerequisites: [node, docker, kind]
}

const stateOf = (found: Partial<Situation> = {}, ...messages: ReadonlyArray<LauncherMessage>): LauncherState =>
  [{ _tag: "Found", situation: { ...situation, ...found } } as const, ...messages].reduce<LauncherState>(
    update,
    beginning({ size: { columns: 80, rows: 24 }, now: 0, isReadOnly: false })
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

  it("offers the cluster exactly when this program can make one", () => {
    const flag = Flag.Boolean("cluster").pipe(Flag.withDefault(false))

    assert.isTrue(takesCluster(Command.make("up", { cluster: flag })))
    assert.isFalse(takesCluster(Command.make("up", { other: Flag.String("other") })))
    assert.deepStrictEqual(press(stateOf({ canLaunchCluster: true }), "L").commands, [{ _tag: "LaunchCluster" }])
    assert.include(text(stateOf({ canLaunchCluster: true })), "L launch the cluster")
    assert.deepStrictEqual(press(stateOf(), "L"), {})
    assert.notInclude(text(stateOf()), "launch")
  })

  it("shows the launch of the cluster, which can be broken off, and gone on with where it was", () => {
    const launched = (press(stateOf({ canLaunchCluster: true }), "L").messages ?? []).reduce(
      update,
      stateOf({ canLaunchCluster: true })
    )
    const at = 1_000
    const messages: ReadonlyArray<LauncherMessage> = [
      { _tag: "StepBegan", name: "kind cluster", at: 0 },
      { _tag: "StepEnded", detail: "it runs", at },
      { _tag: "StepBegan", name: "images", at },
      { _tag: "StepSaid", detail: "COPY dist/image", at }
    ]
    const running = messages.reduce(update, launched)
    const cancelled = update(running, { _tag: "StepFailed", detail: "cancelled", at })

    assert.match(text(running), /starting the cluster/u)
    assert.match(text(running), /kind cluster +1\.0 s[^]*it runs[^]*images[^]*COPY dist\/image/u)
    for (const key of ["esc", "ctrl+c"]) {
      assert.deepStrictEqual(press(running, key).commands, [{ _tag: "CancelCluster" }])
    }
    assert.deepStrictEqual(press(running, "L"), {}, "there is one launch at a time")
    assert.deepStrictEqual(press(cancelled, "L").commands, [{ _tag: "LaunchCluster" }])
    assert.deepStrictEqual(press(cancelled, "esc").messages, [{ _tag: "Went", view: "start" }])
    assert.deepStrictEqual(press(cancelled, "ctrl+c").commands, [{ _tag: "Quit" }])
  })

  it("offers whoever may only look nothing that changes anything", () => {
    const looking = { ...stateOf({ canLaunchCluster: true }), isReadOnly: true }
    const inSetup = update(looking, { _tag: "Went", view: "setup" })

    for (const key of ["e", "enter", "L"]) assert.deepStrictEqual(press(looking, key), {})
    assert.deepStrictEqual(press(inSetup, "enter"), {})
    assert.deepStrictEqual(press(inSetup, "C").commands, [{ _tag: "Copy", text: "apt-get install -y docker.io" }])
    assert.notMatch(text(looking) + text(inSetup), /start embedded|launch|run the command/u)
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
    assert.include(text(asked), "Run on this machine: apt-get install -y docker.io ?")
    assert.isUndefined(press(asked, "enter").commands)
    assert.deepStrictEqual(press(asked, "y").commands, [{ _tag: "Run", command: docker.command ?? [] }])
  })

  it("says so where there is no command, and where nothing is to be mended", () => {
    const atKind = update(setup, { _tag: "Moved", by: 1 })
    const atNode = update(setup, { _tag: "Moved", by: -1 })

    assert.include(JSON.stringify(press(atKind, "enter")), "no command for it here")
    assert.include(JSON.stringify(press(atKind, "C")), "no command to copy")
    assert.include(JSON.stringify(press(atNode, "enter")), "nothing to mend")
    assert.notMatch(text(atKind) + text(atNode), /(run|copy) the command/u)
    assert.include(text(setup), "Enter run the command  C copy the command")
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

  it("cuts off no key, no cause and no command on a small terminal", () => {
    const small = (state: LauncherState) => {
      const shown = text(update(state, { _tag: "Resized", columns: 40, rows: 20 }))
      return shown.replaceAll(/\s+/gu, " ")
    }
    const long = { ...docker, detail: "a long story of what the machine said when it was asked for docker" }
    const inSetup = stateOf({ prerequisites: [...Array.from({ length: 14 }, () => node), long] }, {
      _tag: "Went",
      view: "setup"
    })
    const asked = (press(inSetup, "enter").messages ?? []).reduce(update, inSetup)
    const failed = [
      { _tag: "Went", view: "progress" } as const,
      { _tag: "StepBegan", name: "look at ports", at: 0 } as const,
      {
        _tag: "StepFailed",
        detail: "port 3000 is taken by process 7; set ODTO_GATEWAY_PORT to a free port",
        at: 1
      } as const
    ].reduce<LauncherState>(update, stateOf())

    for (const state of [stateOf(), inSetup, failed]) {
      for (const { label } of keysNow(state)) assert.include(small(state), label ?? "")
    }
    assert.include(small(inSetup), long.detail)
    assert.include(small(inSetup), "$ apt-get install -y docker.io")
    assert.include(small(asked), "Run on this machine: apt-get install -y docker.io ? y yes any other key no")
    assert.include(small(failed), "port 3000 is taken by process 7; set ODTO_GATEWAY_PORT to a free port")
  })

  it("draws exactly the lines and columns that there are, however few", () => {
    for (const [columns, rows] of [[160, 50], [80, 24], [40, 20], [20, 5], [10, 2], [1, 1]] as const) {
      const lines = launcherLines(update(setup, { _tag: "Resized", columns, rows }), { glyph: () => "*", set: "ascii" })
      assert.lengthOf(lines, rows)
      for (const line of lines) assert.strictEqual(lineWidth(line), columns)
    }
  })
})
