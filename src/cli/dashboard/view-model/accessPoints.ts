/** Where the system can be reached: what a person opens in a browser or gives to a program. */
import type { State } from "./State.ts"

export interface AccessPoint {
  readonly name: string
  readonly about: string
  readonly url: string
  /** Which program answers there; undefined: it is part of the cluster and is not asked from here. */
  readonly program: "gateway" | "readModel" | undefined
}

/** What a cluster adds, on the ports that its start maps to this machine. */
const ofCluster: ReadonlyArray<AccessPoint> = [
  {
    name: "RabbitMQ",
    about: "queues and connections of the broker",
    url: "http://localhost:15672",
    program: undefined
  },
  { name: "Grafana", about: "dashboards", url: "http://localhost:3002", program: undefined },
  { name: "Prometheus", about: "metrics and alert rules", url: "http://localhost:9090", program: undefined }
]

export const accessPoints = ({ gatewayUrl, readModelUrl }: Pick<State, "gatewayUrl" | "readModelUrl">) =>
  [
    { name: "Gateway API", about: "submit and act, described", url: `${gatewayUrl}/docs`, program: "gateway" },
    { name: "Read Model API", about: "everything that can be read", url: `${readModelUrl}/docs`, program: "readModel" },
    { name: "Stream", about: "events as they happen (SSE)", url: `${readModelUrl}/stream`, program: "readModel" },
    { name: "Metrics", about: "for Prometheus", url: `${gatewayUrl}/metrics`, program: "gateway" },
    ...ofCluster
  ] satisfies ReadonlyArray<AccessPoint>
