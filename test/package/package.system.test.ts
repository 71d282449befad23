/** The package as users get it: packed, installed into an empty project, and used as the README says. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { cpSync, globSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { freePorts } from "../support/Programs.ts"
import { blocks, folder, root, run, shellLines, start } from "./given.ts"

/** To build, pack and install, on a machine that does other things as well. */
const patience = 300_000

const manifest: { readonly version: string } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

/** What is packed is built anew; a build in the clone itself would take the chunks from under programs that run there. */
const pack = Effect.gen(function*() {
  const clone = yield* folder
  for (
    const path of ["package.json", "package-lock.json", "bin", "scripts", "src", "README.md", "CHANGELOG.md", "LICENSE"]
  ) {
    cpSync(join(root, path), join(clone, path), { recursive: true })
  }
  for (const path of globSync("tsconfig*.json", { cwd: root })) cpSync(join(root, path), join(clone, path))
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"))
  yield* run(clone, "npm pack --silent")
  return clone
})

/** The block of the README that is a file of this name. */
const fileOf = (name: string): string => blocks("ts").find((block) => block.startsWith(`// ${name}\n`)) ?? ""

/** A project with the package in it, made by the README's commands. */
class Project extends Context.Service<Project, string>()("test/Project") {
  static readonly layer = Layer.effect(
    Project,
    Effect.gen(function*() {
      const clone = yield* pack
      const project = yield* folder
      for (const line of [...shellLines("npm init"), ...shellLines("npm install")]) {
        const offline = line.replace("npm install .", `npm install --prefer-offline --no-audit --no-fund ${clone}`)
        yield* run(project, offline)
      }
      writeFileSync(join(project, "jobs.ts"), fileOf("jobs.ts"))
      writeFileSync(join(project, "client.mjs"), fileOf("client.mjs"))
      return project
    })
  )
}

layer(Project.layer, { excludeTestServices: true, timeout: patience })("The installed package", (it) => {
  it.effect("runs the command under both its names", () =>
    Effect.gen(function*() {
      const project = yield* Project
      const long = yield* run(project, "npx --no-install odd-dashboard --version")
      const short = yield* run(project, "npx --no-install odto --version")

      assert.include(long, manifest.version)
      assert.strictEqual(short, long)
    }), patience)

  it.effect("runs the README's module and client", () =>
    Effect.gen(function*() {
      const project = yield* Project
      const ports = yield* freePorts
      const settings = { ODTO_HOME: join(project, "home"), ...ports.settings }
      const [up = ""] = shellLines("npx odd-dashboard up")
      const system = yield* start(project, `exec ${up.replace("npx", "npx --no-install")}`, settings)
      yield* system.says(/The task observatory is running/u)
      const said = yield* run(project, "node client.mjs", {
        ODTO_GATEWAY_URL: ports.gatewayUrl,
        ODTO_READ_MODEL_URL: ports.readModelUrl
      })

      assert.include(said, "completed { greeting: 'Hello, Ada' }")
      assert.include(said, "The payload does not fit its job type")
      assert.include(said, "/payload/nam")
    }), patience)

  it.effect("has types for what it exports", () =>
    Effect.gen(function*() {
      const project = yield* Project
      writeFileSync(
        join(project, "consumer.ts"),
        `import { connect, type JobStatus } from "@oddessentials/odd-dashboard/client"
import type { JobType } from "@oddessentials/odd-dashboard"
import { greet } from "./jobs.ts"
const type: JobType = greet
const client = connect({ token: type.description.name })
const job = await client.waitFor("id")
const status: JobStatus = job.status
const tags: ReadonlyArray<string> = job.tags
for await (const item of client.events({ type: "completed" })) if (item.kind === "event") item.event.subject.length
for await (const page of client.jobPages({ status })) page.jobs[0]?.createdAt.length
// @ts-expect-error a status that there is not
const wrong: JobStatus = "lost"
// @ts-expect-error a field that there is not
await client.submit({ type: "letter.greet", paylod: {} })
// @ts-expect-error a number is no text
const text: number = job.type
export { tags, text, wrong }
`
      )
      const options = "--noEmit --strict --target es2024 --lib es2024,dom,dom.asynciterable --module nodenext " +
        "--skipLibCheck --allowImportingTsExtensions --ignoreConfig"

      yield* run(project, `'${join(root, "node_modules/.bin/tsc")}' ${options} --types '' consumer.ts jobs.ts`)
    }), patience)
})
