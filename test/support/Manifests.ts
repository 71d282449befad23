/** The manifests as a cluster gets them: rendered by kubectl or kustomize, and held against the schemas of Kubernetes. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parse, parseAllDocuments } from "yaml"
import { describeUnless } from "./Servers.ts"
import { findProgram } from "./servers/machine.ts"

export const manifests = join(import.meta.dirname, "../../manifests")

/** Whatever YAML holds; paths lead into it. */
export type Value = string | number | boolean | null | undefined | ReadonlyArray<Value> | {
  readonly [key: string]: Value
}

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly [key: string]: Value }
  readonly [key: string]: Value
}

const renderer = () => {
  const kubectl = findProgram("kubectl")
  if (kubectl !== undefined) return { program: kubectl, args: ["kustomize"] }
  const kustomize = findProgram("kustomize")
  return kustomize === undefined ? undefined : { program: kustomize, args: ["build"] }
}

export const describeWithKustomize = (name: string, tests: () => void): void =>
  describeUnless(renderer() === undefined ? ["kustomize: neither kubectl nor kustomize is installed"] : [], name, tests)

const isManifest = (value: unknown): value is Manifest =>
  typeof value === "object" && value !== null && "kind" in value && "apiVersion" in value && "metadata" in value

export const parseManifests = (text: string): ReadonlyArray<Manifest> =>
  parseAllDocuments(text).map((document) => {
    const value: unknown = document.toJS()
    if (!isManifest(value)) throw new Error(`not a manifest: ${JSON.stringify(value)}`)
    return value
  })

/** `path` is relative to `manifests`. For tests, not for the collection of a suite: there may be nothing to render with. */
export const render = (path: string): ReadonlyArray<Manifest> => {
  const found = renderer()
  if (found === undefined) throw new Error("there is nothing to render with")
  return parseManifests(
    execFileSync(found.program, [...found.args, path], {
      cwd: manifests,
      encoding: "utf8",
      maxBuffer: 32 * 1024 * 1024
    })
  )
}

/** The base with components, as somebody's own overlay has them. */
export const renderWith = (components: ReadonlyArray<string>): ReadonlyArray<Manifest> => {
  const folder = mkdtempSync(join(tmpdir(), "odto-overlay-"))
  try {
    symlinkSync(manifests, join(folder, "manifests"))
    writeFileSync(
      join(folder, "kustomization.yaml"),
      JSON.stringify({
        resources: ["./manifests/base"],
        components: components.map((component) => `./manifests/components/${component}`)
      })
    )
    return render(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A file of YAML in one document. */
export const parseYaml = (text: string): Value => parse(text, { merge: true })

export const isRecord = (value: Value): value is { readonly [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What is at the path, `spec.template.spec`; undefined where the path ends early. */
export const at = (value: Value, path: string): Value =>
  path.split(".").reduce<Value>((inner, key) => isRecord(inner) ? inner[key] : undefined, value)

/** Words and numbers as text; nothing else has any. */
export const textOf = (value: Value): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : ""
export const textAt = (value: Value, path: string): string => textOf(at(value, path))

export const listAt = (value: Value, path: string): ReadonlyArray<Value> => {
  const found = at(value, path)
  return Array.isArray(found) ? found : []
}
export const recordAt = (value: Value, path: string): { readonly [key: string]: Value } => {
  const found = at(value, path)
  return isRecord(found) ? found : {}
}

/** The template of a workload, undefined of everything else. */
export const templateOf = (manifest: Manifest): Value => at(manifest, "spec.template")

export const isWorkload = ({ kind }: Manifest): boolean =>
  kind === "Deployment" || kind === "StatefulSet" || kind === "Job"

export const named = (all: ReadonlyArray<Manifest>, kind: string, name: string): Manifest => {
  const found = all.find((each) => each.kind === kind && each.metadata.name === name)
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`)
  return found
}
export const ofKind = (all: ReadonlyArray<Manifest>, kind: string) => all.filter((each) => each.kind === kind)

/** Containers that work, without those that prepare. */
export const containersOf = (manifest: Manifest): ReadonlyArray<Value> =>
  listAt(templateOf(manifest), "spec.containers")
export const allContainersOf = (manifest: Manifest): ReadonlyArray<Value> => [
  ...listAt(templateOf(manifest), "spec.initContainers"),
  ...containersOf(manifest)
]
export const labelsOf = (manifest: Manifest) => recordAt(templateOf(manifest), "metadata.labels")
