/** Who reaches whom: between pods, from Prometheus, from this machine, and out into the world. */
import { programs } from "#cli/programs/identity.ts"
import { assert, beforeAll, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import {
  at,
  describeWithKustomize,
  listAt,
  type Manifest,
  manifests,
  named,
  ofKind,
  parseYaml,
  render,
  textAt,
  textOf
} from "../support/Manifests.ts"
import { openWays } from "./reachability.ts"

const names = (all: ReadonlyArray<Manifest>) => all.map(({ metadata }) => metadata.name).toSorted()

describeWithKustomize("The ways of the manifests", () => {
  let base: ReadonlyArray<Manifest> = []
  let kind: ReadonlyArray<Manifest> = []
  let minimal: ReadonlyArray<Manifest> = []
  beforeAll(() => {
    base = render("base")
    kind = render("overlays/kind")
    minimal = render("overlays/minimal")
  })

  it("open exactly the ways that are needed between pods", () => {
    const to = (server: string, port: number, from: ReadonlyArray<string>) =>
      from.map((name) => `${name} → ${server}:${port}`)
    const scraped = {
      gateway: 3000,
      dispatcher: 9101,
      processor: 9102,
      "metrics-engine": 9103,
      "read-model": 8080,
      rabbitmq: 15692,
      "postgres-exporter": 9187,
      "redis-exporter": 9121,
      "mongodb-exporter": 9216,
      alertmanager: 9093,
      grafana: 3000
    }
    const wanted = [
      ...to("postgres", 5432, [...programs, "migrate", "postgres-exporter"]),
      ...to("rabbitmq", 5672, ["dispatcher", "processor", "metrics-engine", "read-model"]),
      ...to("redis", 6379, ["metrics-engine", "read-model", "redis-exporter"]),
      ...to("mongodb", 27017, ["metrics-engine", "read-model", "mongodb-exporter"]),
      ...Object.entries(scraped).flatMap(([name, port]) => to(name, port, ["prometheus"])),
      ...to("read-model", 8080, ["alertmanager"]),
      ...to("prometheus", 9090, ["grafana"])
    ].toSorted()
    assert.deepStrictEqual(openWays(base), wanted)

    const closed = base.filter(({ metadata }) => metadata.name !== "uses-postgres")
    assert.notInclude(openWays(closed), "gateway → postgres:5432", "without its policy a way is closed")
    const open = base.filter(({ kind }) => kind !== "NetworkPolicy")
    assert.include(openWays(open), "grafana → postgres:5432", "without policies every way is open")
  })

  it("can reach the world from jobs only, and there no private network", () => {
    const outward = ofKind(base, "NetworkPolicy").filter((policy) => JSON.stringify(policy).includes("ipBlock"))
    assert.deepStrictEqual(names(outward), ["processor-to-the-world"])
    const [block] = listAt(listAt(outward[0], "spec.egress")[0], "to")
    assert.includeMembers([...listAt(block, "ipBlock.except")], [
      "10.0.0.0/8",
      "172.16.0.0/12",
      "192.168.0.0/16",
      "169.254.0.0/16"
    ])
  })

  it("have an instance behind every name that Prometheus looks up, on the port that it asks", () => {
    const config = parseYaml(readFileSync(join(manifests, "prometheus/prometheus.yml"), "utf8"))
    const looked = listAt(config, "scrape_configs").flatMap((job) =>
      listAt(job, "dns_sd_configs").flatMap((dns) =>
        listAt(dns, "names").map((name) => [textOf(name), Number(at(dns, "port"))] as const)
      ).concat(
        listAt(job, "static_configs").flatMap((fixed) =>
          listAt(fixed, "targets").map((target) => {
            const [name = "", port] = textOf(target).split(":")
            return [name, Number(port)] as const
          })
        )
      )
    ).filter(([name]) => name !== "localhost")
    assert.lengthOf(looked, 12)
    for (const [name, port] of looked) {
      const service = named(base, "Service", name)
      assert.include(listAt(service, "spec.ports").map((each) => at(each, "port")), port, name)
      if (name.endsWith("-headless")) assert.strictEqual(at(service, "spec.clusterIP"), "None", name)
    }
  })

  it("show on this machine what kind.yaml maps, on loopback only", () => {
    const cluster = parseYaml(readFileSync(join(manifests, "kind.yaml"), "utf8"))
    const [node] = listAt(cluster, "nodes")
    assert.strictEqual(at(cluster, "name"), "odto")
    assert.match(textAt(node, "image"), /^kindest\/node:v[\d.]+@sha256:[0-9a-f]{64}$/u)
    const mapped = listAt(node, "extraPortMappings")
    assert.deepStrictEqual([...new Set(mapped.map((each) => at(each, "listenAddress")))], ["127.0.0.1"])
    const behind = (all: ReadonlyArray<Manifest>) =>
      Object.fromEntries(mapped.map((mapping) => {
        const service = ofKind(all, "Service").find((each) =>
          listAt(each, "spec.ports").some((port) => at(port, "nodePort") === at(mapping, "containerPort"))
        )
        const port = service === undefined ? undefined : at(listAt(service, "spec.ports")[0], "port")
        return [
          textAt(mapping, "hostPort"),
          service === undefined ? "kept" : `${service.metadata.name}:${textOf(port)}`
        ]
      }))
    assert.deepStrictEqual(behind(kind), {
      3000: "gateway-host:3000",
      8080: "read-model-host:8080",
      15672: "rabbitmq-host:15672",
      3002: "grafana-host:3000",
      9090: "prometheus-host:9090",
      8081: "kept"
    })
    assert.deepInclude(behind(minimal), { 3000: "gateway-host:3000", 3002: "kept", 9090: "kept" })
  })

  it("tell callers on this machine where jobs can be read", () => {
    for (const all of [kind, minimal]) {
      const settings = ofKind(all, "ConfigMap").find(({ metadata }) => metadata.name.startsWith("odto-settings"))
      assert.strictEqual(at(settings, "data.ODTO_READ_MODEL_URL"), "http://localhost:8080")
    }
  })
})
