/** The table of keys as it stands in the README. */
import type { Binding } from "./Binding.ts"
import { shownKey } from "./keyNames.ts"
import { keyTable } from "./keyTable.ts"

/** A bar would end a cell. */
const cell = (text: string): string => text.replaceAll("|", "\\|")

const placeOf = ({ scopes }: Binding): string =>
  scopes.includes("anywhere") ? "anywhere" : scopes.map((scope) => scope === "list" ? "lists" : scope).join(", ")

/** The digits stand for the views in their order: one row for all of them. */
const isDigit = ({ keys: [key] }: Binding): boolean => /^\d$/u.test(key)

const rowOf = (binding: Binding): ReadonlyArray<string> => [
  binding.keys.map((key) => `\`${shownKey(key)}\``).join(" "),
  binding.label + (binding.needs === undefined ? "" : ` (${binding.needs})`),
  placeOf(binding)
]

export const keyTableText = (): string => {
  const digits = keyTable.filter(isDigit)
  const [first, last] = [digits[0]?.keys[0] ?? "", digits.at(-1)?.keys[0] ?? ""]
  const views = digits.map(({ label }) => label.replace(/^go to /u, "")).join(", ")
  const rows = [
    ["Key", "What it does", "Where"],
    ["---", "---", "---"],
    ...keyTable.filter((binding) => !isDigit(binding)).map(rowOf),
    [`\`${first}\` to \`${last}\``, `go to ${views}`, "anywhere"]
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => cell(row[column] ?? "").length)))
  return rows.map((row, index) =>
    `| ${
      row.map((text, column) => index === 1 ? "-".repeat(widths[column] ?? 3) : cell(text).padEnd(widths[column] ?? 0))
        .join(" | ")
    } |`
  ).join("\n")
}
