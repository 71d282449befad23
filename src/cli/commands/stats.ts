/** `stats` and `types`: the system in numbers, each with its source and age. */
import type { Stats } from "#domain/contract/ReadModelViews.ts"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { readModel } from "../api.ts"
import * as Output from "../Output.ts"

/** A section that is down says so instead of showing zeros. */
const section = <A extends { readonly status: "ok" }>(
  title: string,
  of: A | { readonly status: "down"; readonly source: string; readonly detail: string },
  say: (section: A) => ReadonlyArray<string>
): ReadonlyArray<string> => [
  Output.style.bold(title),
  ...(of.status === "down"
    ? [Output.style.red(`  down: ${of.source}: ${Output.safe(of.detail)}`)]
    : say(of).map((text) => `  ${text}`))
]

/** The upper bound of a histogram bucket. */
const millis = (value: number | null): string => value === null ? "-" : `≤ ${Output.duration(value)}`

const show = (stats: Stats): ReadonlyArray<string> => [
  ...section("Jobs", stats.jobs, ({ accepted, counts, freshness, pruned }) => [
    `accepted ${accepted}   completed ${counts.completed}   dead ${counts.dead}   cancelled ${counts.cancelled}   pruned ${pruned}`,
    `running ${counts.running}   queued ${counts.queued}   scheduled ${counts.scheduled}   retrying ${counts.retrying}`,
    Output.freshness(freshness)
  ]),
  ...section("Workers", stats.workers, ({ freshness, live, running, slots }) => [
    `live ${live}   slots ${slots}   running ${running}`,
    Output.freshness(freshness)
  ]),
  ...section("Events", stats.relay, ({ freshness, lagMillis, relayed }) => [
    `relayed up to ${relayed}, ${Output.duration(lagMillis)} behind`,
    Output.freshness(freshness)
  ]),
  ...section("Latencies", stats.latencies, ({ freshness, rebuilding, types }) => [
    ...Output.table(
      ["TYPE", "RUNS", "WAIT p50", "p95", "p99", "RUN p50", "p95", "p99"],
      types.map(({ run, type, wait }) => [
        type,
        `${run.count}`,
        millis(wait.p50Millis),
        millis(wait.p95Millis),
        millis(wait.p99Millis),
        millis(run.p50Millis),
        millis(run.p95Millis),
        millis(run.p99Millis)
      ])
    ),
    ...(rebuilding ? [Output.style.yellow("rebuilding from the archive")] : []),
    Output.freshness(freshness)
  ]),
  ...section("Broker", stats.broker, ({ connected, freshness }) => [
    connected ? "connected" : Output.style.red("not connected"),
    Output.freshness(freshness)
  ])
]

export const stats = Command.make("stats", {}, () =>
  Effect.gen(function*() {
    const api = yield* readModel
    yield* Output.print(yield* api.system.stats(), show)
  })).pipe(
    Command.withDescription("Totals, workers, latencies and lags"),
    Command.withExamples([{ command: "odd-dashboard stats --json", description: "For scripts" }])
  )

export const types = Command.make("types", {}, () =>
  Effect.gen(function*() {
    const api = yield* readModel
    yield* Output.print(yield* api.system.types(), (answer) => [
      ...Output.table(
        ["TYPE", "WORKERS", "ATTEMPTS", "TIMEOUT", "DESCRIPTION"],
        answer.types.map((type) => [
          type.name,
          type.liveWorkers === 0 ? Output.style.yellow("none") : `${type.liveWorkers}`,
          `${type.maxAttempts}`,
          Output.duration(type.timeoutMillis),
          Output.safe(type.description ?? "")
        ])
      ),
      Output.freshness(answer.freshness)
    ])
  })).pipe(
    Command.withDescription("Job types that workers registered; --json shows their schemas"),
    Command.withExamples([{ command: "odd-dashboard types", description: "What can be submitted, and who runs it" }])
  )
