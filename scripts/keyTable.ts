/** Writes the table of keys into the README, from the one that the dashboard works by; a test holds the two together. */
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { keyRows } from "../src/cli/dashboard/view-model/keys/keyRows.ts"

const readme = join(import.meta.dirname, "..", "README.md")
const [before = "", after = ""] = readFileSync(readme, "utf8").split(/(?<=\n### Keys\n)[^]*?(?=\n##)/u)
const rows = keyRows.map(({ keys, label, needs, where }) => `| ${keys} | ${label} | ${where} | ${needs} |`)
writeFileSync(
  readme,
  `${before}\n| Key | What it does | Where | Role |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n${after}`
)
spawnSync(join(import.meta.dirname, "..", "node_modules", ".bin", "dprint"), ["fmt", readme], { stdio: "inherit" })
