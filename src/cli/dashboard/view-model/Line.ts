/**
 * A line of a screen before it is painted: pieces of clean text, each with the tone that says what it means.
 *
 * Views are made of lines, so that the terminal, the web page and tests show the same.
 */
import { cut, shorten, widthOf } from "./plainText.ts"

/** What a piece of text means. A theme says how it looks. */
export type Tone =
  | "text"
  | "dim"
  | "strong"
  | "title"
  | "accent"
  | "key"
  | "good"
  | "busy"
  | "wait"
  | "warn"
  | "bad"

export interface Span {
  readonly text: string
  /** Default: `text`. */
  readonly tone?: Tone
}

export type Line = ReadonlyArray<Span>

export const span = (text: string, tone: Tone = "text"): Span => ({ text, tone })
export const line = (text: string, tone: Tone = "text"): Line => [span(text, tone)]
export const blank: Line = []
/** A line of those pieces that there are. */
export const pieces = (...of: ReadonlyArray<Span | undefined>): Line => of.filter((piece) => piece !== undefined)

export const textOf = (of: Line): string => of.map(({ text }) => text).join("")
export const lineWidth = (of: Line): number => of.reduce((sum, { text }) => sum + widthOf(text), 0)

/** The line in at most `columns`. */
export const cutLine = (of: Line, columns: number): Line => {
  const kept: Array<Span> = []
  let left = columns
  for (const piece of of) {
    if (left <= 0) break
    const width = widthOf(piece.text)
    kept.push(width <= left ? piece : { ...piece, text: shorten(piece.text, left) })
    left -= width
  }
  return kept
}

/** Exactly `columns`: cut or filled with blanks. */
export const fillLine = (of: Line, columns: number): Line => {
  const short = cutLine(of, columns)
  const rest = columns - lineWidth(short)
  return rest > 0 ? [...short, span(" ".repeat(rest))] : short
}

/** `left` and `right` at the two ends; where both do not fit `left` is cut. */
export const spread = (left: Line, right: Line, columns: number): Line => {
  const end = cutLine(right, columns)
  const width = lineWidth(end)
  return [...fillLine(left, columns - width), ...end]
}

/** Joins lines with a separator between them. */
export const joined = (lines: ReadonlyArray<Line>, separator: Span): Line =>
  lines.flatMap((of, index) => index === 0 ? of : [separator, ...of])

/** As many of the parts, in their order, as fit with two blanks between. */
export const asManyAsFit = (parts: ReadonlyArray<Line>, columns: number): Line => {
  const kept: Array<Line> = []
  let left = columns
  for (const part of parts) {
    const width = lineWidth(part) + (kept.length === 0 ? 0 : 2)
    if (width > left) break
    left -= width
    kept.push(part)
  }
  return joined(kept, span("  "))
}

/** Clean text of a fixed number of columns as a span. */
export const clipped = (text: string, columns: number, tone: Tone = "text"): Span => span(cut(text, columns), tone)
