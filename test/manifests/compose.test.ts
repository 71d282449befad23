/** compose.yaml says the same as the manifests of the cluster: one model, two forms. */
import { assert, beforeAll, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import {
  at,
  containersOf,
  describeWithKustomize,
  isRecord,
  isWorkload,
  listAt,
  type Manifest,
  manifests,
  ofKind,
  parseYaml,
  recordAt,
  render,
  templateOf,
  textAt,
  textOf,
  type Value
} from "../support/Manifests.ts"

const compose = parseYaml(readFileSync(join(manifests, "compose.yaml"), "utf8"))
const services = recordAt(compose, "services")

const containerOf = (workload: Manifest): Value => containersOf(workload)[0]

const bytesOf = (amount: Value): number => {
  const found = /^(\d+)(m|g|Mi|Gi)$/u.exec(textOf(amount))
  return Number(found?.[1]) * (found?.[2]?.toLowerCase().startsWith("g") === true ? 1024 : 1)
}

/** Of a variable in compose.yaml: what it is when passwords are left out. */
const withoutSecrets = (value: Value): string => textOf(value).replaceAll(/\$\{[A-Z_]+(?::[?-][^}]*)?\}/gu, "…")

/** In a cluster what is secret comes from a Secret whole; here its frame is in sight. */
const frames: Readonly<Record<string, string>> = {
  ODTO_DATABASE_URL: "postgres://odto:…@postgres:5432/odto",
  ODTO_AMQP_URL: "amqp://odto:…@rabbitmq:5672",
  ODTO_REDIS_URL: "redis://:…@redis:6379",
  ODTO_MONGODB_URL: "mongodb://odto:…@mongodb:27017/odto?authSource=admin",
  MONGODB_URI: "mongodb://odto:…@mongodb:27017/odto?authSource=admin",
  POSTGRES_USER: "odto",
  RABBITMQ_DEFAULT_USER: "odto",
  MONGO_INITDB_ROOT_USERNAME: "odto",
  DATA_SOURCE_USER: "odto",
  GF_SECURITY_ADMIN_USER: "admin"
}

describeWithKustomize("compose.yaml", () => {
  let kind: ReadonlyArray<Manifest> = []
  beforeAll(() => {
    kind = render("overlays/kind")
  })
  const workloads = () => kind.filter(isWorkload)
  const workloadOf = (name: string): Manifest => {
    const found = workloads().find(({ metadata }) => metadata.name === name)
    if (found === undefined) throw new Error(`there is no workload ${name}`)
    return found
  }

  const settings = () =>
    recordAt(ofKind(kind, "ConfigMap").find(({ metadata }) => metadata.name.startsWith("odto-settings")), "data")
  const serviceOf = (name: string): Value => {
    const found = services[name]
    assert.isTrue(isRecord(found), `there is no service ${name}`)
    return found
  }

  it("has the same programs and servers, and no others", () => {
    assert.deepStrictEqual(
      Object.keys(services).toSorted(),
      workloads().map(({ metadata }) => metadata.name).toSorted()
    )
  })

  it.each(Object.keys(services))("%s: is the same image, user and command, within the same memory", (name) => {
    const workload = workloadOf(name)
    const service = serviceOf(name)
    const container = containerOf(workload)
    const user = (key: string) => textAt(templateOf(workload), `spec.securityContext.${key}`)
    assert.strictEqual(at(service, "image"), at(container, "image"))
    assert.strictEqual(at(service, "user"), `${user("runAsUser")}:${user("runAsGroup")}`)
    assert.deepStrictEqual(
      listAt(service, "command").map(withoutSecrets),
      listAt(container, "args").map((arg) => textOf(arg).replaceAll(/\$\([A-Z_]+\)/gu, "…"))
    )
    if (workload.kind !== "Job") {
      assert.strictEqual(bytesOf(at(service, "mem_limit")), bytesOf(at(container, "resources.limits.memory")))
    }
    assert.deepStrictEqual(listAt(service, "cap_drop"), ["ALL"])
    // What is copied into a container needs a root that can be written.
    assert.strictEqual(at(service, "read_only"), name !== "alertmanager")
  })

  it.each(Object.keys(services))("%s: gets the same settings", (name) => {
    const workload = workloadOf(name)
    const container = containerOf(workload)
    const fromMap = listAt(container, "envFrom").length > 0 ? settings() : {}
    const inCluster = {
      ...Object.fromEntries(Object.entries(fromMap).map(([key, value]) => [key, textOf(value)])),
      ...Object.fromEntries(
        listAt(container, "env").map((each) => {
          const key = textAt(each, "name")
          const value = at(each, "value")
          return [key, value === undefined ? frames[key] ?? "…" : textOf(value)]
        })
      )
    }
    const here = Object.fromEntries(
      Object.entries(recordAt(serviceOf(name), "environment")).map(([key, value]) => [key, withoutSecrets(value)])
    )
    // There is a component for it in the cluster.
    const { OTEL_EXPORTER_OTLP_ENDPOINT: collector, ...others } = here
    if (listAt(container, "envFrom").length > 0) assert.strictEqual(collector, "…", "empty unless it is set")
    // Compose puts the password of Redis into its arguments by itself.
    const { REDIS_PASSWORD: _, ...ofRedis } = inCluster
    assert.deepStrictEqual(others, name === "redis" ? ofRedis : inCluster)
  })

  it("publishes the same ports, on loopback only", () => {
    const cluster = parseYaml(readFileSync(join(manifests, "kind.yaml"), "utf8"))
    const nodePorts = new Map(
      ofKind(kind, "Service").flatMap((service) =>
        listAt(service, "spec.ports").flatMap((port) => {
          const node = at(port, "nodePort")
          const target = `${service.metadata.name.replace(/-host$/u, "")}:${textAt(port, "port")}`
          return typeof node === "number" ? [[node, target] as const] : []
        })
      )
    )
    const mapped = listAt(listAt(cluster, "nodes")[0], "extraPortMappings").flatMap((mapping) => {
      const target = nodePorts.get(Number(at(mapping, "containerPort")))
      return target === undefined ? [] : [`127.0.0.1:${textAt(mapping, "hostPort")} ${target}`]
    })
    const published = Object.entries(services).flatMap(([name, service]) =>
      listAt(service, "ports").map((port) => {
        const [address, host, inside] = textOf(port).split(":")
        return `${address}:${host} ${name}:${inside}`
      })
    )
    assert.deepStrictEqual(published.toSorted(), mapped.toSorted())
  })

  it("answers to every name that Prometheus looks up", () => {
    const headless = ofKind(kind, "Service").filter(({ metadata }) =>
      metadata.name.endsWith("-headless") &&
      workloads().some(({ kind, metadata: { name } }) => kind === "Deployment" && `${name}-headless` === metadata.name)
    )
    const aliases = Object.values(services).flatMap((service) => listAt(service, "networks.default.aliases"))
    assert.deepStrictEqual(aliases.map(textOf).toSorted(), headless.map(({ metadata }) => metadata.name).toSorted())
    assert.lengthOf(aliases, 5)
  })

  it("mounts files that there are, and keeps what the cluster keeps", () => {
    const mounts = Object.entries(services).flatMap(([name, service]) =>
      listAt(service, "volumes").map((volume) => [name, textOf(volume)] as const)
    )
    for (const [name, mount] of mounts.filter(([, mount]) => mount.startsWith("./"))) {
      const [from = ""] = mount.split(":")
      assert.lengthOf(globSync(from, { cwd: manifests }), 1, `${name}: ${from}`)
      assert.isTrue(mount.endsWith(":ro"), `${name}: ${from} is not for writing`)
    }
    const kept = mounts.filter(([, mount]) => !mount.startsWith("./")).map(([name]) => name)
    const claims = ofKind(kind, "StatefulSet").map(({ metadata }) => metadata.name)
    assert.deepStrictEqual(kept.toSorted(), claims.toSorted())
    assert.deepStrictEqual(Object.keys(recordAt(compose, "volumes")).toSorted(), claims.toSorted())
  })

  it("asks after health with what the images have: /dev/tcp is of bash, and their sh is another shell", () => {
    const asked = Object.entries(services).flatMap(([name, service]) => {
      const words = listAt(service, "healthcheck.test").map(textOf)
      return words.join(" ").includes("/dev/tcp") ? [[name, ...words.slice(0, 3)]] : []
    })
    assert.deepStrictEqual(asked, [["mongodb", "CMD", "bash", "-c"]])
  })

  it("waits until servers and programs are what they should be", () => {
    const programs = workloads().filter(({ metadata }) =>
      recordAt(metadata, "labels")["app.kubernetes.io/component"] === "program"
    )
    assert.lengthOf(programs, 5)
    for (const { metadata: { name } } of programs) {
      assert.strictEqual(at(serviceOf(name), "depends_on.migrate.condition"), "service_completed_successfully", name)
      assert.include(JSON.stringify(at(serviceOf(name), "healthcheck.test")), "/readyz", name)
    }
    assert.strictEqual(at(serviceOf("migrate"), "depends_on.postgres.condition"), "service_healthy")
    for (const server of ["postgres", "rabbitmq", "redis", "mongodb"]) {
      assert.isAbove(listAt(serviceOf(server), "healthcheck.test").length, 1, server)
    }
  })
})
