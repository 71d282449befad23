/** Namespace and secrets, before anything that wants them. What is there stays as it is. */
import { Context, Effect, Schema } from "effect"
import { randomBytes } from "node:crypto"
import { inCluster, namespace, type Place, run } from "./place.ts"
import { complete, kubernetesList, lacking, type RandomBytes, type Secrets } from "./secrets.ts"
import { done, skipped, Trouble } from "./Steps.ts"

/** Where unguessable bytes come from. */
export const Randomness = Context.Reference<RandomBytes>("odto/cli/cluster/Randomness", {
  defaultValue: () => randomBytes
})

const SecretList = Schema.fromJsonString(Schema.Struct({
  items: Schema.Array(Schema.Struct({
    metadata: Schema.Struct({ name: Schema.String }),
    data: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
  }))
}))
const decodeList = Schema.decodeUnknownEffect(SecretList)

const patienceMillis = 60_000
const inNamespace = (place: Place) => [...inCluster(place), "--namespace", namespace]

/** What the cluster knows; held in memory, and passed on by nobody but who asks for credentials. */
export const readSecrets = (place: Place) =>
  run({
    tool: "kubectl",
    args: [...inNamespace(place), "get", "secrets", "--output", "json"],
    purpose: "read the secrets of the cluster",
    timeoutMillis: patienceMillis
  }).pipe(
    Effect.flatMap((text) =>
      Effect.mapError(decodeList(text), () =>
        new Trouble({
          cause: "kubectl answers with secrets that are not understood",
          remedy: "take a current version of kubectl"
        }))
    ),
    Effect.map(({ items }): Secrets =>
      Object.fromEntries(items.map(({ data = {}, metadata }) => [
        metadata.name,
        Object.fromEntries(
          Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")])
        )
      ]))
    )
  )

const makeNamespace = (place: Place) =>
  Effect.gen(function*() {
    const found = yield* run({
      tool: "kubectl",
      args: [...inCluster(place), "get", "namespace", namespace, "--ignore-not-found", "--output", "name"],
      purpose: "look for the namespace",
      timeoutMillis: patienceMillis
    })
    if (found.trim() !== "") return
    yield* run({
      tool: "kubectl",
      args: [...inCluster(place), "create", "--filename", "-"],
      stdin: JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }),
      purpose: "make the namespace",
      timeoutMillis: patienceMillis
    })
  })

export const ensureSecrets = (place: Place) =>
  Effect.gen(function*() {
    yield* makeNamespace(place)
    const present = yield* readSecrets(place)
    const secrets = complete(yield* Randomness, present)
    const missing = lacking(present, secrets)
    const names = Object.keys(missing)
    if (names.length === 0) return { ...skipped("they are there, and kept"), secrets }
    yield* run({
      tool: "kubectl",
      args: [...inNamespace(place), "apply", "--server-side", "--force-conflicts", "--filename", "-"],
      // By standard input: a command line is there for everybody to see, and a file stays.
      stdin: JSON.stringify(kubernetesList(missing)),
      purpose: "make the secrets",
      timeoutMillis: patienceMillis
    })
    return { ...done(`made ${names.join(", ")}`), secrets }
  })
