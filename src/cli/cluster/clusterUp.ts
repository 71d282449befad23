/** `up --cluster`: from a machine with docker, kind and kubectl to a system that has run a job. Each step goes on where it was. */
import { Clock, Effect, Option } from "effect"
import { version } from "../version.ts"
import type { Addresses } from "./accessPoints.ts"
import { alone } from "./alone.ts"
import { applyManifests, type Overlay } from "./applyManifests.ts"
import { awaitWorkloads, outOfTime } from "./awaitWorkloads.ts"
import { checkPrerequisites } from "./checkPrerequisites.ts"
import { ensureCluster, noAnswer } from "./ensureCluster.ts"
import { areLoaded, buildImages, imagesOf, loadImages, pullImages } from "./ensureImages.ts"
import { ensureSecrets } from "./ensureSecrets.ts"
import * as Nodes from "./Nodes.ts"
import { contentTag } from "./packageFiles.ts"
import { place } from "./place.ts"
import { proveIt } from "./proveIt.ts"
import type { Secrets } from "./secrets.ts"
import { type Budget, skipped, step, Trouble } from "./Steps.ts"

export interface UpOptions {
  readonly overlay: Overlay
  /** Published images instead of ones that are built here. */
  readonly pull: boolean
  /** Added to every port of this machine. */
  readonly portOffset: number
  /** For all of it. */
  readonly timeoutSeconds: number
}

export interface UpResult {
  readonly addresses: Addresses
  readonly secrets: Secrets
}

const noWayIn = new Trouble({
  cause: "the cluster maps no ports for gateway and read model to this machine",
  remedy: "it was made by something else; make it anew with: odd-dashboard down --cluster"
})

/** Makes sure that the cluster has the images, by the shortest way. */
const images = (nodes: ReadonlyArray<Nodes.Node>, { pull }: UpOptions, budget: Budget) =>
  Effect.gen(function*() {
    const { loaded, images } = yield* step("images", budget, (say) =>
      Effect.gen(function*() {
        const content = pull ? undefined : yield* contentTag
        const images = imagesOf(content === undefined ? version : `${version}-${content}`)
        const loaded = yield* areLoaded(nodes, images)
        const ended = loaded
          ? skipped(`the cluster has ${images.tag}`)
          : content === undefined
          ? yield* pullImages(nodes, say)
          : yield* buildImages(content, say)
        return { ...ended, loaded: loaded || pull, images }
      }))
    yield* step("load", budget, (say) => loaded ? Effect.succeed(skipped("they are there")) : loadImages(images, say))
    return images
  })

export const clusterUp = (options: UpOptions) =>
  Effect.gen(function*() {
    const { overlay, portOffset: offset, timeoutSeconds: seconds } = options
    const budget = { seconds, endsAt: (yield* Clock.currentTimeMillis) + seconds * 1_000 }
    const here = yield* place
    yield* alone(here)
    const { hasCluster } = yield* step("prerequisites", budget, () => checkPrerequisites(offset))
    const { addresses, nodes } = yield* step(
      "cluster",
      budget,
      (say) => ensureCluster(here, { hasCluster, offset }, say),
      () => noAnswer(seconds)
    )
    const programs = Nodes.programsOf(addresses)
    if (Option.isNone(programs)) return yield* noWayIn
    const loaded = yield* images(nodes, options, budget)
    const { secrets } = yield* step("secrets", budget, () => ensureSecrets(here))
    yield* step("manifests", budget, (say) => applyManifests(here, { images: loaded, overlay }, say))
    let seen: Parameters<typeof outOfTime>[0] = { workloads: [], troubles: [] }
    yield* step(
      "workloads",
      budget,
      (say) =>
        awaitWorkloads(here, say, (now) => {
          seen = now
        }),
      () => outOfTime(seen, budget)
    )
    yield* step("proof", budget, (say) =>
      proveIt({ ...programs.value, token: secrets["odto-tokens"]?.["admin-token"] ?? "" }, say))
    const result: UpResult = { addresses, secrets }
    return result
  }).pipe(Effect.scoped)
