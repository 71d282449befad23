/** `status`: whether the system runs, where, and what it depends on. */
import type { Readiness } from "#domain/contract/OpsApi.ts"
import { Effect, Result } from "effect"
import { Command, Flag } from "effect/cli"
import { addresses, gateway, readModel } from "../api.ts"
import { failureOf } from "../failure.ts"
import { refuseForeign } from "../NotTogether.ts"
import * as Output from "../Output.ts"

const styles = { ready: Output.style.green, degraded: Output.style.yellow, "not-ready": Output.style.red } as const

const rows = ({ dependencies, program, status: state }: Readiness): ReadonlyArray<ReadonlyArray<string>> =>
  dependencies.map((dependency) => [
    Output.safe(program),
    styles[state](state),
    Output.safe(dependency.name),
    dependency.state === "up" ? Output.style.green("up") : Output.style.red("down"),
    Output.safe(dependency.detail ?? `${dependency.tookMillis} ms`)
  ])

/** A program that is not ready answers all the same, with what it lacks. */
const isReadiness = (error: object): error is Readiness => "dependencies" in error

const asked = <E extends object, R>(
  program: string,
  url: string,
  readyz: Effect.Effect<Readiness, E, R>
) =>
  Effect.map(Effect.result(readyz), (answer) => {
    if (Result.isSuccess(answer)) return { program, url, answers: true as const, readiness: answer.success }
    const error = answer.failure
    return isReadiness(error)
      ? { program, url, answers: true as const, readiness: error }
      : { program, url, answers: false as const, detail: failureOf(error).message, error }
  })

export const status = Command.make("status", {
  cluster: Flag.Boolean("cluster").pipe(
    Flag.withDescription("Of what runs in the kind cluster, as the cluster sees it"),
    Flag.withDefault(false)
  ),
  showCredentials: Flag.Boolean("show-credentials").pipe(
    Flag.withDescription("With --cluster: print its admin token and passwords"),
    Flag.withDefault(false)
  )
}, ({ cluster, showCredentials }) =>
  Effect.gen(function*() {
    yield* refuseForeign("status", cluster, { ofCluster: { "--show-credentials": showCredentials }, ofEmbedded: {} })
    if (cluster) {
      const { clusterStatus } = yield* Effect.promise(() => import("../cluster/clusterStatus.ts"))
      return yield* clusterStatus({ showCredentials })
    }
    const { gatewayUrl, readModelUrl } = yield* addresses
    const [write, read] = yield* Effect.all([
      asked("gateway", gatewayUrl, Effect.flatMap(gateway, (api) => api.ops.readyz())),
      asked("read model", readModelUrl, Effect.flatMap(readModel, (api) => api.ops.readyz()))
    ], { concurrency: 2 })
    if (!write.answers && !read.answers) return yield* Effect.fail(write.error)
    const programs = [write, read]
    yield* Output.print(
      {
        gatewayUrl,
        readModelUrl,
        programs: programs.map((each) =>
          each.answers
            ? each.readiness
            : { program: each.program, status: "down", detail: each.detail, dependencies: [] }
        )
      },
      () => [
        ...programs.map((each) =>
          `${each.program.padEnd(10)}  ${each.url}${each.answers ? "" : Output.style.red(`  down: ${each.detail}`)}`
        ),
        "",
        ...Output.table(
          ["PROGRAM", "STATE", "DEPENDENCY", "IS", "DETAIL"],
          programs.flatMap((each) => each.answers ? rows(each.readiness) : [])
        )
      ]
    )
  })).pipe(
    Command.withDescription("Whether the system runs, where, and what it depends on"),
    Command.withExamples([
      { command: "odd-dashboard status", description: "Exits 69 when nothing answers" },
      { command: "odd-dashboard status --cluster", description: "Each workload, and what is wrong with it" }
    ])
  )
