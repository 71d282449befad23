/** A screen as a picture for documents: an SVG with one text per run of cells that look the same. */
import { lookName, type Picture, type PictureCell } from "./picture.ts"

const cellWidth = 8.4
const lineHeight = 18
const padding = 12
const page = { foreground: "#d8dee9", background: "#1b1f27" }

/** The sixteen colours as common terminals show them on a dark page. */
const named: Readonly<Record<string, string>> = {
  black: "#3b4252",
  red: "#e06c75",
  green: "#98c379",
  yellow: "#e5c07b",
  blue: "#61afef",
  magenta: "#c678dd",
  cyan: "#56b6c2",
  white: "#d8dee9",
  "bright black": "#7f8899",
  "bright red": "#ff7a85",
  "bright green": "#b5e890",
  "bright yellow": "#ffd787",
  "bright blue": "#82c4ff",
  "bright magenta": "#e29bf5",
  "bright cyan": "#7fdbe6",
  "bright white": "#ffffff"
}
const cssOf = (colour: string | undefined, fallback: string): string =>
  colour === undefined ? fallback : named[colour] ?? (colour.startsWith("#") ? colour : fallback)

/** Blanks that do not collapse: not every viewer keeps the others. */
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(" ", "\u00a0")

interface Run {
  readonly column: number
  readonly cells: ReadonlyArray<PictureCell>
}

const runsOf = (row: ReadonlyArray<PictureCell>): ReadonlyArray<Run> => {
  const runs: Array<{ column: number; cells: Array<PictureCell> }> = []
  for (const [column, cell] of row.entries()) {
    const last = runs.at(-1)
    const before = last?.cells.at(-1)
    if (last !== undefined && before !== undefined && lookName(before.look) === lookName(cell.look)) {
      last.cells.push(cell)
    } else runs.push({ column, cells: [cell] })
  }
  return runs
}

const drawn = ({ cells, column }: Run, line: number): string => {
  const look = cells[0]?.look
  if (look === undefined) return ""
  const [ink, paper] = [cssOf(look.foreground, page.foreground), cssOf(look.background, page.background)]
  const [fill, behind] = look.inverse ? [paper, ink] : [ink, paper]
  const x = padding + column * cellWidth
  const y = padding + line * lineHeight
  const width = cells.length * cellWidth
  const text = cells.map(({ chars }) => chars).join("")
  return [
    behind === page.background
      ? ""
      : `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${lineHeight}" fill="${behind}"/>`,
    text.trim() === ""
      ? ""
      : `<text x="${x.toFixed(1)}" y="${y + 13}" fill="${fill}" textLength="${width.toFixed(1)}"${
        look.bold ? ` font-weight="bold"` : ""
      }${look.dim ? ` opacity="0.65"` : ""}>${escaped(text)}</text>`
  ].filter((part) => part !== "").join("\n")
}

export const svgOf = (picture: Picture): string => {
  const width = 2 * padding + (picture[0]?.length ?? 0) * cellWidth
  const height = 2 * padding + picture.length * lineHeight
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" width="${
      width.toFixed(0)
    }" height="${height}">`,
    `<rect width="100%" height="100%" rx="8" fill="${page.background}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, DejaVu Sans Mono, monospace" font-size="14">`,
    ...picture.flatMap((row, line) => runsOf(row).map((run) => drawn(run, line))).filter((part) => part !== ""),
    "</g>",
    "</svg>",
    ""
  ].join("\n")
}
