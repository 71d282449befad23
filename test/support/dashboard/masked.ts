/** Screens of a real system without what differs from run to run: times and ids become noughts of the same width. */
import type { Picture } from "../terminal/picture.ts"

const changing: ReadonlyArray<RegExp> = [
  // Ids and traces, whole or cut.
  /\b01[0-9a-f]{6}-[0-9a-f-]*/gu,
  /(?<=[…~])[0-9a-f]{10}\b/gu,
  /\b00-[0-9a-f]{20,}[0-9a-f-]*/gu,
  /\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]*/gu,
  /\d{4}-\d\d-\d\d/gu,
  /\d\d:\d\d:\d\d(?:\.\d{3})?/gu,
  // Ports that the system gave out.
  /(?<=127\.0\.0\.1:)\d+/gu
]

/** Text by columns: the second half of a wide character is nothing. */
const textOf = (row: Picture[number]): string =>
  row.map(({ chars }) => chars === "" ? "\u0000" : chars.slice(0, 1)).join("")

export const masked = (picture: Picture): Picture =>
  picture.map((row) => {
    const text = textOf(row)
    const columns = new Set(
      changing.flatMap((pattern) =>
        [...text.matchAll(pattern)].flatMap((found) => Array.from(found[0], (_, offset) => found.index + offset))
      )
    )
    return row.map((cell, column) =>
      columns.has(column) && /[0-9a-f]/u.test(cell.chars) ? { ...cell, chars: "0" } : cell
    )
  })
