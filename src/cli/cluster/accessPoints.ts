/** What a cluster is reached by on this machine. */

export type AccessName = "gateway" | "readModel" | "rabbitmq" | "grafana" | "prometheus" | "webTerminal"

export interface AccessPoint {
  readonly name: AccessName
  /** Port of this machine, unless ports are moved. */
  readonly port: number
  readonly what: string
  /** Where people begin there. */
  readonly path: string
}

export const accessPoints: ReadonlyArray<AccessPoint> = [
  { name: "gateway", port: 3000, what: "gateway", path: "/docs" },
  { name: "readModel", port: 8080, what: "read model", path: "/docs" },
  { name: "rabbitmq", port: 15672, what: "RabbitMQ", path: "" },
  { name: "grafana", port: 3002, what: "Grafana", path: "" },
  { name: "prometheus", port: 9090, what: "Prometheus", path: "" },
  { name: "webTerminal", port: 8081, what: "web terminal", path: "" }
]

/** Addresses by what is there; without those that the cluster does not map. */
export type Addresses = Readonly<Partial<Record<AccessName, string>>>

/** The highest offset with which every port still is one. */
export const maxPortOffset = 65_535 - Math.max(...accessPoints.map(({ port }) => port))
