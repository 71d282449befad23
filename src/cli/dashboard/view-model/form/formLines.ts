/** The form as lines: a field is a label, what is typed, and what is wrong with it or a hint. */
import type { GlyphName } from "../glyphs.ts"
import { blank, type Line, line, span } from "../Line.ts"
import { characters, cut, fit, plain, shorten, widthOf } from "../plainText.ts"
import type { Field, Form } from "./Form.ts"

/** Choices are kept as JSON; words are shown without their quotation marks. */
const shownText = ({ choices, text }: Field): string => choices.length === 0 ? text : text.replace(/^"(.*)"$/u, "$1")

/** The end of a text that is too long: that is where typing goes on. */
const ending = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text
  const kept = characters(text).slice(1 - columns)
  while (kept.length > 0 && widthOf(kept.join("")) > columns - 1) kept.shift()
  return `<${kept.join("")}`
}

/** What is wrong with a field, once it has been touched or somebody tried to submit. */
const errorOf = (form: Form, field: Field): string | undefined =>
  form.wasTried || form.touched.has(field.path) ? form.errors[field.path] : undefined

const fieldLines = (
  form: Form,
  index: number,
  columns: number,
  glyph: (name: GlyphName) => string
): ReadonlyArray<Line> => {
  const field = form.fields[index]
  if (field === undefined) return []
  const isFocused = index === form.focus
  const label = Math.max(8, Math.min(20, Math.floor(columns / 4)))
  const error = errorOf(form, field)
  const room = Math.max(4, Math.min(40, columns - label - 6))
  const value = ending(plain(shownText(field)), room - 1)
  const box = isFocused ? `${value}${glyph("cursor")}` : value
  const note = error ?? (isFocused || columns >= 80 ? field.hint : "")
  const choices = isFocused && field.choices.length > 0
    ? ` ${field.choices.map((each) => each.replaceAll("\"", "")).join(" | ")}`
    : ""
  const first: Line = [
    span(isFocused ? ` ${glyph("selected")}` : "  ", "accent"),
    span(fit(plain(field.label) + (field.isRequired ? " *" : ""), label), isFocused ? "strong" : "text"),
    span(" "),
    span(fit(box, room), isFocused ? "key" : "text")
  ]
  const said = shorten(plain(note + choices), Math.max(0, columns >= 80 ? columns - label - room - 6 : columns - 4))
  const tone = error === undefined ? "dim" as const : "bad" as const
  if (columns >= 80) return [[...first, span(`  ${said}`, tone)]]
  return said === "" ? [first] : [first, [span(`    ${said}`, tone)]]
}

/** The fields around the one that is typed into, as many as there is room for. */
export const formLines = (
  form: Form,
  columns: number,
  height: number,
  glyph: (name: GlyphName) => string
): ReadonlyArray<Line> => {
  const about = plain(form.type.description ?? "")
  const head: ReadonlyArray<Line> = [
    [
      span(" New task ", "title"),
      span(plain(form.type.name), "accent"),
      span(about === "" ? "" : `  ${cut(about, columns)}`, "dim")
    ],
    form.trouble !== undefined
      ? line(` ${shorten(plain(form.trouble), columns - 2)}`, "bad")
      : form.isSending
      ? line(" submitting", "warn")
      : blank
  ]
  const each = form.fields.map((_, index) => fieldLines(form, index, columns, glyph))
  const room = Math.max(1, height - head.length)
  const before = each.slice(0, form.focus + 1).reduce((sum, lines) => sum + lines.length, 0)
  const all = each.flat()
  const first = Math.max(0, Math.min(before - Math.ceil(room / 2), all.length - room))
  return [...head, ...all.slice(first, first + room)]
}
