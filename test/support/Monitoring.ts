/**
 * The project's own Prometheus and Alertmanager: the files of manifests/, on real servers, with other addresses and in a
 * quicker time.
 *
 * Rules and configurations are those that are shipped. Only what a test cannot have is put in their place: targets and
 * addresses, and durations, all of which are divided by the same number. An alert that takes five minutes in a cluster
 * takes five seconds with a `speed` of 60, and is the same alert.
 */
import { Effect, type Scope } from "effect"
import { chmodSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isMap, isScalar, isSeq, parse, parseDocument, visit } from "yaml"
import { eventually, getJson } from "./Programs.ts"
import { type OwnServer, ownServer } from "./Servers.ts"

export const manifests = join(import.meta.dirname, "../../manifests")
const read = (path: string) => readFileSync(join(manifests, path), "utf8")

const millisOf = new Map([["s", 1_000], ["m", 60_000], ["h", 3_600_000], ["d", 86_400_000]])
/** Scrapes closer together than this are of no use, and a program would do little else. */
const leastIntervalMillis = 500
/** A range has to hold several scrapes. */
const leastRangeMillis = 3_000

/** `5m` as `5000ms`, at a speed of 60. */
const quicker = (duration: string, speed: number, leastMillis: number): string => {
  const [, count = "", unit = ""] = /^(\d+)([smhd])$/u.exec(duration) ?? []
  const millis = Number(count) * (millisOf.get(unit) ?? Number.NaN)
  if (Number.isNaN(millis)) throw new Error(`${duration} is no duration`)
  return millis === 0 ? "0s" : `${Math.max(leastMillis, Math.round(millis / speed))}ms`
}

/** The same rules in a quicker time: ranges and the `for` of alerts. */
export const quickerRules = (text: string, speed: number): string =>
  text
    .replaceAll(/\[(\d+[smhd])\]/gu, (_, range: string) => `[${quicker(range, speed, leastRangeMillis)}]`)
    .replaceAll(/^(\s+for: )(\d+[smhd])$/gmu, (_, key: string, time: string) => `${key}${quicker(time, speed, 1)}`)

const intervals = /^(?:scrape_interval|scrape_timeout|evaluation_interval|group_wait|group_interval|repeat_interval)$/u

/** A configuration whose intervals are quicker, to be changed further. */
const quickerDocument = (path: string, speed: number) => {
  const document = parseDocument(read(path))
  visit(document, {
    Pair: (_, { key, value }) => {
      if (!isScalar(key) || !intervals.test(String(key.value)) || !isScalar(value)) return
      value.value = quicker(String(value.value), speed, leastIntervalMillis)
    }
  })
  return document
}

/** Jobs by name, each with where its instances are. Jobs without an address are left out. */
export type Targets = Readonly<Record<string, ReadonlyArray<string>>>

const prometheusConfig = (targets: Targets, alertmanager: string, speed: number): string => {
  const document = quickerDocument("prometheus/prometheus.yml", speed)
  const jobs = document.get("scrape_configs")
  if (!isSeq(jobs)) throw new Error("prometheus.yml has no scrape_configs")
  jobs.items = jobs.items.filter((job) => {
    if (!isMap(job)) return false
    const addresses = targets[String(job.get("job_name"))] ?? []
    job.delete("dns_sd_configs")
    job.set("static_configs", document.createNode([{ targets: addresses }]))
    return addresses.length > 0
  })
  document.setIn(
    ["alerting", "alertmanagers"],
    document.createNode([{ static_configs: [{ targets: [alertmanager] }] }])
  )
  return document.toString()
}

const alertmanagerConfig = (readModelUrl: string, tokenFile: string, speed: number): string =>
  quickerDocument("alertmanager/alertmanager.yml", speed).toString()
    .replace("http://read-model:8080", readModelUrl)
    .replace("/etc/alertmanager/secrets/webhook-token", tokenFile)

const reload = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/-/reload`, { method: "POST" })
    if (!response.ok) throw new Error(`${url} refuses its configuration: ${await response.text()}`)
  })

export const addressOf = (url: string): string => new URL(url).host

export interface Monitoring {
  readonly prometheus: OwnServer
  readonly alertmanager: OwnServer
  /** Values that the expression has now, each with its labels. */
  readonly ask: (expression: string) => Promise<ReadonlyArray<Sample>>
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

interface QueryAnswer {
  readonly data: { readonly result: ReadonlyArray<{ metric: Sample["metric"]; value: readonly [number, string] }> }
}

/** The values that an expression has at this moment. */
export const askPrometheus = async (url: string, expression: string): Promise<ReadonlyArray<Sample>> => {
  const { data } = await getJson<QueryAnswer>(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)
  return data.result.map(({ metric, value: [, text] }) => ({ metric, value: Number(text) }))
}

/** Runs until the scope ends; scrapes as soon as this is done. */
export const monitoring = (options: {
  readonly targets: Targets
  readonly readModelUrl: string
  readonly webhookToken: string
  readonly speed: number
}): Effect.Effect<Monitoring, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { readModelUrl, speed, targets, webhookToken } = options
    const [prometheus, alertmanager] = yield* Effect.all([ownServer("prometheus"), ownServer("alertmanager")], {
      concurrency: "unbounded"
    })
    const tokenFile = join(alertmanager.directory, "webhook-token")
    writeFileSync(tokenFile, webhookToken)
    chmodSync(tokenFile, 0o600)
    writeFileSync(
      join(alertmanager.directory, "alertmanager.yml"),
      alertmanagerConfig(readModelUrl, tokenFile, speed)
    )
    mkdirSync(join(prometheus.directory, "rules"))
    for (const path of globSync("prometheus/rules/*.yml", { cwd: manifests })) {
      writeFileSync(join(prometheus.directory, path.replace("prometheus/", "")), quickerRules(read(path), speed))
    }
    writeFileSync(
      join(prometheus.directory, "prometheus.yml"),
      prometheusConfig(targets, addressOf(alertmanager.url), speed)
    )
    yield* Effect.forEach([alertmanager.url, prometheus.url], reload)
    yield* eventually(
      "everything is scraped",
      () => askPrometheus(prometheus.url, "sum(up)"),
      ([sum]) => (sum?.value ?? 0) >= Object.values(targets).flat().length
    )
    return { prometheus, alertmanager, ask: (expression: string) => askPrometheus(prometheus.url, expression) }
  }).pipe(Effect.orDie)

export interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}
export interface RuleGroup {
  readonly name: string
  readonly rules: ReadonlyArray<Rule>
}

/** A file of rules; that it is one is what promtool checks. */
export const groupsOf = (path: string): ReadonlyArray<RuleGroup> => {
  const { groups }: { readonly groups: ReadonlyArray<RuleGroup> } = parse(read(path))
  return groups
}
export const rulesOf = (path: string): ReadonlyArray<Rule> => groupsOf(path).flatMap(({ rules }) => rules)
