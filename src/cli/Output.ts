/** Answers go to standard output, everything else to standard error, so that output can be piped. */
import { Effect } from "effect"
import { CliOutput, Flag, GlobalFlag } from "effect/cli"

export const jsonFlag = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(
    Flag.withDescription("Print JSON, one document, or one line per item where items stream"),
    Flag.withDefault(false)
  )
})

/** Colours only for people, and only where they want them (https://no-color.org). */
const coloured = process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === ""
const paint = (code: number) => (text: string): string => coloured ? `\u001b[${code}m${text}\u001b[0m` : text
export const style = {
  bold: paint(1),
  dim: paint(2),
  red: paint(31),
  green: paint(32),
  yellow: paint(33),
  cyan: paint(36)
}

/** Whatever comes from data may hold escape sequences: they are shown, not obeyed. */
export const safe = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)

const statusStyles: Readonly<Record<string, (text: string) => string>> = {
  completed: style.green,
  running: style.cyan,
  dead: style.red,
  cancelled: style.dim,
  retrying: style.yellow
}
export const status = (text: string): string => (statusStyles[text] ?? ((plain: string) => plain))(text)

export const lines = (text: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.sync(() => void process.stdout.write(`${text.join("\n")}\n`))

export const json = (value: unknown): Effect.Effect<void> =>
  Effect.sync(() => void process.stdout.write(`${JSON.stringify(value)}\n`))

/** For people who watch: progress, hints. */
export const note = (text: string): Effect.Effect<void> => Effect.sync(() => void process.stderr.write(`${text}\n`))

/** The value as JSON when `--json` is set, else as `human` says it. */
export const print = <A>(value: A, human: (value: A) => ReadonlyArray<string>) =>
  Effect.flatMap(jsonFlag, (asJson) => asJson ? json(value) : lines(human(value)))

// eslint-disable-next-line no-control-regex
const bare = (text: string): string => text.replace(/\u001b\[\d+m/gu, "")
const widthOf = (text: string): number => CliOutput.displayWidth(bare(text))

/** Columns as wide as their widest cell; the last one runs free. */
export const table = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>
): ReadonlyArray<string> => {
  const widths = head.map((title, column) => Math.max(widthOf(title), ...rows.map((row) => widthOf(row[column] ?? ""))))
  const spell = (cells: ReadonlyArray<string>) =>
    cells.map((cell, column) =>
      column === cells.length - 1 ? cell : cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell)))
    ).join("  ").trimEnd()
  return [style.bold(spell(head)), ...rows.map(spell)]
}

/** `1h 02m`, `3.2 s`, `12 ms`. */
export const duration = (millis: number): string =>
  millis < 1_000
    ? `${Math.round(millis)} ms`
    : millis < 60_000
    ? `${(millis / 1_000).toFixed(1)} s`
    : millis < 3_600_000
    ? `${Math.floor(millis / 60_000)}m ${String(Math.floor(millis / 1_000) % 60).padStart(2, "0")}s`
    : `${Math.floor(millis / 3_600_000)}h ${String(Math.floor(millis / 60_000) % 60).padStart(2, "0")}m`

/** Where numbers come from and how old they are. */
export const freshness = (
  of: { readonly source: string; readonly ageMillis: number; readonly stale: boolean }
): string => style.dim(`${of.source}, ${of.stale ? `stale: ${duration(of.ageMillis)} behind` : "fresh"}`)
