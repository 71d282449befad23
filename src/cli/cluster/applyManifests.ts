/** Applies the manifests of the package, with the images that this start made. */
import { Effect, Option, Schedule, Schema } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Images, repositories } from "./ensureImages.ts"
import { copyManifests } from "./packageFiles.ts"
import { asks, inCluster, namespace, passing, type Place, type Remedies, run } from "./place.ts"
import { done, type Say } from "./Steps.ts"

export type Overlay = "kind" | "minimal"

/** The job that brings the database up to date. What it consists of cannot be changed, so a new one takes its place. */
export const migration = "migrate"
/** Names what was applied with it. */
const appliedAnnotation = "odd-dashboard/applied"

/** kustomize reads JSON as well. */
const kustomization = (overlay: Overlay, tag: string, applied: string) => ({
  apiVersion: "kustomize.config.k8s.io/v1beta1",
  kind: "Kustomization",
  resources: [`./manifests/overlays/${overlay}`],
  images: repositories.map((name) => ({ name, newTag: tag })),
  patches: [{
    target: { kind: "Job", name: migration },
    patch: JSON.stringify({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: migration, annotations: { [appliedAnnotation]: applied } }
    })
  }]
})

const Job = Schema.fromJsonString(Schema.Struct({
  metadata: Schema.Struct({
    annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
  }),
  status: Schema.optionalKey(Schema.Struct({
    conditions: Schema.optionalKey(Schema.Array(Schema.Struct({ type: Schema.String, status: Schema.String })))
  }))
}))
const decodeJob = Schema.decodeUnknownOption(Job)

/** Whether the migration that is there is the very one that is wanted, and has not failed. */
const isKept = (text: string, applied: string): boolean =>
  Option.match(decodeJob(text), {
    onNone: () => false,
    onSome: ({ metadata, status }) =>
      metadata.annotations?.[appliedAnnotation] === applied &&
      status?.conditions?.some(({ status, type }) => type === "Failed" && status === "True") !== true
  })

const removeOldMigration = (place: Place, applied: string) =>
  Effect.gen(function*() {
    const here = [...inCluster(place), "--namespace", namespace]
    const found = yield* asks({
      tool: "kubectl",
      args: [...here, "get", "job", migration, "--ignore-not-found", "--output", "json"],
      timeoutMillis: 60_000
    })
    if (Option.isNone(found) || found.value.trim() === "" || isKept(found.value, applied)) return
    yield* run({
      tool: "kubectl",
      args: [...here, "delete", "job", migration, "--ignore-not-found", "--wait=true"],
      purpose: "remove the migration of an earlier start"
    })
  })

/** What the manifests say of everything that the overlay minimal does without. */
const leftOut = "overlay.odto/minimal=left-out"
/** Of all kinds that have something of it; volumes stay. */
const leftOutKinds = [
  "deployments",
  "statefulsets",
  "services",
  "ingresses",
  "networkpolicies",
  "horizontalpodautoscalers",
  "poddisruptionbudgets",
  "configmaps",
  "serviceaccounts"
]

/** An earlier start may have applied more: what is not in the manifests any more stays in a cluster until it is removed. */
const removeLeftOut = (place: Place) =>
  run({
    tool: "kubectl",
    args: [
      ...inCluster(place),
      "--namespace",
      namespace,
      "delete",
      leftOutKinds.join(","),
      "--selector",
      leftOut,
      "--ignore-not-found",
      "--wait=false"
    ],
    purpose: "remove what the overlay minimal does without"
  })

const remedies: Remedies = [
  [
    /field is immutable|updates to statefulset spec/iu,
    "what was applied earlier cannot become this; make the cluster anew with: odd-dashboard down --cluster"
  ],
  [passing, "the cluster is busy: run it again"]
]

/** A cluster that has just begun refuses for some seconds. */
const attempts = { spaced: "3 seconds", times: 5 } as const

export const applyManifests = (
  place: Place,
  { images, overlay }: { readonly images: Images; readonly overlay: Overlay },
  say: Say
) =>
  Effect.gen(function*() {
    const content = yield* copyManifests(place)
    const applied = `${overlay}-${content}-${images.tag}`
    yield* Effect.sync(() =>
      writeFileSync(
        join(place.folder, "kustomization.yaml"),
        `${JSON.stringify(kustomization(overlay, images.tag, applied), undefined, 2)}\n`
      )
    )
    yield* removeOldMigration(place, applied)
    if (overlay === "minimal") yield* removeLeftOut(place)
    const said = yield* run({
      tool: "kubectl",
      args: [...inCluster(place), "apply", "--server-side", "--force-conflicts", "--kustomize", place.folder],
      onLine: say,
      purpose: "apply the manifests",
      remedies
    }).pipe(
      Effect.retry({
        schedule: Schedule.spaced(attempts.spaced).pipe(Schedule.upTo({ times: attempts.times })),
        while: ({ cause }) => passing.test(cause)
      })
    )
    const objects = said.split("\n").filter((line) => line.trim() !== "").length
    return done(`${objects} objects of the overlay ${overlay}, images ${images.tag}`)
  })
