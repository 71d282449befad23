/** The cluster as it is found by commands that make nothing. */
import { Effect, Runtime, Schema } from "effect"
import { existsSync } from "node:fs"
import { exitCodes } from "../exitCodes.ts"
import { writeKubeconfig } from "./ensureCluster.ts"
import * as Nodes from "./Nodes.ts"
import { clusterName, makeFolder, place } from "./place.ts"

export class NoCluster extends Schema.TaggedError<NoCluster>()("NoCluster", {}) {
  override readonly [Runtime.errorExitCode] = exitCodes.unavailable
  override get message() {
    return `there is no kind cluster ${clusterName}; make one with: odd-dashboard up --cluster`
  }
}

export class ClusterStandsStill extends Schema.TaggedError<ClusterStandsStill>()("ClusterStandsStill", {}) {
  override readonly [Runtime.errorExitCode] = exitCodes.unavailable
  override get message() {
    return `the cluster ${clusterName} is there and stands still; start it with: odd-dashboard up --cluster`
  }
}

/** Fails when there is none. */
export const found = Effect.gen(function*() {
  if (!(yield* Nodes.exists)) return yield* new NoCluster()
  return { place: yield* place, nodes: yield* Nodes.nodes }
})

/** Fails when none runs. */
export const running = Effect.gen(function*() {
  const { nodes, place } = yield* found
  if (nodes.some(({ isRunning }) => !isRunning)) return yield* new ClusterStandsStill()
  if (!existsSync(place.kubeconfig)) {
    yield* makeFolder(place)
    yield* writeKubeconfig(place)
  }
  return { place, nodes }
})
