/** Who can speak to whom under the NetworkPolicies, as a cluster that enforces them works it out. */
import {
  at,
  isRecord,
  isWorkload,
  labelsOf,
  listAt,
  type Manifest,
  ofKind,
  recordAt,
  type Value
} from "../support/Manifests.ts"

type Labels = { readonly [key: string]: Value }

const matches = (selector: Value, labels: Labels): boolean => {
  if (listAt(selector, "matchExpressions").length > 0) throw new Error("expressions are not read here")
  return Object.entries(recordAt(selector, "matchLabels")).every(([key, value]) => labels[key] === value)
}

const applies = (policy: Manifest, labels: Labels, direction: "Ingress" | "Egress"): boolean =>
  listAt(policy, "spec.policyTypes").includes(direction) && matches(at(policy, "spec.podSelector"), labels)

/** Peers within the namespace; those of other namespaces and addresses are looked at apart. */
const isPeer = (peer: Value, labels: Labels): boolean =>
  isRecord(peer) && !("namespaceSelector" in peer) && !("ipBlock" in peer) && matches(peer["podSelector"], labels)

const admits = (rule: Value, peers: "from" | "to", labels: Labels, port: number): boolean => {
  const from = listAt(rule, peers)
  const ports = listAt(rule, "ports")
  return (from.length === 0 || from.some((peer) => isPeer(peer, labels))) &&
    (ports.length === 0 || ports.some((each) => at(each, "port") === port))
}

const portsOf = (workload: Manifest): ReadonlyArray<number> =>
  listAt(workload, "spec.template.spec.containers").flatMap((container) =>
    listAt(container, "ports").flatMap((port) => {
      const number = at(port, "containerPort")
      return typeof number === "number" ? [number] : []
    })
  )

/** Each way that is open, as `from → to:port`, in order. */
export const openWays = (manifests: ReadonlyArray<Manifest>): ReadonlyArray<string> => {
  const policies = ofKind(manifests, "NetworkPolicy")
  const workloads = manifests.filter(isWorkload)
  const isOpen = (labels: Labels, other: Labels, port: number, direction: "Ingress" | "Egress") => {
    const applying = policies.filter((policy) => applies(policy, labels, direction))
    const [rules, peers] = direction === "Ingress" ? ["spec.ingress", "from"] as const : ["spec.egress", "to"] as const
    return applying.length === 0 ||
      applying.some((policy) => listAt(policy, rules).some((rule) => admits(rule, peers, other, port)))
  }
  return workloads.flatMap((from) =>
    workloads.flatMap((to) =>
      portsOf(to).flatMap((port) =>
        from !== to && isOpen(labelsOf(from), labelsOf(to), port, "Egress") &&
          isOpen(labelsOf(to), labelsOf(from), port, "Ingress")
          ? [`${from.metadata.name} → ${to.metadata.name}:${port}`]
          : []
      )
    )
  ).toSorted()
}
