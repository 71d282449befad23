import type { Command } from "#cli/dashboard/view-model/Command.ts"
import { isPermitted } from "#cli/dashboard/view-model/keys/Binding.ts"
import { keysNow, keyTable } from "#cli/dashboard/view-model/keys/keyTable.ts"
import { textOf } from "#cli/dashboard/view-model/Line.ts"
import { suggestions } from "#cli/dashboard/view-model/palette.ts"
import { footerLine } from "#cli/dashboard/view-model/parts/footer.ts"
import { helpLines } from "#cli/dashboard/view-model/parts/help.ts"
import { press } from "#cli/dashboard/view-model/press.ts"
import { type Frame, frameOf, viewNames } from "#cli/dashboard/view-model/Route.ts"
import { selectedId } from "#cli/dashboard/view-model/selection.ts"
import { type State, topOf } from "#cli/dashboard/view-model/State.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import {
  eventOf,
  happened,
  idOf,
  jobsRead,
  newestFirst,
  pageOf,
  stateOf,
  told
} from "../../../support/dashboard/Given.ts"

const operator = { _tag: "RoleKnown", role: "operator" } as const
const viewer = { _tag: "RoleKnown", role: "viewer" } as const

/** Keys one after the other, and what they would do to the world. */
const pressed = (state: State, ...keys: ReadonlyArray<string>) => {
  const commands: Array<Command> = []
  const last = keys.reduce((held, key) => {
    const reaction = press(held, { key, text: key.length === 1 ? key : key === "space" ? " " : "" })
    commands.push(...reaction.commands ?? [])
    return told(held, ...reaction.messages ?? [])
  }, state)
  return { state: last, commands }
}
const listed = (frame: Frame = frameOf("jobs")) => stateOf(frame, [operator, jobsRead(pageOf(newestFirst(20, 1)))])

describe("A key", () => {
  it("opens the job that is selected, and Esc leads back", () => {
    const opened = pressed(listed(), "j", "j", "enter").state
    const back = pressed(opened, "esc").state

    assert.deepInclude(topOf(opened), { view: "job", subject: idOf(19) })
    assert.strictEqual(selectedId(back), idOf(19))
  })

  it("picks before it opens, as long as nothing is selected", () => {
    const first = pressed(listed(), "enter").state

    assert.strictEqual(topOf(first).view, "jobs")
    assert.strictEqual(selectedId(first), idOf(20))
    assert.strictEqual(topOf(pressed(first, "enter").state).view, "job")
  })

  it("that acts does nothing while nothing is selected", () => {
    const { commands, state } = pressed(listed(), "x", "y")

    assert.deepStrictEqual(commands, [])
    assert.strictEqual(state.toast?.text, "select a job first")
  })

  it("cancels only after another key has said yes, and says what it will hit", () => {
    const asked = pressed(listed(), "j", "x")
    const same = pressed(asked.state, "x", "enter", "space")
    const yes = pressed(same.state, "y")

    assert.include(asked.state.question?.text, idOf(20))
    assert.include(asked.state.question?.text, "demo.sleep")
    assert.deepStrictEqual([...asked.commands, ...same.commands], [])
    assert.deepStrictEqual(yes.commands, [{ _tag: "Cancel", jobId: idOf(20) }])
    assert.isUndefined(yes.state.question)
  })

  it("asks of the job that was selected when it was pressed, whatever happens meanwhile", () => {
    const asked = pressed(listed(), "j", "x").state
    const later = told(asked, happened(eventOf(30, "created"), eventOf(31, "created")), { _tag: "Followed" })

    assert.deepStrictEqual(pressed(later, "y").commands, [{ _tag: "Cancel", jobId: idOf(20) }])
  })

  it("takes no for an answer", () => {
    for (const no of ["esc", "n", "q"]) {
      const { commands, state } = pressed(listed(), "j", "x", no)

      assert.deepStrictEqual(commands, [])
      assert.isUndefined(state.question)
      assert.strictEqual(topOf(state).view, "jobs")
    }
  })

  it("says why a job cannot be cancelled or replayed", () => {
    const completed = told(pressed(listed(), "j").state, happened(eventOf(20, "completed")))

    assert.match(pressed(completed, "x").state.toast?.text ?? "", /is completed: there is nothing to cancel/)
    assert.match(pressed(completed, "r").state.toast?.text ?? "", /is completed: only a dead job/)
  })

  it("replays a dead job after a question", () => {
    const dead = told(pressed(listed(), "j").state, happened(eventOf(20, "dead-lettered")))

    assert.deepStrictEqual(pressed(dead, "r", "y").commands, [{ _tag: "Replay", jobId: idOf(20) }])
  })

  it("copies the id of the job without a question", () => {
    assert.deepStrictEqual(pressed(listed(), "j", "y").commands, [{ _tag: "Copy", text: idOf(20), what: "the id" }])
  })

  it("without a meaning says so", () => {
    assert.match(pressed(listed(), "Z").state.toast?.text ?? "", /^Z means nothing here/)
  })

  it.prop(
    "never makes the dashboard fail, and writes nothing without a yes",
    {
      keys: Schema.Array(
        Schema.Literals([
          ...new Set(keyTable.flatMap(({ keys }) => keys)),
          "a",
          "backspace",
          "left",
          "right",
          "ctrl+w"
        ].filter((key) => key !== "y"))
      ),
      view: Schema.Literals(viewNames)
    },
    ({ keys, view }) => {
      const { commands, state } = pressed(listed(frameOf(view, view === "job" ? { subject: idOf(1) } : {})), ...keys)

      assert.deepStrictEqual(commands.filter(({ _tag }) => _tag === "Cancel" || _tag === "Replay"), [])
      assert.isAtLeast(state.stack.length, 1)
    }
  )
})

describe("Whoever may only look", () => {
  const acting = keyTable.filter(({ needs = "viewer" }) => needs !== "viewer")
  const said = (state: State) =>
    [
      textOf(footerLine(state, 400, false)),
      ...helpLines(state, false).map(textOf),
      ...suggestions(
        pressed(state, ":").state
      ).map(({ name }) => name)
    ].join("\n")

  it("is offered no action: no key, no hint, no help, nothing in the palette", () => {
    for (const view of viewNames) {
      const frame = frameOf(view)
      for (
        const state of [
          stateOf(frame, [viewer]),
          stateOf(frame, []),
          stateOf(frame, [{ _tag: "RoleKnown", role: "admin" }], { isReadOnly: true })
        ]
      ) {
        assert.isFalse(keysNow(state).some((binding) => acting.includes(binding)), view)
        for (const { hint, label } of acting) {
          assert.notInclude(said(state), label)
          if (hint !== undefined) assert.notInclude(said(state), ` ${hint} `)
        }
      }
    }
  })

  it("changes nothing by any key", () => {
    const state = stateOf(frameOf("jobs"), [viewer, jobsRead(pageOf(newestFirst(20, 1)))])

    for (const { keys: [key] } of acting) {
      const { commands, state: after } = pressed(state, "j", key, "y")

      assert.deepStrictEqual(commands.filter(({ _tag }) => _tag !== "Copy"), [])
      assert.isUndefined(after.question)
    }
  })

  it("is told of actions as soon as the gateway knows an operator", () => {
    assert.include(said(listed()), "cancel the job")
    assert.isTrue(acting.every((binding) => isPermitted(listed(), binding)))
  })
})

describe("The palette", () => {
  it("goes to a view by some of its letters", () => {
    assert.strictEqual(topOf(pressed(listed(), ":", "d", "e", "a", "enter").state).view, "dead")
  })

  it("takes a filter behind the name of a view", () => {
    const { state } = pressed(
      listed(),
      ":",
      ..."jobs status:dead".split("").map((key) => key === " " ? "space" : key),
      "enter"
    )

    assert.deepInclude(topOf(state), { view: "jobs", filter: "status:dead" })
  })

  it("opens a job by its id", () => {
    const { state } = pressed(listed(), ":", ...idOf(3).split(""), "enter")

    assert.deepInclude(topOf(state), { view: "job", subject: idOf(3) })
  })

  it("runs what a key does, and offers it first the next time", () => {
    const once = pressed(listed(), ":", ..."pause".split(""), "enter").state

    assert.isDefined(once.pause)
    assert.match(suggestions(pressed(once, ":").state)[0]?.name ?? "", /^pause/)
  })

  it("moves among what it offers, and never beyond", () => {
    const open = pressed(listed(), ":").state
    const last = pressed(open, ...Array.from({ length: 99 }, () => "down")).state

    assert.strictEqual(last.prompt?.choice, suggestions(open).length - 1)
    assert.strictEqual(pressed(last, ...Array.from({ length: 99 }, () => "up")).state.prompt?.choice, 0)
  })

  it("closes by Esc, and by erasing more than there is", () => {
    assert.isUndefined(pressed(listed(), ":", "esc").state.prompt)
    assert.isUndefined(pressed(listed(), ":", "a", "backspace", "backspace").state.prompt)
  })
})

describe("The filter", () => {
  it("begins with what there is, takes words away, and applies by Enter", () => {
    const { state } = pressed(
      listed(frameOf("jobs", { filter: "queue:mail old" })),
      "/",
      "ctrl+w",
      ..."new".split(""),
      "enter"
    )

    assert.strictEqual(topOf(state).filter, "queue:mail new")
    assert.isUndefined(state.prompt)
  })

  it("stays open while something in it does not fit, and says what", () => {
    const { state } = pressed(listed(), "/", ..."status:deadly".split(""), "enter")

    assert.isDefined(state.prompt)
    assert.match(state.toast?.text ?? "", /status:deadly does not fit/)
  })

  it("takes pasted lines as one", () => {
    const open = pressed(listed(), "/").state
    const { messages = [] } = press(open, { key: "paste", text: "queue:mail\nsleep\r\n" })

    assert.strictEqual(told(open, ...messages).prompt?.text, "queue:mail sleep ")
  })
})

describe("Sorting", () => {
  it("goes through the columns and ends at the order of the source", () => {
    const columns = new Set<string | undefined>()
    let { state } = pressed(listed(), "s")
    for (let turn = 0; turn < 12; turn += 1) {
      columns.add(topOf(state).sorting?.column)
      state = pressed(state, "s").state
    }

    assert.isTrue(["status", "type", "created", undefined].every((column) => columns.has(column)))
  })

  it("turns round", () => {
    const { state } = pressed(listed(), "s", "S")

    assert.deepStrictEqual(topOf(state).sorting, { column: "status", descending: true })
  })
})
