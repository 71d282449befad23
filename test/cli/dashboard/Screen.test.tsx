import { App } from "#cli/dashboard/App.tsx"
import { makeStore } from "#cli/dashboard/live/Store.ts"
import { themeOf } from "#cli/dashboard/theme.ts"
import type { Message } from "#cli/dashboard/view-model/Message.ts"
import { type Press, press } from "#cli/dashboard/view-model/press.ts"
import { type Frame, frameOf } from "#cli/dashboard/view-model/Route.ts"
import { selectedId } from "#cli/dashboard/view-model/selection.ts"
import { topOf } from "#cli/dashboard/view-model/State.ts"
import { assert, describe, it } from "@effect/vitest"
import { cleanup, render } from "ink-testing-library"
import { stripVTControlCharacters } from "node:util"
import { afterEach, vi } from "vitest"
import {
  eventOf,
  happened,
  idOf,
  jobOf,
  jobsRead,
  newestFirst,
  noon,
  pageOf,
  stateOf
} from "../../support/dashboard/Given.ts"

afterEach(cleanup)

/** Frames are drawn a moment later. */
const until = (isSo: () => boolean) => vi.waitFor(() => assert.isTrue(isSo()), { interval: 5, timeout: 5_000 })

const theme = themeOf({ name: "dark", colours: "none", glyphs: "ascii" })

/** The dashboard in a terminal of 100 columns, with keys that do what they do. */
const shown = (frame: Frame = frameOf("jobs"), ...messages: ReadonlyArray<Message>) => {
  const store = makeStore(stateOf(frame, [{ _tag: "RoleKnown", role: "operator" }, ...messages], { columns: 100 }))
  const presses: Array<Press> = []
  const app = render(
    <App
      store={store}
      theme={theme}
      terminal={{ lend: () => {} }}
      onPress={(key) => {
        presses.push(key)
        store.send(...press(store.state(), key).messages ?? [])
      }}
    />
  )
  return {
    store,
    presses,
    stdin: app.stdin,
    raw: () => app.lastFrame() ?? "",
    frame: () => stripVTControlCharacters(app.lastFrame() ?? "")
  }
}

describe("The screen", () => {
  it("has as many lines as the terminal, whatever it shows", async () => {
    const { frame, stdin, store } = shown(frameOf("jobs"), jobsRead(pageOf(newestFirst(500, 1))))
    for (const key of ["", "?", "?", ":", "\u001b", "/"]) {
      stdin.write(key)
      await until(() => store.shown() === store.state())

      assert.isAtMost(frame().split("\n").length, 24)
    }
  })

  it("draws only what is in the window of a long list", () => {
    const { frame } = shown(frameOf("jobs"), jobsRead(pageOf(newestFirst(500, 1))))

    assert.include(frame(), "queued")
    assert.strictEqual(frame().match(/demo\.sleep/g)?.length, 20)
  })

  it("shows what happens without a key", async () => {
    const { frame, store } = shown(frameOf("jobs"), jobsRead(pageOf([jobOf(1)])))
    store.send(happened(eventOf(1, "started"), eventOf(2, "created")))
    await until(() => frame().includes("> running"))

    assert.match(frame(), /o queued[^\n]*\n[^\n]*> running/)
  })

  it("takes keys that were typed fast one by one", async () => {
    const { presses, stdin, store } = shown(frameOf("jobs"), jobsRead(pageOf(newestFirst(50, 1))))
    stdin.write("jjj")
    await until(() => presses.length === 3)

    assert.strictEqual(selectedId(store.state()), idOf(48))
  })

  it("knows the keys that are no characters", async () => {
    const { presses, stdin } = shown()
    const typed = [
      "\u001b[A",
      "\u001b[B",
      "\u001b[C",
      "\u001b[D",
      "\u001b[5~",
      "\u001b[6~",
      "\u001b[H",
      "\u001b[F",
      "\u001b[3~",
      "\t",
      "\u001b[Z",
      "\r",
      "\u007f",
      " ",
      "\u0004",
      "\u0003"
    ]
    for (const bytes of typed) {
      const before = presses.length
      stdin.write(bytes)
      await until(() => presses.length > before)
    }

    assert.deepStrictEqual(presses.map(({ key }) => key), [
      "up",
      "down",
      "right",
      "left",
      "pageup",
      "pagedown",
      "home",
      "end",
      "delete",
      "tab",
      "shift+tab",
      "enter",
      "backspace",
      "space",
      "ctrl+d",
      "ctrl+c"
    ])
  })

  it("asks in place, with the list still above", async () => {
    const { frame, stdin } = shown(frameOf("jobs"), jobsRead(pageOf(newestFirst(50, 1))))
    stdin.write("jx")
    await until(() => frame().includes("Cancel job"))

    assert.include(frame(), `Cancel job ${idOf(50)} of type demo.sleep`)
    assert.match(frame(), /y yes +Esc no/)
    assert.include(frame(), "STATUS")
  })

  it("opens and closes the palette, the help and a job", async () => {
    const { frame, stdin, store } = shown(frameOf("jobs"), jobsRead(pageOf(newestFirst(50, 1))))
    stdin.write(":")
    await until(() => frame().includes("rates, depths"))
    stdin.write("\u001b")
    await until(() => store.state().prompt === undefined)
    stdin.write("?")
    await until(() => frame().includes("half a page down"))
    stdin.write("?")
    stdin.write("j\r")
    await until(() => topOf(store.state()).view === "job" && frame().includes("[Summary]"))

    assert.include(frame(), "jobs > ")
  })

  it("shows the filter as it is typed, with what is wrong", async () => {
    const { frame, stdin } = shown()
    stdin.write("/")
    await until(() => frame().includes("created-before:"))
    stdin.write("status:no")
    await until(() => frame().includes("does not fit"))

    assert.include(frame(), "/status:no")
  })

  it("obeys nothing that comes from data", () => {
    const { raw } = shown(
      frameOf("jobs"),
      jobsRead(pageOf([jobOf(1, { tags: ["\u001b]52;c;aGk=\u0007", "\u202eevil"], worker: "\u001b[2J" })]))
    )

    assert.notMatch(raw(), /\u001b(?!\[[\d;]*m)/)
    assert.notInclude(raw(), "\u202e")
  })

  it("draws every view without anything read", () => {
    for (const view of ["overview", "jobs", "job", "dead"] as const) {
      const { frame } = shown(frameOf(view, { subject: idOf(1) }), { _tag: "Ticked", now: noon })

      assert.include(frame(), "odd-dashboard")
    }
  })
})

describe("The store", () => {
  it("makes one frame of what comes at once", async () => {
    const store = makeStore(stateOf(frameOf("jobs"), [jobsRead(pageOf(newestFirst(50, 1)))]))
    let frames = 0
    const stop = store.onFrame(() => frames += 1)
    for (let n = 51; n < 151; n += 1) store.send(happened(eventOf(n, "created")))
    await until(() => store.shown() === store.state())
    stop()

    assert.isAtMost(frames, 2)
    assert.lengthOf(store.shown().jobs.rows, 150)
  })

  it("tells nobody of what changes nothing", () => {
    const store = makeStore(stateOf())
    let calls = 0
    store.onChange(() => calls += 1)
    store.send({ _tag: "PromptClosed" })
    const after = calls
    store.send({ _tag: "LoadingJobs", list: "jobs" })

    assert.isAtMost(after, 1)
    assert.strictEqual(calls, after + 1)
  })
})
