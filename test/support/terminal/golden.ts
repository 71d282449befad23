/**
 * Golden screens: what a screen must look like, as a file that was reviewed.
 *
 * They are written only with ODTO_UPDATE_GOLDEN=1, to be looked at and committed; a missing file is a failure.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { styleText } from "node:util"

/** Differing lines that are told. */
const shownLines = 20

const difference = (expected: string, actual: string): string => {
  const [was, is] = [expected.split("\n"), actual.split("\n")]
  const lines = Array.from({ length: Math.max(was.length, is.length) }, (_, index) => index)
    .filter((index) => was[index] !== is[index])
  return [
    ...lines.slice(0, shownLines).flatMap((index) => [
      `line ${index + 1}`,
      styleText("red", `- ${was[index] ?? "(no such line)"}`),
      styleText("green", `+ ${is[index] ?? "(no such line)"}`)
    ]),
    ...(lines.length > shownLines ? [`and ${lines.length - shownLines} more lines`] : [])
  ].join("\n")
}

/** Fails unless the file holds this text. */
export const assertGolden = (file: string, actual: string): void => {
  if (process.env.ODTO_UPDATE_GOLDEN === "1") {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, actual)
    return
  }
  if (!existsSync(file)) throw new Error(`there is no golden screen ${file}; ODTO_UPDATE_GOLDEN=1 writes it`)
  const expected = readFileSync(file, "utf8")
  if (expected !== actual) throw new Error(`the screen is not that of ${file}\n${difference(expected, actual)}`)
}
