/**
 * Bundles the sources into `dist`, where everything is in one folder: entries under their own names, chunks with a hash.
 *
 *     node scripts/build.ts             the CLI and its threads, the public modules and their types, into an empty `dist`
 *     node scripts/build.ts --quiet     for the launcher: no types, and chunks of earlier builds stay for a while, because
 *                                       a program that runs may still want them
 *
 * The CLI has Effect inside: it starts faster and owes nothing to the copy that a user's module brings. The public
 * modules use the user's Effect. Drivers stay packages, each imported by the program that needs it; only in
 * `dist/image`, which container images take as it is, are they inside as well, so that an image has no packages.
 */
import { spawnSync } from "node:child_process"
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { basename, isAbsolute, join, posix } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { rolldown } from "rolldown"

const root = join(import.meta.dirname, "..")
const dist = join(root, "dist")
const types = join(dist, "types")
const image = join(dist, "image")
const isQuiet = process.argv.includes("--quiet")

/** Newer than every source when the build is complete. */
const stamp = join(dist, ".built")
/** Holds the pid of the build that is at work. */
const lock = join(dist, ".building")

/** A chunk that no build has made for so long is of no program that still runs. */
const leftoverMillis = 24 * 60 * 60 * 1000

/** A build takes seconds, with types some more. */
const longestBuildMillis = 120_000
const askEveryMillis = 50

const manifest: { readonly dependencies: Record<string, string> } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8")
)

/** Bundled with the dashboard: of hundreds of small files, that start twice as fast in one. */
const isScreen = (name: string) => name === "ink" || name === "react" || name === "string-width"
const isEffect = (name: string) => name === "effect" || name.startsWith("@effect/")
const packageOf = (specifier: string) => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/")
const isOurs = (specifier: string) => /^[./#]/.test(specifier)

/** Ink asks for them in development only. */
const devtools = "react-devtools-core"

/** What drivers use where it is installed and do without in an image: compression, sign-in at clouds, native helpers. */
const optionalOfDrivers = new Set([
  "@aws-sdk/credential-providers",
  "@mongodb-js/zstd",
  "bufferutil",
  "gcp-metadata",
  "kerberos",
  "mongodb-client-encryption",
  "pg-native",
  "snappy",
  "socks",
  "supports-color",
  "utf-8-validate"
])

/** The embedded system stays out of images: there every program has its servers. */
const isLeftOutOfImages = (specifier: string) =>
  optionalOfDrivers.has(specifier) || packageOf(specifier) === "@electric-sql/pglite"

/** Entries by their names in `dist`; threads are started by name, so no two may share one. */
const entries = (patterns: Record<string, string>) => {
  const found = Object.entries(patterns).flatMap(([pattern, name]) =>
    globSync(pattern, { cwd: root }).map((file) => [name || basename(file, ".ts"), join(root, file)] as const)
  )
  if (new Set(found.map(([name]) => name)).size < found.length) throw new Error("two entries have the same name")
  return Object.fromEntries(found)
}

const bundle = async (input: Record<string, string>, external: (specifier: string) => boolean, dir = dist) => {
  if (Object.keys(input).length === 0) return []
  const built = await rolldown({
    input,
    external: (specifier) => external(specifier) || specifier === devtools,
    platform: "node",
    cwd: root,
    transform: { define: { "process.env.NODE_ENV": JSON.stringify("production") } }
  })
  const { output } = await built.write({
    dir,
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs"
  })
  await built.close()
  return output.map(({ fileName }) => fileName)
}

/** Declarations of the public modules, with paths that mean something outside of this repository. */
const declare = () => {
  const tsc = join(root, "node_modules", ".bin", "tsc")
  const { status } = spawnSync(tsc, ["--project", "tsconfig.types.json"], { cwd: root, stdio: "inherit" })
  if (status !== 0) throw new Error("the types of the public modules cannot be declared")
  for (const file of globSync("**/*.d.ts", { cwd: types })) {
    const text = readFileSync(join(types, file), "utf8")
    writeFileSync(
      join(types, file),
      text.replaceAll(/"([#.][^"\n]*)\.ts"/g, (_, path: string) => {
        const target = path.startsWith("#") ? path.slice(1) : posix.join(posix.dirname(file), path)
        const here = posix.relative(posix.dirname(file), target)
        return `"${here.startsWith(".") ? here : `./${here}`}.js"`
      })
    )
  }
}

/** The database that every new data folder starts from. It takes seconds, so it stays until what makes it changes. */
const makeTemplate = async () => {
  if (!existsSync(join(root, "src/infra/pglite/makeTemplate.ts"))) return
  const { templateName } = await import("../src/infra/pglite/templateFile.ts")
  const made = statSync(join(dist, templateName), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = [
    "src/infra/{pglite,postgres/migrations}/*.ts",
    "src/infra/postgres/Migrations.ts",
    "package-lock.json"
  ]
  if (globSync(sources, { cwd: root }).every((path) => statSync(join(root, path)).mtimeMs < made)) return
  const template = await import("../src/infra/pglite/makeTemplate.ts")
  const { migrations } = await import("../src/infra/postgres/migrations/all.ts")
  await template.makeTemplate(join(dist, templateName), migrations)
}

const isAbandoned = () => {
  try {
    if (Date.now() - statSync(lock).mtimeMs > longestBuildMillis) return true
    process.kill(Number(readFileSync(lock, "utf8")), 0)
    return false
  } catch {
    return true
  }
}

/** Two starts at once build one after the other; a build that was killed holds up nobody. */
const takeTurn = async (): Promise<void> => {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" })
  } catch {
    if (isAbandoned()) rmSync(lock, { force: true })
    await pause(askEveryMillis)
    return takeTurn()
  }
}

const removeLeftovers = (made: ReadonlyArray<string>) => {
  const oldest = Date.now() - leftoverMillis
  for (const name of readdirSync(dist)) {
    const path = join(dist, name)
    if (name.endsWith(".mjs") && !made.includes(name) && statSync(path).mtimeMs < oldest) rmSync(path)
  }
}

mkdirSync(dist, { recursive: true })
const stamped = () => statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0
const before = stamped()
await takeTurn()
try {
  const wasBuiltMeanwhile = stamped() > before
  if (!isQuiet || !wasBuiltMeanwhile) {
    rmSync(stamp, { force: true })
    if (!isQuiet) {
      for (const name of readdirSync(dist)) {
        if (join(dist, name) !== lock) rmSync(join(dist, name), { recursive: true })
      }
    }
    const start = new Date()
    const drivers = new Set(Object.keys(manifest.dependencies).filter((name) => !isEffect(name) && !isScreen(name)))
    const programs = entries({ "src/cli/main.ts": "cli", "src/**/*Thread.ts": "" })
    const made = [
      ...await bundle(programs, (specifier) => drivers.has(packageOf(specifier))),
      ...await bundle(
        entries({ "src/{index,client}.ts": "" }),
        (specifier) => !isOurs(specifier) && !isAbsolute(specifier)
      )
    ]
    rmSync(image, { recursive: true, force: true })
    await bundle(programs, isLeftOutOfImages, image)
    if (!isQuiet) declare()
    await makeTemplate()
    removeLeftovers(made)
    writeFileSync(stamp, "")
    utimesSync(stamp, start, start) // what changed while we built is not in it
  }
} finally {
  rmSync(lock, { force: true })
}
