/** The manifests: valid for Kubernetes, restricted, complete, and open in no other way than they should be. */
import { programs } from "#cli/programs/identity.ts"
import { assert, beforeAll, it } from "@effect/vitest"
import { problemsOf } from "../support/kubernetesSchemas.ts"
import {
  allContainersOf,
  at,
  containersOf,
  describeWithKustomize,
  isWorkload,
  labelsOf,
  listAt,
  type Manifest,
  named,
  ofKind,
  recordAt,
  render,
  renderWith,
  textAt,
  textOf
} from "../support/Manifests.ts"
import { violationsOf } from "./podPolicies.ts"

const servers = ["postgres", "rabbitmq", "redis", "mongodb"]
const exporters = ["postgres-exporter", "redis-exporter", "mongodb-exporter"]
const monitoring = ["prometheus", "alertmanager", "grafana", ...exporters]

/** Kinds of others, whose schemas Kubernetes does not have. */
const isForeign = ({ apiVersion }: Manifest) => apiVersion.startsWith("keda.sh/")

const names = (all: ReadonlyArray<Manifest>) => all.map(({ metadata }) => metadata.name).toSorted()
const selects = (service: Manifest, workload: Manifest) =>
  Object.entries(recordAt(service, "spec.selector")).every(([key, value]) => labelsOf(workload)[key] === value)

type Overlay = "base" | "kind" | "minimal" | "components"

describeWithKustomize("The manifests", () => {
  const rendered = new Map<Overlay, ReadonlyArray<Manifest>>()
  const overlays = ["base", "kind", "minimal", "components"] as const
  const the = (overlay: Overlay): ReadonlyArray<Manifest> => {
    const known = rendered.get(overlay)
    if (known === undefined) throw new Error("not rendered yet")
    return known
  }
  beforeAll(() => {
    rendered.set("base", render("base"))
    rendered.set("kind", render("overlays/kind"))
    rendered.set("minimal", render("overlays/minimal"))
    rendered.set("components", renderWith(["keda", "tracing"]))
  })

  it.each(overlays)("%s: are what Kubernetes knows, field by field", async (overlay) => {
    const own = the(overlay).filter((manifest) => !isForeign(manifest))
    assert.isAbove(own.length, 50)
    assert.deepStrictEqual((await Promise.all(own.map(problemsOf))).flat(), [])
  })

  it("would not be taken with a field misspelt, missing or of another type", async () => {
    const gateway = JSON.stringify(named(the("base"), "Deployment", "gateway"))
    const said = async (from: string, to: string) => {
      assert.include(gateway, from)
      return problemsOf(JSON.parse(gateway.replace(from, to)))
    }
    assert.deepStrictEqual(await said(`"readinessProbe"`, `"readynessProbe"`), [
      "Deployment gateway: there is no field /spec/template/spec/containers/0/readynessProbe"
    ])
    assert.match((await said(`"selector"`, `"select"`)).join("\n"), /required|selector/u)
    assert.match((await said(`"maxSurge":1`, `"maxSurge":true`)).join("\n"), /maxSurge/u)
    assert.include(
      (await problemsOf({ apiVersion: "apps/v2", kind: "Deployment", metadata: { name: "x" } })).join(),
      "no schema"
    )
  })

  it.each(overlays)("%s: have pods that are restricted, bounded, pinned and probed", (overlay) => {
    const all = the(overlay)
    assert.deepStrictEqual(all.filter(isWorkload).flatMap(violationsOf), [])
  })

  it("would not pass with a pod that is privileged, unbounded, unpinned or holds a password", () => {
    const text = JSON.stringify(named(the("base"), "Deployment", "read-model"))
    const broken = (from: RegExp, to: string) => {
      assert.match(text, from)
      return violationsOf(JSON.parse(text.replaceAll(from, to)))
    }
    assert.include(broken(/"runAsNonRoot":true/gu, `"runAsNonRoot":false`).join("\n"), "another user than root")
    assert.include(
      broken(/"readOnlyRootFilesystem":true/gu, `"readOnlyRootFilesystem":false`).join("\n"),
      "write to its image"
    )
    assert.include(broken(/odto-read-model:[\d.]+/gu, "odto-read-model:latest").join("\n"), "pin its image")
    assert.include(broken(/"memory":"512Mi"/gu, `"cores":"1"`).join("\n"), "bound memory")
    assert.include(broken(/"path":"\/healthz"/gu, `"path":"/readyz"`).join("\n"), "must not be killed")
    assert.include(
      broken(/"valueFrom":\{"secretKeyRef":\{"key":"webhook-token","name":"odto-tokens"\}\}/gu, `"value":"secret"`)
        .join(),
      "from a Secret"
    )
  })

  it("have every program, every server and what watches them, and hold no Secret", () => {
    assert.deepStrictEqual(
      names(the("base").filter(isWorkload)),
      [...programs, ...servers, ...monitoring, "migrate"].toSorted()
    )
    assert.deepStrictEqual(names(the("minimal").filter(isWorkload)), [...programs, ...servers, "migrate"].toSorted())
    for (const overlay of overlays) assert.deepStrictEqual(ofKind(the(overlay), "Secret"), [])
    assert.deepStrictEqual(
      names(ofKind(the("base"), "StatefulSet").filter((each) => servers.includes(each.metadata.name))),
      servers.toSorted()
    )
    for (const server of servers) {
      assert.lengthOf(listAt(named(the("base"), "StatefulSet", server), "spec.volumeClaimTemplates"), 1, server)
    }
  })

  it.each(overlays)("%s: are all in one namespace, which asks for restricted pods", (overlay) => {
    const all = the(overlay)
    const level = recordAt(named(all, "Namespace", "odto"), "metadata.labels")
    assert.strictEqual(level["pod-security.kubernetes.io/enforce"], "restricted")
    assert.deepStrictEqual(
      all.filter((manifest) => manifest.kind !== "Namespace" && manifest.metadata["namespace"] !== "odto").map((
        { metadata }
      ) => metadata.name),
      []
    )
  })

  it.each(overlays)("%s: name nothing that is not there", (overlay) => {
    const all = the(overlay)
    const workloads = all.filter(isWorkload)
    const configMaps = new Set(names(ofKind(all, "ConfigMap")))
    const accounts = new Set(names(ofKind(all, "ServiceAccount")))
    for (const workload of workloads) {
      const pod = at(workload, "spec.template.spec")
      assert.isTrue(accounts.has(textAt(pod, "serviceAccountName")), workload.metadata.name)
      const maps = [
        ...listAt(pod, "volumes").flatMap((volume) => at(volume, "configMap.name") ?? []),
        ...allContainersOf(workload).flatMap((container) =>
          listAt(container, "envFrom").flatMap((from) => at(from, "configMapRef.name") ?? [])
        )
      ]
      for (const map of maps) assert.isTrue(configMaps.has(textOf(map)), `${workload.metadata.name}: ${textOf(map)}`)
      const volumes = [
        ...listAt(pod, "volumes").map((volume) => at(volume, "name")),
        ...listAt(workload, "spec.volumeClaimTemplates").map((claim) => at(claim, "metadata.name"))
      ]
      for (const container of allContainersOf(workload)) {
        for (const mount of listAt(container, "volumeMounts")) {
          assert.include(volumes, at(mount, "name"), workload.metadata.name)
        }
      }
    }
    for (const service of ofKind(all, "Service")) {
      const chosen = workloads.filter((workload) => selects(service, workload))
      assert.lengthOf(chosen, 1, service.metadata.name)
      const ports = chosen.flatMap(containersOf).flatMap((container) => listAt(container, "ports"))
      for (const port of listAt(service, "spec.ports")) {
        const target = ports.find((each) => at(each, "name") === at(port, "targetPort"))
        assert.strictEqual(at(target, "containerPort"), at(port, "port"), service.metadata.name)
      }
    }
    for (const ingress of ofKind(all, "Ingress")) {
      for (const rule of listAt(ingress, "spec.rules")) {
        for (const path of listAt(rule, "http.paths")) {
          const service = named(all, "Service", textAt(path, "backend.service.name"))
          const ports = listAt(service, "spec.ports").map((port) => at(port, "port"))
          assert.include(ports, at(path, "backend.service.port.number"), service.metadata.name)
        }
      }
    }
    for (const scaler of ofKind(all, "HorizontalPodAutoscaler")) {
      const target = named(all, "Deployment", textAt(scaler, "spec.scaleTargetRef.name"))
      assert.isUndefined(at(target, "spec.replicas"), "two would say how many there are")
    }
  })

  it("keep at least one of what runs more than once in service", () => {
    const several = [
      ...ofKind(the("base"), "HorizontalPodAutoscaler").filter((each) => Number(at(each, "spec.minReplicas")) > 1),
      ...the("base").filter((each) => isWorkload(each) && Number(at(each, "spec.replicas") ?? 1) > 1)
    ]
    assert.deepStrictEqual(names(several), ["dispatcher", "gateway", "processor", "read-model"])
    assert.deepStrictEqual(names(ofKind(the("base"), "PodDisruptionBudget")), names(several))
  })

  it("give RabbitMQ three times the memory of its write-ahead log, within the limit of its pod", () => {
    const settings = ofKind(the("base"), "ConfigMap").find(({ metadata }) =>
      metadata.name.startsWith("rabbitmq-settings")
    )
    const text = textOf(recordAt(settings, "data")["rabbitmq.conf"])
    const told = (pattern: RegExp) => Number(pattern.exec(text)?.[1])
    const logMiB = told(/^raft\.wal_max_size_bytes = (\d+)$/mu) / 1024 ** 2
    const memoryMiB = told(/^total_memory_available_override_value = (\d+)MiB$/mu)
    assert.isAtLeast(memoryMiB * told(/^vm_memory_high_watermark\.relative = ([\d.]+)$/mu), 3 * logMiB)
    const [rabbitmq] = containersOf(named(the("base"), "StatefulSet", "rabbitmq"))
    assert.strictEqual(textAt(rabbitmq, "resources.limits.memory"), "1Gi")
    assert.isBelow(memoryMiB, 1024)
  })

  it("let Grafana fetch nothing: no plugins, no news, no versions", () => {
    const [grafana] = containersOf(named(the("base"), "Deployment", "grafana"))
    const env = new Map(listAt(grafana, "env").map((each) => [textAt(each, "name"), at(each, "value")]))
    assert.strictEqual(env.get("GF_PLUGINS_PREINSTALL_DISABLED"), "true")
    for (const name of ["NEWS_NEWS_FEED", "ANALYTICS_REPORTING"]) {
      assert.strictEqual(env.get(`GF_${name}_ENABLED`), "false", name)
    }
    for (const name of ["UPDATES", "PLUGIN_UPDATES"]) {
      assert.strictEqual(env.get(`GF_ANALYTICS_CHECK_FOR_${name}`), "false", name)
    }
  })

  it("take traces to a collector and scale by what waits, where that is wanted", () => {
    const settings = ofKind(the("components"), "ConfigMap").find(({ metadata }) =>
      metadata.name.startsWith("odto-settings")
    )
    assert.match(textAt(settings, "data.OTEL_EXPORTER_OTLP_ENDPOINT"), /^http:\/\/.+:4318$/u)
    assert.deepStrictEqual(names(ofKind(the("components"), "ScaledObject")), ["processor"])
    assert.notInclude(names(ofKind(the("components"), "HorizontalPodAutoscaler")), "processor")
  })
})
