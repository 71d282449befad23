/** Images of the programs: built from the package itself or pulled, then loaded into the cluster. */
import { Effect, Schema } from "effect"
import { programs } from "../programs/identity.ts"
import { version } from "../version.ts"
import type { Node } from "./Nodes.ts"
import { Root } from "./packageFiles.ts"
import { asks, clusterName, type Remedies, run } from "./place.ts"
import { done, type Say, skipped } from "./Steps.ts"

const repository = (program: string): string => `oddessentials/odto-${program}`
export const repositories = programs.map(repository)

export interface Images {
  readonly tag: string
  readonly names: ReadonlyArray<string>
}
export const imagesOf = (tag: string): Images => ({ tag, names: repositories.map((name) => `${name}:${tag}`) })

/** Progress is passed on at most so often: a build says hundreds of lines. */
const sayEveryMillis = 250

const seldom = (say: Say): Say => {
  let last = 0
  return (line) => {
    const now = Date.now()
    if (now - last < sayEveryMillis) return
    last = now
    say(line.trim())
  }
}

const buildRemedies: Remedies = [
  [/buildx component is missing|unknown flag: --(load|provenance)/iu, "install Docker's buildx plugin (docker-buildx)"],
  [
    /failed to resolve source metadata|pull access denied|error getting credentials/iu,
    "the base image comes from Docker Hub: look at the network and at docker login, then run it again"
  ]
]
const pullRemedies: Remedies = [
  [/manifest unknown|not found|access denied/iu, "leave --pull out: the images are then built here"]
]

const isThere = (names: ReadonlyArray<string>) =>
  Effect.map(
    asks({ tool: "docker", args: ["image", "inspect", "--format", "{{.Id}}", ...names], timeoutMillis: 30_000 }),
    ({ _tag }) => _tag === "Some"
  )

/** All targets at once; they share their layers. */
const bake = (root: string, content: string, say: Say) =>
  run({
    tool: "docker",
    args: [
      "buildx",
      "bake",
      "--file",
      "manifests/docker-bake.hcl",
      "--load",
      // An image with an attestation is an index, which a node cannot import.
      "--provenance=false",
      "--progress=plain"
    ],
    cwd: root,
    env: { PROGRAMS: "packed", VERSION: version, CONTENT: content },
    onLine: seldom(say),
    purpose: "build the images",
    remedies: buildRemedies
  })

const buildOne = (root: string, tag: string, say: Say) => (program: string) =>
  run({
    tool: "docker",
    args: [
      "build",
      "--file",
      "manifests/Dockerfile",
      "--target",
      `odto-${program}`,
      "--build-arg",
      "PROGRAMS=packed",
      "--tag",
      `${repository(program)}:${tag}`,
      "--tag",
      `${repository(program)}:${version}`,
      "."
    ],
    cwd: root,
    env: { DOCKER_BUILDKIT: "1" },
    onLine: seldom((line) => say(`${program}: ${line}`)),
    purpose: `build the image of ${program}`,
    remedies: buildRemedies
  })

/** One after the other: after the first the rest finds its layers made. */
const build = (root: string, tag: string, say: Say) =>
  Effect.forEach(programs, buildOne(root, tag, say), { discard: true })

export const buildImages = (content: string, say: Say) =>
  Effect.gen(function*() {
    const root = yield* Root
    const { names, tag } = imagesOf(`${version}-${content}`)
    if (yield* isThere(names)) return skipped(`${tag} is built`)
    const buildx = yield* asks({ tool: "docker", args: ["buildx", "version"], timeoutMillis: 10_000 })
    yield* buildx._tag === "Some" ? bake(root, content, say) : build(root, tag, say)
    return done(`${names.length} images, ${tag}`)
  })

/**
 * The nodes pull them, not Docker: of an image for several platforms Docker's containerd image store has only one, and hands
 * out an index of all, which `kind load` cannot read.
 */
export const pullImages = (nodes: ReadonlyArray<Node>, say: Say) =>
  Effect.gen(function*() {
    const { names, tag } = imagesOf(version)
    const pulls = nodes.flatMap((node) => names.map((name) => ({ node, name })))
    let pulled = 0
    yield* Effect.forEach(pulls, ({ name, node }) =>
      Effect.tap(
        run({
          tool: "docker",
          args: ["exec", node.name, "crictl", "pull", `docker.io/${name}`],
          purpose: `pull ${name}`,
          remedies: pullRemedies
        }),
        () => Effect.sync(() => say(`${++pulled} of ${pulls.length} are there`))
      ), { concurrency: names.length, discard: true })
    return done(`${names.length} images, ${tag}`)
  })

const NodeImages = Schema.fromJsonString(Schema.Struct({
  images: Schema.Array(Schema.Struct({ repoTags: Schema.NullOr(Schema.Array(Schema.String)) }))
}))
const decodeNodeImages = Schema.decodeUnknownOption(NodeImages)

/** Whether a node of the cluster has all of them; when it cannot be asked, they are loaded. */
const hasAll = (names: ReadonlyArray<string>) => (node: Node) =>
  Effect.map(
    asks({
      tool: "docker",
      args: ["exec", node.name, "crictl", "images", "--output", "json"],
      timeoutMillis: 30_000
    }),
    (said) => {
      const decoded = said._tag === "None" ? said : decodeNodeImages(said.value)
      const tags = new Set(
        decoded._tag === "None" ? [] : decoded.value.images.flatMap(({ repoTags }) => repoTags ?? [])
      )
      return names.every((name) => tags.has(`docker.io/${name}`))
    }
  )

export const areLoaded = (nodes: ReadonlyArray<Node>, { names }: Images) =>
  Effect.map(
    Effect.forEach(nodes, hasAll(names), { concurrency: "unbounded" }),
    (all) => all.length > 0 && all.every(Boolean)
  )

export const loadImages = ({ names }: Images, say: Say) =>
  Effect.as(
    run({
      tool: "kind",
      args: ["load", "docker-image", "--name", clusterName, ...names],
      onLine: seldom(say),
      purpose: "load the images into the cluster",
      remedies: [
        [
          /content digest .* not found/iu,
          "turn off Docker's containerd image store, or take a current version of kind, then run it again"
        ],
        [/not present locally/iu, "run it again: the images are then made anew"]
      ]
    }),
    done(`${names.length} images`)
  )
