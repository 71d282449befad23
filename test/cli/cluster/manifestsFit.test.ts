/** The manifests that are shipped, held against what a start of a cluster makes of them. */
import { accessPoints } from "#cli/cluster/accessPoints.ts"
import { applyManifests, migration } from "#cli/cluster/applyManifests.ts"
import { imagesOf, repositories } from "#cli/cluster/ensureImages.ts"
import { kindFile, Root } from "#cli/cluster/packageFiles.ts"
import { makeFolder, placeIn } from "#cli/cluster/place.ts"
import { complete } from "#cli/cluster/secrets.ts"
import { packageRoot } from "#cli/home.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { calls } from "../../support/cluster/Machine.ts"
import { writePackage } from "../../support/cluster/packageFolder.ts"
import { layerRecording, toolMachine } from "../../support/cluster/StandIns.ts"
import { freshFolder } from "../../support/Embedded.ts"
import { describeWithKustomize, type Manifest, render, type Value } from "../../support/Manifests.ts"

/** What would be applied, and where the folder is that kubectl is told. */
const applied = (overlay: "kind" | "minimal", root = packageRoot) =>
  Effect.gen(function*() {
    const machine = yield* toolMachine({ cluster: "running" })
    const place = placeIn(join(machine.home, "cluster"))
    yield* makeFolder(place)
    yield* applyManifests(place, { images: imagesOf("9.9.9-abc"), overlay }, () => {}).pipe(
      Effect.provide(layerRecording(machine)),
      Effect.provideService(Root, root)
    )
    const told = calls(machine.folder).find(({ args }) => args.includes("--kustomize"))
    const folder = told?.args.at(-1) ?? ""
    const removal = calls(machine.folder).find(({ args }) => args.includes("--selector"))?.args ?? []
    return { folder, removal, objects: render(folder) }
  })

/** Every value below a key of this name, wherever it is. */
const below = (value: Value, key: string): ReadonlyArray<Value> =>
  Array.isArray(value)
    ? value.flatMap((each: Value) => below(each, key))
    : typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => (name === key ? [inner] : []).concat(below(inner, key)))
    : []

/** Those that are texts. */
const texts = (value: Value, key: string): ReadonlyArray<string> =>
  below(value, key).filter((found) => typeof found === "string")

const namesOf = (objects: ReadonlyArray<Manifest>, kind: string) =>
  objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name)

describe("kind.yaml", () => {
  it.effect("maps every port that people are told of, each moved up by an offset", () =>
    Effect.gen(function*() {
      const { mappings } = yield* kindFile(0)
      const { text } = yield* kindFile(10_000)
      const ports = [...text.matchAll(/hostPort: (\d+)/gu)].map(([, port]) => Number(port))

      assert.sameMembers([...mappings.keys()], accessPoints.map(({ name }) => name))
      assert.sameMembers(ports, accessPoints.map(({ port }) => port + 10_000))
      assert.match(text, /^name: odto$/mu)
    }))
})

describeWithKustomize("The overlays, as they are applied,", () => {
  for (const overlay of ["kind", "minimal"] as const) {
    it.effect(`${overlay}: run the images of this start, and name what was applied at the migration`, () =>
      Effect.gen(function*() {
        const { objects } = yield* applied(overlay)
        const own = objects.flatMap((object) => texts(object, "image")).filter((image) =>
          image.startsWith("oddessentials/")
        )
        const job = objects.find(({ kind, metadata }) => kind === "Job" && metadata.name === migration)

        assert.sameMembers([...new Set(own)], repositories.map((name) => `${name}:9.9.9-abc`))
        assert.match(
          texts(job?.metadata ?? null, "odd-dashboard/applied")[0] ?? "",
          new RegExp(`^${overlay}-.*abc$`, "u")
        )
        assert.notProperty(job?.["spec"], "annotations", "its pods are the same for the same programs")
        assert.includeMembers(namesOf(objects, "Deployment"), [
          "gateway",
          "dispatcher",
          "processor",
          "metrics-engine",
          "read-model"
        ])
        assert.sameMembers(namesOf(objects, "StatefulSet").filter((name) => !/prom|alert|grafana/u.test(name)), [
          "postgres",
          "rabbitmq",
          "redis",
          "mongodb"
        ])
      }))

    it.effect(`${overlay}: find every secret that they name, with its key`, () =>
      Effect.gen(function*() {
        const { objects } = yield* applied(overlay)
        const secrets = complete(randomBytes)
        const references = objects.flatMap((object) => below(object, "secretKeyRef"))
        const missing = references.filter((reference) => {
          const [name = ""] = texts(reference, "name")
          const [key = ""] = texts(reference, "key")
          return secrets[name]?.[key] === undefined
        })
        const mounted = objects.flatMap((object) => texts(object, "secretName"))

        assert.isAbove(references.length, 5)
        assert.deepStrictEqual(missing, [])
        assert.deepStrictEqual(mounted.filter((name) => secrets[name] === undefined), [])
        assert.deepStrictEqual(namesOf(objects, "Secret"), [], "no secret is in the manifests")
      }))
  }

  it.effect("minimal: removes exactly what an earlier start has applied beyond it, and has one of each", () =>
    Effect.gen(function*() {
      const all = (yield* applied("kind")).objects
      const { objects, removal } = yield* applied("minimal")
      const id = ({ kind, metadata: { name } }: Manifest) => `${kind} ${name}`
      const [key = "", value = ""] = (removal[removal.indexOf("--selector") + 1] ?? "").split("=")
      const isLeftOut = ({ metadata }: Manifest) => texts(metadata["labels"], key).includes(value)
      const kept = new Set(objects.map(id))
      const kinds = (removal[removal.indexOf("delete") + 1] ?? "").split(",")
      const plural = (kind: string) => kind.toLowerCase().replace(/y$/u, "ie").replace(/ss$/u, "sse").concat("s")

      assert.deepStrictEqual(all.filter(isLeftOut).map(id), all.map(id).filter((each) => !kept.has(each)))
      assert.deepStrictEqual(objects.filter(isLeftOut).map(id), [])
      assert.sameMembers(kinds, [...new Set(all.filter(isLeftOut).map(({ kind }) => plural(kind)))])
      assert.deepStrictEqual(
        objects.filter(({ kind }) => kind === "Deployment").map((each) => below(each["spec"], "replicas")),
        [[1], [1], [1], [1], [1]]
      )
    }))

  it.effect("leave the passwords of a compose file where they are", () =>
    Effect.gen(function*() {
      const root = yield* freshFolder
      writePackage(root)
      const before = yield* applied("kind", root)
      writeFileSync(join(root, "manifests", ".env"), "X=secret\n")
      const { folder } = yield* applied("kind", root)
      const kustomizations = [before.folder, folder].map((path) =>
        readFileSync(join(path, "kustomization.yaml"), "utf8")
      )

      assert.isTrue(existsSync(join(folder, "manifests", "kind.yaml")))
      assert.isFalse(existsSync(join(folder, "manifests", ".env")))
      assert.strictEqual(kustomizations[0], kustomizations[1], "and are no reason to migrate anew")
    }))
})
