import { characters, cut, fit, plain, shorten, widthOf, wrap } from "#cli/dashboard/view-model/plainText.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import stringWidth from "string-width"

/** Pieces that terminals obey, draw differently, or draw nowhere; a text of data may be any sequence of them. */
const nasty = [
  "\u001b[31m",
  "\u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007",
  "\u001b]52;c;aGk=\u0007",
  "\u001bPq#0\u001b\\",
  "\u009b2J",
  "\u009d0;title\u009c",
  "\u0007",
  "\b\b",
  "\r\n",
  "\t",
  "\u007f",
  "\u202e",
  "\u2066",
  "\u2069",
  "\u200f",
  "\u061c",
  "\u2028",
  "\ufeff",
  "\u200b",
  "\u200d",
  "\ufe0f",
  "\u{e0041}",
  "\ud800",
  "\udc00",
  "👩‍👩‍👧",
  "👍🏽",
  "🇩🇪",
  "❤️",
  "漢字",
  "é",
  "e\u0301",
  "\u0301\u0302\u0303\u0304\u0305\u0306",
  "a",
  " "
]
const Nasty = Schema.Array(Schema.Union([Schema.Literals(nasty), Schema.String]))
const Columns = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))

/** What a terminal could obey, or what changes the direction or the lines of what follows. */
const obeyed =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u

describe("plain", () => {
  it.prop("lets nothing of any text reach the terminal that it would obey", { parts: Nasty }, ({ parts }) => {
    const text = plain(parts.join(""))

    assert.isFalse(obeyed.test(text), JSON.stringify(text))
    assert.isTrue(text.isWellFormed())
  })

  it.prop("makes a text that stays as it is when made plain again", { parts: Nasty }, ({ parts }) => {
    const once = plain(parts.join(""))

    assert.strictEqual(plain(once), once)
  })

  it.prop("measures what Ink measures", { parts: Nasty }, ({ parts }) => {
    const text = plain(parts.join(""))

    assert.strictEqual(widthOf(text), stringWidth(text))
  })

  it("shows escape sequences instead of obeying them", () => {
    assert.strictEqual(plain("\u001b[31mred"), "\\u001b[31mred")
    assert.strictEqual(plain("a\nb"), "a\\u000ab")
  })

  it("leaves words of every script as they are", () => {
    for (const text of ["plain words", "Grüße", "漢字かな交じり文", "हिन्दी", "اللغة العربية", "한국어"]) {
      assert.strictEqual(plain(text), text)
    }
  })

  it("spells flags in letters and drops joiners, so that every terminal counts the same columns", () => {
    assert.strictEqual(plain("🇩🇪"), "DE")
    assert.strictEqual(plain("👍🏽"), "👍")
    assert.strictEqual(plain("❤️"), "❤")
  })

  it("does not let a mark change the character before the text", () => {
    assert.strictEqual(plain("\u0301a"), " \u0301a")
  })

  it("does not let marks pile up over the lines around", () => {
    assert.strictEqual(plain(`a${"\u0301".repeat(50)}`), "a\u0301\u0301\u0301")
  })
})

describe("cut, shorten, fit and wrap", () => {
  it.prop("cut never takes more columns than there are", { parts: Nasty, columns: Columns }, ({ columns, parts }) => {
    assert.isAtMost(widthOf(cut(plain(parts.join("")), columns)), columns)
  })

  it.prop("fit takes exactly the columns", { parts: Nasty, columns: Columns }, ({ columns, parts }) => {
    assert.strictEqual(widthOf(fit(plain(parts.join("")), columns)), columns)
    assert.strictEqual(widthOf(fit(plain(parts.join("")), columns, "right")), columns)
  })

  it.prop("wrap loses no character and makes no line too long", { parts: Nasty }, ({ parts }) => {
    const text = plain(parts.join(""))
    const lines = wrap(text, 7)

    assert.strictEqual(lines.join(""), text)
    assert.isTrue(lines.every((line) => widthOf(line) <= 7))
  })

  it("shorten says that something was cut", () => {
    assert.strictEqual(shorten("background", 6), "backg…")
    assert.strictEqual(shorten("background", 6, "~"), "backg~")
    assert.strictEqual(shorten("short", 6), "short")
  })

  it("does not cut a wide character in half", () => {
    assert.strictEqual(fit("漢字", 3), "漢…")
    assert.strictEqual(cut("漢字", 3), "漢")
    assert.strictEqual(fit("漢字", 5), "漢字 ")
  })

  it("counts characters as people do", () => {
    assert.lengthOf(characters("e\u0301a"), 2)
  })
})
