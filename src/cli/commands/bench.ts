/** `bench`: measures the system that is configured, embedded or not. */
import { JobTypeName, maxBatchJobs, QueueName } from "#domain/Job.ts"
import { Effect, Runtime, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { spawnSync } from "node:child_process"
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os"
import { addresses } from "../api.ts"
import type { Fate, Quantiles } from "../bench/figures.ts"
import { idle, openLoop, type Run, throughput } from "../bench/runs.ts"
import { exitCodes } from "../exitCodes.ts"
import { packageRoot } from "../home.ts"
import * as Output from "../Output.ts"
import { version } from "../version.ts"

/** Jobs were lost, or ran more than once without a reason. */
class NotWhole extends Schema.TaggedError<NotWhole>()("NotWhole", { lost: Schema.Int, repeated: Schema.Int }) {
  override readonly [Runtime.errorExitCode] = exitCodes.failure
  override get message() {
    return `${this.lost} jobs lost, ${this.repeated} ran more than once`
  }
}

/** Where the figures come from: without it they mean nothing. */
const machine = Effect.gen(function*() {
  const { status, stdout } = spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: packageRoot, encoding: "utf8" })
  return {
    at: new Date().toISOString(),
    version,
    commit: status === 0 ? stdout.trim() : null,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    ...(yield* addresses)
  }
})

const fate = ({ accepted, completed, lost, repeated, submitted }: Fate): string =>
  `${submitted} submitted, ${accepted} accepted, ${completed} completed, ${lost} lost, ${repeated} ran twice`
const spread = ({ max, p50, p95, p99 }: Quantiles): ReadonlyArray<string> => [`${p50}`, `${p95}`, `${p99}`, `${max}`]
const head = ["MILLISECONDS", "p50", "p95", "p99", "MAX"]

const show = (run: Run): ReadonlyArray<string> => {
  switch (run.kind) {
    case "throughput":
      return [
        Output.style.bold("Throughput"),
        `  accepted ${run.acceptedPerSecond}/s, completed ${run.completedPerSecond}/s`,
        `  ${fate(run.fate)}`
      ]
    case "open-loop":
      return [
        Output.style.bold(
          `Open loop, ${run.perSecond}/s for ${run.seconds} s after ${run.warmUpSeconds} s of warm-up, from the intended submission`
        ),
        ...Output.table(head, [["answered", ...spread(run.answered)], ["completed", ...spread(run.completed)]])
          .map((line) => `  ${line}`),
        `  ${fate(run.fate)}`
      ]
    case "idle":
      return [
        Output.style.bold("One job at a time"),
        ...Output.table(head, [
          ["answered", ...spread(run.answered)],
          ["committed to claimed", ...spread(run.pickUp)],
          ["committed to completed", ...spread(run.completed)]
        ]).map((line) => `  ${line}`),
        `  ${fate(run.fate)}`
      ]
  }
}

const count = (name: string, what: string, fallback: number, maximum: number) =>
  Flag.Int(name).pipe(
    Flag.withDescription(`${what}. Default: ${fallback}`),
    Flag.filter((value) => value >= 0 && value <= maximum, () => `must be 0 to ${maximum}`),
    Flag.withDefault(fallback)
  )

export const bench = Command.make("bench", {
  jobs: count("jobs", "Jobs of the throughput run, 0 for none", 10_000, 1_000_000),
  batch: count("batch", "Jobs in one request of the throughput run", 1_000, maxBatchJobs),
  rate: count("rate", "Arrivals per second of the open loop, 0 for none", 500, 20_000),
  seconds: count("seconds", "Length of the open loop", 20, 3_600),
  warmUp: count("warm-up", "Seconds of the open loop before its latencies count", 5, 600),
  idle: count("idle", "Jobs submitted one at a time, 0 for none", 50, 10_000),
  type: Flag.String("type").pipe(
    Flag.withDescription("Job type. Default: demo.noop"),
    Flag.withSchema(JobTypeName),
    Flag.withDefault(JobTypeName.make("demo.noop"))
  ),
  queue: Flag.String("queue").pipe(
    Flag.withDescription("Queue. Default: default"),
    Flag.withSchema(QueueName),
    Flag.withDefault(QueueName.make("default"))
  )
}, (flags) =>
  Effect.gen(function*() {
    const target = { type: flags.type, queue: flags.queue }
    const where = yield* machine
    const runs: Array<Run> = []
    if (flags.idle > 0) {
      yield* Output.note(`one job at a time: ${flags.idle} jobs`)
      runs.push(yield* idle(target, flags.idle))
    }
    if (flags.rate > 0 && flags.seconds > 0) {
      yield* Output.note(`open loop: ${flags.rate} jobs a second for ${flags.seconds} s`)
      runs.push(yield* openLoop(target, { perSecond: flags.rate, seconds: flags.seconds, warmUpSeconds: flags.warmUp }))
    }
    if (flags.jobs > 0) {
      yield* Output.note(`throughput: ${flags.jobs} jobs in batches of ${Math.max(1, flags.batch)}`)
      runs.push(yield* throughput(target, flags.jobs, Math.max(1, flags.batch)))
    }
    yield* Output.print({ ...where, runs }, () => [
      `${where.at}  version ${where.version}${where.commit === null ? "" : ` (${where.commit})`}, Node ${where.node}`,
      `${where.cores} cores of ${where.processor}, ${where.memoryGiB} GiB, ${where.system}`,
      `gateway ${where.gatewayUrl}, read model ${where.readModelUrl}`,
      "",
      ...runs.flatMap(show)
    ])
    const lost = runs.reduce((sum, run) => sum + run.fate.lost, 0)
    const repeated = runs.reduce((sum, run) => sum + run.fate.repeated, 0)
    if (lost + repeated > 0) return yield* new NotWhole({ lost, repeated })
  })).pipe(
    Command.withDescription(
      "Measure the system: throughput, latency under a steady load, latency when idle, losses and repetitions"
    ),
    Command.withExamples([
      { command: "odd-dashboard bench", description: "All three, in about a minute" },
      {
        command: "odd-dashboard bench --jobs 0 --idle 0 --rate 1000 --seconds 60 --json",
        description: "Open loop alone"
      }
    ])
  )
