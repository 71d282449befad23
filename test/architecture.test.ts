import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, join, posix } from "node:path"

const root = join(import.meta.dirname, "..")

interface SourceFile {
  readonly path: string
  readonly text: string
}

const filesBelow = (folder: string): ReadonlyArray<SourceFile> =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(?:tsx?|mjs)$/.test(file))
      .map((file) => posix.join(folder, file))
      .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))
    : []

const source = filesBelow("src")
const all = [...source, ...["test", "scripts", "bin", "examples"].flatMap(filesBelow)]

/** Which rooms of `src` a room may import from, besides itself. The modules right in `src` are the public entries. */
const mayImport: Record<string, ReadonlyArray<string>> = {
  domain: [],
  services: ["domain"],
  infra: ["domain", "services"],
  cli: ["domain", "services", "infra", "client"],
  pty: ["domain", "services", "infra"],
  client: ["domain"],
  entry: ["domain", "infra", "client"]
}

const roomOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1] ?? "entry"

/** The room that a specifier points into; undefined for packages and what is not in `src`. */
const target = (file: string, specifier: string) => {
  if (specifier.startsWith("#")) return roomOf(`src/${specifier.slice(1)}`)
  const path = posix.join(posix.dirname(file), specifier)
  return specifier.startsWith(".") && path.startsWith("src/") ? roomOf(path) : undefined
}

const withoutComments = (text: string) => text.replaceAll(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*/gm, "")

const imports = ({ path, text }: SourceFile) =>
  [...text.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, specifier = ""]) => ({ path, specifier }))

describe("The sources", () => {
  it("import inwards: domain <- services <- infra <- programs", () => {
    const wrong = source.flatMap(imports).filter(({ path, specifier }) => {
      const room = target(path, specifier)
      return room !== undefined && room !== roomOf(path) && mayImport[roomOf(path)]?.includes(room) !== true
    })

    assert.deepStrictEqual(wrong, [])
  })

  it("import another room by its name, and their own by a path", () => {
    const wrong = source.flatMap(imports).filter(({ path, specifier }) =>
      specifier.startsWith(".")
        ? (target(path, specifier) ?? roomOf(path)) !== roomOf(path)
        : specifier.startsWith("#") && target(path, specifier) === roomOf(path)
    )

    assert.deepStrictEqual(wrong, [])
  })

  it("have files of 300 lines at most", () => {
    const long = all.filter(({ text }) => text.split("\n").length - 1 > 300).map(({ path }) => path)

    assert.deepStrictEqual(long, [])
  })

  it("name no product in domain and services, but for comments and what the wire says", () => {
    const product = /postgres|\bpg\b|pglite|rabbitmq|amqp|redis|mongo|prometheus|prom-client/i
    const wrong = source
      .filter(({ path }) => ["domain", "services"].includes(roomOf(path)) && !path.startsWith("src/domain/contract/"))
      .flatMap(({ path, text }) =>
        withoutComments(text).split("\n").flatMap((line) => product.test(line) ? [`${path}: ${line.trim()}`] : [])
      )

    assert.deepStrictEqual(wrong, [])
  })

  it("read the environment only where programs and drivers are configured", () => {
    const wrong = source
      .filter(({ path, text }) => !["cli", "pty", "infra"].includes(roomOf(path)) && text.includes("process.env"))
      .map(({ path }) => path)

    assert.deepStrictEqual(wrong, [])
  })

  it("have no drawers: every file and folder is named after one thing", () => {
    const drawer = /^(?:utils?|common|helpers?|types|core|shared|misc|lib|index)(?:\.[a-z.]+)?$/i
    const wrong = all
      .filter(({ path }) => path !== "src/index.ts" && path.split("/").some((part) => drawer.test(part)))
      .map(({ path }) => path)

    assert.deepStrictEqual(wrong, [])
  })

  it("have no barrels: only the public entries consist of what others export", () => {
    const isBarrel = (text: string) => {
      const statements = withoutComments(text).trim()
      return statements !== "" &&
        statements.replaceAll(/export\s+(?:type\s+)?(?:\*|\{[^}]*\})[^"]*"[^"]+";?/g, "").trim() === ""
    }
    const wrong = source.filter(({ path, text }) => roomOf(path) !== "entry" && isBarrel(text)).map(({ path }) => path)

    assert.deepStrictEqual(wrong, [])
  })

  it("know no path outside of the repository", () => {
    const outside = /["'`\s](?:\/work\/|\/home\/|\/root\/|\/Users\/)/
    const wrong = all.filter(({ path, text }) => basename(path) !== "architecture.test.ts" && outside.test(text))

    assert.deepStrictEqual(wrong.map(({ path }) => path), [])
  })
})

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly optionalDependencies?: Record<string, string>
}

describe("package-lock.json", () => {
  const { packages }: { readonly packages: Record<string, Locked> } = JSON.parse(
    readFileSync(join(root, "package-lock.json"), "utf8")
  )

  it("names no registry", () => {
    assert.deepStrictEqual(Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined), [])
  })

  it("has the optional packages of every platform, without which npm 11 refuses it", () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => {
        const around = path.replace(/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, "")
        return packages[posix.join(around, "node_modules", name)] === undefined &&
          packages[`node_modules/${name}`] === undefined
      })
    )

    assert.deepStrictEqual(missing, [])
  })
})
