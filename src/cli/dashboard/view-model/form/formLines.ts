/** The form as lines: a field is a label, what is typed, and what is wrong with it or a hint. */
import type { GlyphName } from "../glyphs.ts"
import { blank, type Line, line, span } from "../Line.ts"
import { cut, ending, fit, plain, shorten, widthOf, wrap } from "../plainText.ts"
import type { Field, Form } from "./Form.ts"
import { partsOf } from "./updateForm.ts"

/** Choices are kept as JSON; words are shown without their quotation marks. */
const unquoted = (json: string): string => json.replace(/^"(.*)"$/u, "$1")
const shownText = ({ choices, text }: Field): string => choices.length === 0 ? text : unquoted(text)

/** What is wrong with a field, once it has been touched or somebody tried to submit. */
const errorOf = (form: Form, field: Field): string | undefined =>
  form.wasTried || form.touched.has(field.path) ? form.errors[field.path] : undefined

/** Columns of the labels, and the most that a value gets. */
const labelColumns = (columns: number): number => Math.max(8, Math.min(18, Math.floor(columns / 4)))
const mostValueColumns = 48

/** The field, and below it what is wrong, or a hint while it is typed into. */
const fieldLines = (
  form: Form,
  index: number,
  columns: number,
  glyph: (name: GlyphName) => string
): ReadonlyArray<Line> => {
  const field = form.fields[index]
  if (field === undefined) return []
  const isFocused = index === form.focus
  const label = labelColumns(columns)
  const room = Math.max(4, Math.min(mostValueColumns, columns - label - 5))
  const { after, before } = isFocused && field.choices.length === 0
    ? partsOf(form)
    : { before: [shownText(field)], after: [] }
  // What is behind the cursor may have half of the room.
  const behind = shorten(plain(after.join("")), Math.floor(room / 2))
  const value = ending(plain(before.join("")), room - 1 - widthOf(behind))
  const error = errorOf(form, field)
  const choices = field.choices.length === 0 ? "" : `${field.choices.map(unquoted).join(" | ")}  `
  const note = error ?? (isFocused ? `${choices}${field.hint}`.trim() : "")
  const noted = wrap(plain(note), Math.max(8, columns - label - 5))
    .map((text) => [span(" ".repeat(label + 4)), span(text, error === undefined ? "dim" : "bad")])
  return [
    [
      span(isFocused ? ` ${glyph("selected")} ` : "   ", "accent"),
      span(fit(plain(field.label) + (field.isRequired ? " *" : ""), label), isFocused ? "strong" : "text"),
      span(" "),
      span(isFocused ? `${value}${glyph("cursor")}${behind}` : value, isFocused ? "key" : "text")
    ],
    ...(note === "" ? [] : noted)
  ]
}

/** The fields around the one that is typed into, as many as there is room for. */
export const formLines = (
  form: Form,
  columns: number,
  height: number,
  glyph: (name: GlyphName) => string
): ReadonlyArray<Line> => {
  const trouble = form.refusal ?? (form.wasTried ? form.trouble : undefined)
  const about = plain(form.type.description ?? "")
  const head: ReadonlyArray<Line> = [
    [
      span(` ${plain(form.type.name)}`, "accent"),
      span(about === "" ? "" : `  ${cut(about, columns)}`, "dim")
    ],
    trouble !== undefined
      ? line(` ${shorten(plain(trouble), columns - 2)}`, "bad")
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
