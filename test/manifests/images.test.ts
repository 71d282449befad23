/** The images: one for each program, of one version, with what the Dockerfile and its callers say of each other. */
import { programs } from "#cli/programs/identity.ts"
import { version } from "#cli/version.ts"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { manifests } from "../support/Manifests.ts"

const read = (path: string) => readFileSync(join(manifests, path), "utf8")
const dockerfile = read("Dockerfile")
const bake = read("docker-bake.hcl")

const ports = { gateway: 3000, dispatcher: 9101, processor: 9102, "metrics-engine": 9103, "read-model": 8080 }

describe("The images", () => {
  it.each(programs)("have a target for %s, with its port and its command", (program) => {
    const target = new RegExp(`^FROM program AS odto-${program}\\n(?:.+\\n)+`, "mu").exec(dockerfile)?.[0] ?? ""
    assert.include(target, `EXPOSE ${ports[program]}\n`)
    assert.include(target, `CMD ["serve", "${program}"]`)
  })

  it("are all built by the bake file, and no others", () => {
    const matrix = /matrix\s*= \{ program = (\[.+\]) \}/u.exec(bake)?.[1] ?? "[]"
    assert.sameMembers(JSON.parse(matrix), [...programs])
    assert.lengthOf(dockerfile.match(/^FROM program AS /gmu) ?? [], programs.length)
  })

  it("have the version of the package everywhere", () => {
    const named = ["docker-bake.hcl", "base/programs/kustomization.yaml", "compose.yaml"].map((path) => [
      path,
      [...new Set(read(path).match(/(?<=default = "|newTag: |oddessentials\/odto-[a-z-]+:)\d+\.\d+\.\d+[^\s"]*/gu))]
    ])
    assert.deepStrictEqual(named, named.map(([path]) => [path, [version]]))
  })

  it("start from a pinned image, as nobody's user, with nothing of it left out of sight", () => {
    assert.match(dockerfile, /^ARG NODE_IMAGE=node:24\.\d+\.\d+-[a-z]+-slim$/mu)
    assert.match(dockerfile, /^USER 10001:10001$/mu)
    const bases = [...dockerfile.matchAll(/^FROM (\S+)(?: AS (\S+))?$/gmu)].map(([, from]) => from)
    const stages = new Set([...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gmu)].map(([, stage]) => stage))
    assert.deepStrictEqual(
      new Set(bases.filter((from) => !stages.has(from ?? ""))),
      new Set(["${NODE_IMAGE}", "${PROGRAMS}", "scratch"])
    )
    assert.notMatch(dockerfile, /^# syntax=/mu, "it would be fetched")
  })
})
