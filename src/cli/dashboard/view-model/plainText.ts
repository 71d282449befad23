/**
 * Text of data made fit for a terminal: nothing in it is obeyed, and its width is the one that is drawn.
 *
 * Escape sequences, other controls and bidirectional overrides are shown as `\u001b`. What has no width of its own and
 * makes terminals disagree (joiners, variation selectors, skin tones, flags) is left out or spelt in letters.
 */
import stringWidth from "string-width"

const isPlain = /^[\x20-\x7e]*$/u

/** Shown as an escape: controls, what changes the direction of text, and separators that terminals may break lines at. */
const obeyed =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu
/** Without a width of their own: joiners, variation selectors, skin tones, fillers. */
const invisible =
  /[\u00ad\u115f\u1160\u3164\uffa0\u200b-\u200d]|\p{Variation_Selector}|\p{Emoji_Modifier}|\u034f|\u17b4|\u17b5/gu
const regional = /[\u{1f1e6}-\u{1f1ff}]/gu
const leadingMark = /^\p{M}/u
/** More marks on one character than a script needs are made to cover the lines around. */
const manyMarks = /(\p{M}{3})\p{M}+/gu

const escaped = (character: string): string => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`

/** One line of text from data. */
export const plain = (text: string): string => {
  if (isPlain.test(text)) return text
  const clean = text.toWellFormed()
    .replace(obeyed, escaped)
    .replace(invisible, "")
    .replace(regional, (letter) => String.fromCharCode((letter.codePointAt(0) ?? 0) - 0x1f1e6 + 65))
    .replace(manyMarks, "$1")
  return leadingMark.test(clean) ? ` ${clean}` : clean
}

/** Columns that clean text takes, as Ink measures it. */
export const widthOf = (text: string): number => isPlain.test(text) ? text.length : stringWidth(text)

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })

/** The text character by character, as people count them. */
export const characters = (text: string): ReadonlyArray<string> =>
  isPlain.test(text) ? text.split("") : Array.from(graphemes.segment(text), ({ segment }) => segment)

/** As much of the clean text as fits, from the left. */
export const cut = (text: string, columns: number): string => {
  if (columns <= 0) return ""
  if (isPlain.test(text)) return text.slice(0, columns)
  let taken = ""
  let used = 0
  for (const segment of characters(text)) {
    const width = stringWidth(segment)
    if (used + width > columns) break
    used += width
    taken += segment
  }
  return taken
}

/** The clean text in at most `columns`, with `more` at its end when it is longer. */
export const shorten = (text: string, columns: number, more = "…"): string =>
  widthOf(text) <= columns
    ? text
    : columns <= widthOf(more)
    ? cut(text, columns)
    : cut(text, columns - widthOf(more)) + more

/** The end of a clean text that is too long, after a `<`: that is where typing goes on. */
export const ending = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text
  const kept = Array.from(characters(text)).slice(1 - columns)
  while (kept.length > 0 && widthOf(kept.join("")) > columns - 1) kept.shift()
  return `<${kept.join("")}`
}

/** The clean text in exactly `columns`. */
export const fit = (text: string, columns: number, align: "left" | "right" = "left", more = "…"): string => {
  const short = shorten(text, columns, more)
  const rest = " ".repeat(Math.max(0, columns - widthOf(short)))
  return align === "left" ? short + rest : rest + short
}

/** Lines of at most `columns`, broken between words where there are any: for sentences. */
export const wrapWords = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`
    if (widthOf(longer) <= columns) {
      line = longer
      continue
    }
    if (line !== "") lines.push(line)
    const parts = wrap(word, columns)
    lines.push(...parts.slice(0, -1))
    line = parts.at(-1) ?? ""
  }
  return [...lines, line]
}

/** Lines of at most `columns`, broken anywhere: payloads and messages are to be read whole. */
export const wrap = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let rest = text
  while (widthOf(rest) > columns && columns > 1) {
    const line = cut(rest, columns)
    if (line === "") break
    lines.push(line)
    rest = rest.slice(line.length)
  }
  return [...lines, rest]
}
