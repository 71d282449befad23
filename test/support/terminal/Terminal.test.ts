import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assertGolden } from "./golden.ts"
import { pictureText } from "./picture.ts"
import { svgOf } from "./svg.ts"
import { keys, open } from "./Terminal.ts"

/** A program that answers keys and sizes, in colour. */
const echo = `
process.stdout.write("\\x1b[?1049h\\x1b[H\\x1b[1;32mready\\x1b[0m \\x1b[38;2;1;2;3mrgb\\x1b[0m 界")
process.stdin.setRawMode(true)
process.stdin.on("data", (data) => {
  if (data.toString() === "q") { process.stdout.write("\\x1b[?1049l"); process.exit(7) }
  process.stdout.write("\\x1b[2;1Hkey " + JSON.stringify(data.toString()) + "\\x1b[K")
})
process.stdout.on("resize", () => process.stdout.write("\\x1b[3;1Hsize " + process.stdout.columns + "x" + process.stdout.rows))
`
const started = open({
  command: process.execPath,
  args: ["-e", echo],
  cwd: tmpdir(),
  env: {},
  columns: 24,
  rows: 4
})

describe("A terminal", () => {
  it.live("shows what a program draws, hears keys and sizes, and says how the program ended", () =>
    Effect.gen(function*() {
      const terminal = yield* started
      yield* terminal.until("it is ready", (text) => text.includes("ready"))
      assert.isTrue(terminal.isAlternate())
      yield* terminal.type(keys.down)
      yield* terminal.until("the key", (text) => text.includes("[B"))
      yield* terminal.resize(30, 5)
      yield* terminal.until("the size", (text) => text.includes("size 30x5"))
      const before = terminal.written()
      yield* terminal.type("q")
      const { code } = yield* terminal.ended

      assert.strictEqual(code, 7)
      assert.isAbove(terminal.written(), before)
      assert.isFalse(terminal.isAlternate())
    }))

  it.live("tells colours and attributes cell by cell, in text and as a picture", () =>
    Effect.gen(function*() {
      const terminal = yield* started
      yield* terminal.until("it is ready", (text) => text.includes("界"))
      const picture = terminal.picture()

      assert.strictEqual(
        pictureText(picture),
        [
          "|ready rgb 界            |",
          "|                        |",
          "|                        |",
          "|                        |",
          "+------------------------+",
          "|aaaaa bbb               |",
          "|                        |",
          "|                        |",
          "|                        |",
          "+------------------------+",
          "a: bold green",
          "b: #010203",
          ""
        ].join("\n")
      )
      assert.include(svgOf(picture), `font-weight="bold">ready</text>`)
      assert.include(svgOf(picture), `fill="#010203"`)
    }))

  it.live("says what the screen was when what is waited for does not come", () =>
    Effect.gen(function*() {
      const terminal = yield* started
      yield* terminal.until("it is ready", (text) => text.includes("ready"))
      const cause = yield* Effect.sandbox(terminal.until("a wonder", () => false, 50)).pipe(Effect.flip)

      assert.match(String(cause), /a wonder: not within 50 ms[^]*ready rgb/u)
    }))
})

describe("A golden screen", () => {
  it("must be there and the same, and is told line by line when it is not", () => {
    const folder = mkdtempSync(join(tmpdir(), "odto-golden-"))
    try {
      const file = join(folder, "a.txt")
      assert.throws(() => assertGolden(file, "one\ntwo"), /there is no golden screen/u)
      process.env.ODTO_UPDATE_GOLDEN = "1"
      assertGolden(file, "one\ntwo")
      delete process.env.ODTO_UPDATE_GOLDEN
      assertGolden(file, "one\ntwo")
      assert.throws(() => assertGolden(file, "one\nthree"), /line 2[^]*two[^]*three/u)
    } finally {
      delete process.env.ODTO_UPDATE_GOLDEN
      rmSync(folder, { recursive: true })
    }
  })
})
