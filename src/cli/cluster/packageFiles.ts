/** What the package brings for a cluster: the manifests, and the programs that images are made of. */
import { Context, Effect, Schema } from "effect"
import * as Yaml from "effect/encoding/Yaml"
import { createHash } from "node:crypto"
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { basename, join } from "node:path"
import { exitCodes } from "../exitCodes.ts"
import { isClone, packageRoot } from "../home.ts"
import { accessPoints } from "./accessPoints.ts"
import type { Mappings } from "./Nodes.ts"
import { type Place, unusable } from "./place.ts"
import { Trouble } from "./Steps.ts"

/** The folder of the package. */
export const Root = Context.Reference<string>("odto/cli/cluster/Root", { defaultValue: () => packageRoot })

const KindConfig = Schema.Struct({
  nodes: Schema.Array(Schema.Struct({
    extraPortMappings: Schema.optionalKey(
      Schema.Array(Schema.Struct({ containerPort: Schema.Int, hostPort: Schema.Int }))
    )
  }))
})
const decodeConfig = Schema.decodeUnknownSync(KindConfig)

const incomplete = (what: string, why: string) =>
  new Trouble({
    cause: `the package has no ${what}: ${why}`,
    remedy: isClone ? "npm run build" : "install it again",
    exitCode: exitCodes.configuration
  })

export interface KindFile {
  /** As it is given to kind. */
  readonly text: string
  readonly mappings: Mappings
}

/** The configuration of the cluster, its ports on this machine moved up by the offset. */
export const kindFile = (offset: number) =>
  Effect.flatMap(Root, (root) =>
    Effect.try({
      try: (): KindFile => {
        const text = readFileSync(join(root, "manifests", "kind.yaml"), "utf8")
        const ports = decodeConfig(Yaml.parse(text)).nodes.flatMap(({ extraPortMappings = [] }) => extraPortMappings)
        return {
          text: text.replaceAll(/(\bhostPort:\s*)(\d+)/gu, (_, key: string, port) => `${key}${Number(port) + offset}`),
          mappings: new Map(accessPoints.flatMap(({ name, port }) => {
            const mapping = ports.find(({ hostPort }) => hostPort === port)
            return mapping === undefined ? [] : [[name, mapping.containerPort] as const]
          }))
        }
      },
      catch: (error) => incomplete("usable manifests/kind.yaml", String(error).split("\n", 1)[0] ?? "")
    }))

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()

/** Characters of a hash: enough that two contents of one version never meet. */
const tagLength = 12

const hashOf = (root: string, files: ReadonlyArray<string>): string => {
  const hash = createHash("sha256")
  for (const file of files) {
    // Names as they are on every system.
    hash.update(file.slice(root.length).replaceAll("\\", "/")).update("\0").update(readFileSync(file)).update("\0")
  }
  return hash.digest("hex").slice(0, tagLength)
}

/** Names what images would consist of: it changes exactly when they would. */
export const contentTag = Effect.flatMap(Root, (root) => {
  const image = join(root, "dist", "image")
  const dockerfile = join(root, "manifests", "Dockerfile")
  return existsSync(image)
    ? Effect.try({
      try: () => hashOf(root, [...filesBelow(image), dockerfile]),
      catch: (error) => incomplete("complete programs for images", String(error))
    })
    : Effect.fail(incomplete("programs for images", "dist/image is not there"))
})

/** Passwords of somebody's compose file: no part of the manifests, and of no interest to a cluster. */
const isPrivate = (file: string): boolean => basename(file) === ".env"

/** Copies the manifests beside the cluster's other files, and names what they consist of. */
export const copyManifests = (place: Place) =>
  Effect.flatMap(Root, (root) =>
    Effect.try({
      try: () => {
        const from = join(root, "manifests")
        const to = join(place.folder, "manifests")
        rmSync(to, { recursive: true, force: true })
        cpSync(from, to, { recursive: true, filter: (file) => !isPrivate(file) })
        return hashOf(root, filesBelow(from).filter((file) => !isPrivate(file)))
      },
      catch: unusable(place)
    }))
