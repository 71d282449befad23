/** The machines of the cluster, which are containers: whether they run, and which ports of this machine lead into them. */
import { Effect, Option, Schema } from "effect"
import { type AccessName, accessPoints, type Addresses } from "./accessPoints.ts"
import { clusterName, run } from "./place.ts"
import { Trouble } from "./Steps.ts"

/** What `docker inspect` says of a container, as far as it matters here. */
const Containers = Schema.fromJsonString(Schema.Array(Schema.Struct({
  Name: Schema.String,
  State: Schema.Struct({ Running: Schema.Boolean }),
  HostConfig: Schema.Struct({
    PortBindings: Schema.NullOr(
      Schema.Record(
        Schema.String,
        Schema.NullOr(Schema.Array(Schema.Struct({ HostIp: Schema.String, HostPort: Schema.String })))
      )
    )
  })
})))
const decodeContainers = Schema.decodeUnknownEffect(Containers)

export interface Node {
  readonly name: string
  readonly isRunning: boolean
  /** Port of this machine by port of the container. */
  readonly ports: ReadonlyMap<number, number>
}

const words = (text: string) => text.split(/\s+/u).filter((word) => word !== "")

/** Whether kind has a cluster of this name, whatever state it is in. */
export const exists = Effect.map(
  run({ tool: "kind", args: ["get", "clusters"], purpose: "look for kind clusters", timeoutMillis: 30_000 }),
  (said) => words(said).includes(clusterName)
)

export const nodes = Effect.gen(function*() {
  const names = words(
    yield* run({
      tool: "kind",
      args: ["get", "nodes", "--name", clusterName],
      purpose: "list the nodes of the cluster",
      timeoutMillis: 30_000
    })
  )
  if (names.length === 0) return []
  const said = yield* run({
    tool: "docker",
    args: ["inspect", "--type", "container", ...names],
    purpose: "look at the nodes of the cluster",
    timeoutMillis: 30_000
  })
  const containers = yield* Effect.mapError(decodeContainers(said), ({ message }) =>
    new Trouble({
      cause: `docker describes its containers in a way that is not understood: ${message.split("\n", 1)[0]}`,
      remedy: "take a current version of Docker"
    }))
  return containers.map(({ HostConfig, Name, State }): Node => ({
    name: Name.replace(/^\//u, ""),
    isRunning: State.Running,
    ports: new Map(
      Object.entries(HostConfig.PortBindings ?? {}).flatMap(([port, bindings]) =>
        (bindings ?? []).slice(0, 1).map(({ HostPort }) => [Number.parseInt(port, 10), Number(HostPort)] as const)
      )
    )
  }))
})

/** Ports of the containers by what is there, as the cluster's configuration says it. */
export type Mappings = ReadonlyMap<AccessName, number>

/** Where the cluster is reached, by the ports that its containers have. */
export const addressesOf = (nodes: ReadonlyArray<Node>, mappings: Mappings): Addresses =>
  Object.fromEntries(accessPoints.flatMap(({ name }) => {
    const inside = mappings.get(name)
    const port = inside === undefined
      ? undefined
      : nodes.map(({ ports }) => ports.get(inside)).find((port) => port !== undefined)
    return port === undefined ? [] : [[name, `http://127.0.0.1:${port}`] as const]
  }))

/** The first two are what every other command speaks to. */
export const programsOf = ({ gateway, readModel }: Addresses) =>
  gateway === undefined || readModel === undefined
    ? Option.none()
    : Option.some({ gatewayUrl: gateway, readModelUrl: readModel })
