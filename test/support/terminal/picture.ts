/**
 * A screen as text that a person can review: its characters, and below them which cells look like what.
 *
 *     |✓ completed  12|
 *     ----
 *     |aa bbbbbbbbb  c|
 *     a: green   b: bold   c: dim
 */
import type { IBufferCell, Terminal } from "@xterm/headless"

export interface Look {
  /** As CSS spells it, or the name of one of the sixteen; undefined: the terminal's own. */
  readonly foreground: string | undefined
  readonly background: string | undefined
  readonly bold: boolean
  readonly dim: boolean
  readonly italic: boolean
  readonly underline: boolean
  readonly inverse: boolean
}

export interface PictureCell {
  /** Empty for the second half of a wide character. */
  readonly chars: string
  readonly look: Look
}

export type Picture = ReadonlyArray<ReadonlyArray<PictureCell>>

const sixteen = [
  "black",
  "red",
  "green",
  "yellow",
  "blue",
  "magenta",
  "cyan",
  "white",
  "bright black",
  "bright red",
  "bright green",
  "bright yellow",
  "bright blue",
  "bright magenta",
  "bright cyan",
  "bright white"
] as const

const colour = (isRgb: boolean, isPalette: boolean, value: number): string | undefined =>
  isRgb
    ? `#${value.toString(16).padStart(6, "0")}`
    : isPalette
    ? sixteen[value] ?? `palette ${value}`
    : undefined

const lookOf = (cell: IBufferCell): Look => ({
  foreground: colour(cell.isFgRGB(), cell.isFgPalette(), cell.getFgColor()),
  background: colour(cell.isBgRGB(), cell.isBgPalette(), cell.getBgColor()),
  bold: cell.isBold() !== 0,
  dim: cell.isDim() !== 0,
  italic: cell.isItalic() !== 0,
  underline: cell.isUnderline() !== 0,
  inverse: cell.isInverse() !== 0
})

export const pictureOf = (screen: Terminal): Picture =>
  Array.from({ length: screen.rows }, (_, row) => {
    const line = screen.buffer.active.getLine(screen.buffer.active.baseY + row)
    return Array.from({ length: screen.cols }, (_, column): PictureCell => {
      const cell = line?.getCell(column)
      if (cell === undefined) throw new Error(`the screen has no cell ${column} in line ${row}`)
      return { chars: cell.getWidth() === 0 ? "" : cell.getChars() || " ", look: lookOf(cell) }
    })
  })

/** `bold #89b4fa on blue`; empty for what looks like nothing in particular. */
export const lookName = ({ background, bold, dim, foreground, inverse, italic, underline }: Look): string =>
  [
    bold ? "bold" : "",
    dim ? "dim" : "",
    italic ? "italic" : "",
    underline ? "underlined" : "",
    inverse ? "inverse" : "",
    foreground ?? "",
    background === undefined ? "" : `on ${background}`
  ].filter((part) => part !== "").join(" ")

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/** The picture as text; looks are named by letters in the order in which they appear. */
export const pictureText = (picture: Picture): string => {
  const names = new Map<string, string>()
  const letterOf = ({ look }: PictureCell): string => {
    const name = lookName(look)
    if (name === "") return " "
    const letter = names.get(name) ?? letters[names.size]
    if (letter === undefined) throw new Error(`the screen has more than ${letters.length} looks`)
    names.set(name, letter)
    return letter
  }
  const text = picture.map((row) => `|${row.map(({ chars }) => chars).join("")}|`)
  const looks = picture.map((row) => `|${row.map(letterOf).join("")}|`)
  const rule = "-".repeat(picture[0]?.length ?? 0)
  return [
    ...text,
    `+${rule}+`,
    ...looks,
    `+${rule}+`,
    ...[...names].map(([name, letter]) => `${letter}: ${name}`),
    ""
  ].join("\n")
}
