/** `status --cluster`: what runs in the cluster, what is wrong with it, and where it is reached. */
import { Effect, Runtime, Schema } from "effect"
import { exitCodes } from "../exitCodes.ts"
import { asTyped } from "../invocation.ts"
import * as Output from "../Output.ts"
import { addressLines, credentialLines, credentialsDocument } from "./credentials.ts"
import { readSecrets } from "./ensureSecrets.ts"
import * as Nodes from "./Nodes.ts"
import { kindFile } from "./packageFiles.ts"
import { clusterName } from "./place.ts"
import { troublesOf } from "./podTroubles.ts"
import { running } from "./reach.ts"
import { readObjects, type Workload, workloadsOf } from "./Workloads.ts"

class NotAllReady extends Schema.TaggedError<NotAllReady>()("NotAllReady", { names: Schema.Array(Schema.String) }) {
  override readonly [Runtime.errorExitCode] = exitCodes.unavailable
  override get message() {
    const [first] = this.names
    return first === undefined
      ? "nothing is applied to the cluster yet; go on with: odd-dashboard up --cluster"
      : `not ready: ${this.names.join(", ")}; this may tell more: odd-dashboard logs --cluster ${first}`
  }
}

const row = ({ isReady, kind, name, ready, wanted }: Workload, trouble: string | undefined): ReadonlyArray<string> => [
  name,
  kind === "StatefulSet" ? "server" : kind === "Job" ? "job" : "program",
  isReady ? Output.style.green("ready") : Output.style.red("not ready"),
  `${ready}/${wanted}`,
  Output.safe(trouble ?? "")
]

export const clusterStatus = ({ showCredentials }: { readonly showCredentials: boolean }) =>
  Effect.gen(function*() {
    const { nodes, place } = yield* running
    const objects = yield* readObjects(place)
    const addresses = Nodes.addressesOf(nodes, (yield* kindFile(0)).mappings)
    const troubles = troublesOf(objects)
    const workloads = workloadsOf(objects)
    const secrets = showCredentials ? yield* readSecrets(place) : {}
    const causeOf = (name: string) => troubles.find(({ workload }) => workload === name)?.cause
    yield* Output.print(
      {
        cluster: clusterName,
        nodes: nodes.map(({ name }) => name),
        workloads: workloads.map((workload) => {
          const { kind, name, ready, wanted, isReady } = workload
          const cause = causeOf(name)
          return { kind, name, ready, wanted, isReady, ...(cause === undefined ? {} : { cause }) }
        }),
        addresses,
        credentials: credentialsDocument(secrets, showCredentials)
      },
      () => [
        `cluster ${clusterName} runs on ${nodes.map(({ name }) => name).join(", ")}`,
        "",
        ...addressLines(addresses),
        ...credentialLines(secrets, showCredentials).map(asTyped),
        "",
        ...Output.table(
          ["WORKLOAD", "IS A", "STATE", "PODS", "CAUSE"],
          workloads.map((workload) => row(workload, causeOf(workload.name)))
        )
      ]
    )
    const lacking = workloads.filter(({ isReady }) => !isReady).map(({ name }) => name)
    if (workloads.length === 0 || lacking.length > 0) return yield* new NotAllReady({ names: lacking })
  })
