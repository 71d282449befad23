/** What there is when the dashboard starts: a system to connect to, one that could be started, or neither. */
import { DataFolder } from "#infra/pglite/DataFolder.ts"
import { Effect, Option } from "effect"
import { addresses, isNamed } from "../../api.ts"
import { clusterName } from "../../cluster/place.ts"
import { portOffset } from "../../cluster/portOffset.ts"
import { homeOf } from "../../home.ts"
import type { Prerequisite } from "../../prerequisites/Prerequisite.ts"
import { clusters, prerequisites } from "../../prerequisites/probes.ts"
import { hasClusterCommand } from "./hasClusterCommand.ts"

/** A system that does not answer in this time is not there. */
const patienceMillis = 1_500

export interface Situation {
  readonly gatewayUrl: string
  readonly readModelUrl: string
  /** Undefined: both programs answer. Else what is wrong with the addresses. */
  readonly trouble: string | undefined
  /** Process that holds the data folder, when one does. */
  readonly embeddedPid: number | undefined
  readonly home: string
  /** The addresses were given: a system that is started here would not be found at them. */
  readonly isNamed: boolean
  readonly hasCluster: boolean
  /** This program can make one. */
  readonly canLaunchCluster: boolean
  readonly prerequisites: ReadonlyArray<Prerequisite>
}

/** Why nothing of ours answers there, if so. */
const troubleAt = (name: string, url: string) =>
  Effect.tryPromise(async (signal) => {
    const answer = await fetch(`${url}/healthz`, { signal })
    const body: unknown = await answer.json()
    return body instanceof Object && "program" in body
  }).pipe(
    Effect.timeout(patienceMillis),
    Effect.match({
      onSuccess: (isOurs) => isOurs ? undefined : `${url} is not the ${name}`,
      onFailure: () => `nothing answers at ${url}`
    })
  )

/** The addresses that commands use, and whether both programs answer there. Quick: nothing else is looked at. */
export const reach = Effect.gen(function*() {
  const { gatewayUrl, readModelUrl } = yield* addresses
  const [gateway, readModel] = yield* Effect.all(
    [troubleAt("gateway", gatewayUrl), troubleAt("read model", readModelUrl)],
    { concurrency: "unbounded" }
  )
  return { gatewayUrl, readModelUrl, trouble: gateway ?? readModel }
})

export const lookAround = Effect.gen(function*() {
  const home = yield* homeOf(Option.none())
  const machine = Effect.gen(function*() {
    const hasCluster = (yield* clusters).includes(clusterName)
    const offset = yield* portOffset(Option.none())
    return { hasCluster, prerequisites: yield* prerequisites(hasCluster, offset) }
  })
  const [reached, holder, found, canLaunchCluster] = yield* Effect.all([
    reach,
    Effect.orElseSucceed(DataFolder.holder(home), Option.none),
    machine,
    hasClusterCommand
  ], { concurrency: "unbounded" })
  const situation: Situation = {
    ...reached,
    home,
    isNamed: yield* isNamed,
    embeddedPid: Option.getOrUndefined(Option.map(holder, ({ pid }) => pid)),
    canLaunchCluster,
    ...found
  }
  return situation
})
