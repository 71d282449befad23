import { type ColourMode, colourModeOf, glyphSetOf, themeNameOf, themeOf } from "#cli/dashboard/theme.ts"
import { glyph, type GlyphName } from "#cli/dashboard/view-model/glyphs.ts"
import { span, type Tone } from "#cli/dashboard/view-model/Line.ts"
import { statusTone } from "#cli/dashboard/view-model/tables/jobs.ts"
import { JobStatus } from "#domain/JobStatus.ts"
import { assert, describe, it } from "@effect/vitest"
import { stripVTControlCharacters } from "node:util"

const tones: ReadonlyArray<Tone> = [
  "text",
  "dim",
  "strong",
  "title",
  "accent",
  "key",
  "good",
  "busy",
  "wait",
  "warn",
  "bad"
]
const modes: ReadonlyArray<ColourMode> = ["truecolor", "16", "none"]
const paint = (colours: ColourMode, tone: Tone, name: "dark" | "light" = "dark") =>
  themeOf({ name, colours, glyphs: "unicode" }).paint([span("word", tone)])

describe("The theme", () => {
  it("paints the text itself in every mode, and nothing else", () => {
    for (const colours of modes) {
      for (const tone of tones) assert.strictEqual(stripVTControlCharacters(paint(colours, tone)), "word")
    }
  })

  it("has no colour at all without colours, and only the sixteen in a plain terminal", () => {
    for (const tone of tones) {
      assert.notMatch(paint("none", tone), /\u001b\[(?:[\d;]*;)?(?:3[0-8]|9[0-7]|4[0-8])[;m]/)
      assert.notInclude(paint("16", tone), "38;2")
    }
    assert.include(paint("truecolor", "bad"), "38;2;")
  })

  it("has other colours on light ground than on dark", () => {
    assert.notStrictEqual(paint("truecolor", "good", "light"), paint("truecolor", "good", "dark"))
  })

  it("turns the selected line round in every mode", () => {
    for (const colours of modes) {
      assert.match(
        themeOf({ name: "dark", colours, glyphs: "ascii" }).paint([span("a"), span("b", "bad")], true),
        /^\u001b\[7m.*\u001b\[7;?/
      )
    }
  })

  it("gives every status a sign of its own, in both sets of characters", () => {
    for (const set of ["unicode", "ascii"] as const) {
      const signs = JobStatus.literals.map((status) => glyph(status, set))

      assert.strictEqual(new Set(signs).size, JobStatus.literals.length)
    }
    assert.isTrue(JobStatus.literals.every((status) => tones.includes(statusTone(status))))
  })

  it("keeps to ASCII where it must", () => {
    const names: ReadonlyArray<GlyphName> = ["queued", "dead", "crumb", "more", "cursor", "bar"]

    assert.isTrue(names.every((name) => /^[\x20-\x7e]$/.test(glyph(name, "ascii"))))
  })
})

describe("What the terminal can", () => {
  it("is told by its environment: colours", () => {
    assert.strictEqual(colourModeOf({ COLORTERM: "truecolor", TERM: "xterm-256color" }), "truecolor")
    assert.strictEqual(colourModeOf({ TERM: "xterm-256color" }), "16")
    assert.strictEqual(colourModeOf({ TERM: "dumb", COLORTERM: "truecolor" }), "none")
    assert.strictEqual(colourModeOf({ NO_COLOR: "1", COLORTERM: "truecolor" }), "none")
    assert.strictEqual(colourModeOf({ NO_COLOR: "", COLORTERM: "24bit" }), "truecolor")
  })

  it("is told by its environment: characters", () => {
    assert.strictEqual(glyphSetOf({ LANG: "de_DE.UTF-8" }), "unicode")
    assert.strictEqual(glyphSetOf({ LANG: "de_DE.UTF-8", LC_ALL: "C" }), "ascii")
    assert.strictEqual(glyphSetOf({ LANG: "C.utf8", TERM: "linux" }), "ascii")
    assert.strictEqual(glyphSetOf({ ODTO_ASCII: "1", LANG: "C.utf8" }), "ascii")
    assert.strictEqual(glyphSetOf({}), "unicode")
  })

  it("is told by its environment: the ground", () => {
    assert.strictEqual(themeNameOf({}), "dark")
    assert.strictEqual(themeNameOf({ COLORFGBG: "0;15" }), "light")
    assert.strictEqual(themeNameOf({ COLORFGBG: "0;15", ODTO_THEME: "dark" }), "dark")
    assert.strictEqual(themeNameOf({ ODTO_THEME: "light" }), "light")
  })
})
