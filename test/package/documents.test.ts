/** The documents, held against what they speak of. */
import { cli } from "#cli/Cli.ts"
import { keyRows } from "#cli/dashboard/view-model/keys/keyRows.ts"
import { exitCodes } from "#cli/exitCodes.ts"
import { assert, describe, it } from "@effect/vitest"
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

const root = join(import.meta.dirname, "../..")
const read = (path: string) => readFileSync(join(root, path), "utf8")
const readme = read("README.md")
const documents = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...globSync("docs/**/*.md", { cwd: root })]

/** Cells of the table below a heading, without its head. */
const rowsBelow = (heading: string): ReadonlyArray<ReadonlyArray<string>> => {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? ""
  return section.split("\n").filter((line) => line.startsWith("|")).slice(2).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  )
}
const bare = (cell: string | undefined) => (cell ?? "").replaceAll("`", "")

/** Relative links of a document, with the title that follows the address. */
const linksOf = (document: string) =>
  [...read(document).matchAll(/\]\(([^)\s]+)(?:\s+"([^"]*)")?\)/gu)]
    .map(([, path = "", title]) => ({ document, path: path.replace(/#.*$/u, ""), title }))
    .filter(({ path }) => path !== "" && !/^[a-z]+:/u.test(path))

const resolve = ({ document, path }: { readonly document: string; readonly path: string }) =>
  join(root, dirname(document), path)

describe("The documents", () => {
  it("lead to files that are there", () => {
    assert.deepStrictEqual(documents.flatMap(linksOf).filter((link) => !existsSync(resolve(link))), [])
  })

  it("name tests that are in the file that they lead to", () => {
    const named = documents.flatMap(linksOf).filter(({ title }) => title !== undefined)
    const wrong = named.filter((link) => !readFileSync(resolve(link), "utf8").includes(`"${link.title}"`))

    assert.isAbove(named.length, 10)
    assert.deepStrictEqual(wrong, [])
  })

  it("name commands that there are", () => {
    const known = new Set(cli.subcommands.flatMap(({ commands }) => commands.map(({ name }) => name)))
    const named = documents.flatMap((document) =>
      [...read(document).matchAll(/(?:^|`|npx |-s )odd-dashboard (?:-- )?([a-z]+)/gmu)].map(([, name = ""]) => name)
    )

    assert.isAbove(named.length, 10)
    assert.deepStrictEqual(named.filter((name) => !known.has(name)), [])
  })

  it("say nothing of machines and registries", () => {
    const wrong = documents.filter((document) =>
      /\/(?:work|root|home|Users)\/|registry\.|_authToken/u.test(read(document))
    )

    assert.deepStrictEqual(wrong, [])
  })
})

describe("The README", () => {
  it("has every setting that the sources read, and no other", () => {
    const sources = globSync("{src,bin}/**/*.{ts,mjs}", { cwd: root }).map(read).join("\n")
    const settings = new Set([...sources.matchAll(/\b(?:ODTO|OTEL)_[A-Z_]*[A-Z]\b/gu)].map(([name]) => name))
    const rows = rowsBelow("Settings").map(([name]) => bare(name))

    assert.sameMembers(rows, [...settings])
  })

  it("has the defaults of the settings that have numbers", () => {
    const settings = `${read("src/cli/Settings.ts")}${
      globSync("src/cli/programs/*.ts", { cwd: root }).map(read).join("\n")
    }`
    const defaults = rowsBelow("Settings").flatMap(([name, , value = ""]) =>
      value.split(", ").filter((text) => /^\d+$/u.test(text)).map((number) => ({ name: bare(name), number }))
    )
    const wrong = defaults.filter(({ number }) => !new RegExp(`(?:, |\\n\\s+|= )${number}\\b`, "u").test(settings))

    assert.isAbove(defaults.length, 5)
    assert.deepStrictEqual(wrong, [])
  })

  it("has the keys of the dashboard, as scripts/keyTable.ts writes them", () => {
    const section = readme.split("\n### Keys\n")[1]?.split("\n## ")[0] ?? ""
    const rows = section.split("\n").filter((line) => line.startsWith("|")).slice(2).map((line) =>
      line.split("|").slice(1, -1).map((cell) => cell.trim())
    )

    assert.deepStrictEqual(rows, keyRows.map(({ keys, label, needs, where }) => [keys, label, where, needs]))
  })

  it("has every exit code, and no other", () => {
    assert.deepStrictEqual(rowsBelow("Exit codes").map(([code]) => Number(code)), Object.values(exitCodes))
  })

  it("says under which name each package is here", () => {
    const manifest: {
      readonly dependencies: Record<string, string>
      readonly optionalDependencies: Record<string, string>
      readonly devDependencies: Record<string, string>
    } = JSON.parse(read("package.json"))
    const installed = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies }
    const rows = rowsBelow("Built with").map(([asked, here]) => ({ asked: bare(asked), here: bare(here) }))
    const wrong = rows.filter(({ asked, here }) =>
      here === "not yet" || here.startsWith("part of ") ? asked in installed : !(here in installed)
    )
    const isRuntime = (name: string) => name in manifest.dependencies
    const named = new Set(rows.map(({ here }) => here))

    assert.deepStrictEqual(wrong, [])
    assert.deepStrictEqual(
      Object.keys(installed).filter((name) => isRuntime(name) && !named.has(name) && !readme.includes(`\`${name}\``)),
      []
    )
    assert.deepStrictEqual(rows.map(({ asked }) => asked), [
      "effect",
      "@effect/platform-node",
      "@effect/schema",
      "@effect/cli",
      "@effect/sql-pg",
      "ioredis",
      "amqplib",
      "mongodb",
      "prom-client",
      "vitest",
      "ink",
      "node-pty",
      "ws",
      "xterm"
    ])
  })

  it("has the exact versions that belong together", () => {
    const manifest: { readonly version: string; readonly dependencies: Record<string, string> } = JSON.parse(
      read("package.json")
    )

    assert.include(
      readme,
      `./oddessentials-odd-dashboard-${manifest.version}.tgz effect@${manifest.dependencies["effect"]}`
    )
  })
})
