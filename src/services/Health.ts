/**
 * Whether the program can work: what it depends on, asked one by one.
 *
 * A dependency is required when the program is of no use without it; the loss of any other degrades it. Nothing here
 * stops the program: it says how things stand.
 */
import type { DependencyState, Readiness } from "#domain/contract/OpsApi.ts"
import { Clock, Context, Duration, Effect, Layer } from "effect"
import { Broker } from "./ports/Broker.ts"
import { EventArchive } from "./ports/EventArchive.ts"
import { JobQueries } from "./ports/JobQueries.ts"
import { LiveStats } from "./ports/LiveStats.ts"
import { Metrics } from "./ports/Metrics.ts"

export interface Dependency {
  readonly name: string
  readonly required: boolean
  /** Fails with what is wrong. */
  readonly check: Effect.Effect<void, { readonly message: string }>
}

/** A probe must answer before its caller gives up, which is after a second or more. */
const patience = Duration.millis(900)
/** However many probes come, dependencies are asked this often at most. */
const sharedFor = Duration.seconds(1)

/** The store of truth. Default: required. */
export const truth = (name: string, required = true) =>
  Effect.map(JobQueries, ({ ping }): Dependency => ({ name, required, check: ping }))
/** The event archive. Default: not required. */
export const archive = (required = false) =>
  Effect.map(EventArchive, ({ name, ping }): Dependency => ({ name, required, check: ping }))
/** The live numbers. Default: not required. */
export const live = (required = false) =>
  Effect.map(LiveStats, ({ freshness, name }): Dependency => ({ name, required, check: Effect.asVoid(freshness) }))
/** The broker. Default: not required. */
export const broker = (name: string, required = false) =>
  Effect.map(Broker, ({ health }): Dependency => ({
    name,
    required,
    check: Effect.flatMap(health, ({ connected, detail }) =>
      connected ? Effect.void : Effect.fail({ message: detail ?? "no connection" }))
  }))

export class Health extends Context.Service<Health, {
  readonly program: string
  readonly version: string
  readonly readiness: Effect.Effect<Readiness>
}>()("odto/services/Health") {
  /** `dependencies` in the order in which they are shown. */
  static readonly layer = <R>(options: {
    readonly program: string
    readonly version: string
    readonly dependencies: Effect.Effect<ReadonlyArray<Dependency>, never, R>
  }) =>
    Layer.effect(
      Health,
      Effect.gen(function*() {
        const metrics = yield* Metrics
        const dependencies = yield* options.dependencies

        const stateOf = Effect.fnUntraced(function*({ check, name, required }: Dependency) {
          const startedAt = yield* Clock.currentTimeMillis
          const trouble = yield* check.pipe(
            Effect.timeoutOrElse({
              duration: patience,
              orElse: () => Effect.fail({ message: `no answer within ${Duration.toMillis(patience)} ms` })
            }),
            Effect.match({ onFailure: ({ message }) => message, onSuccess: () => undefined })
          )
          metrics.set("odto_dependency_up", { dependency: name }, trouble === undefined ? 1 : 0)
          const state: DependencyState = {
            name,
            state: trouble === undefined ? "up" : "down",
            required,
            ...(trouble === undefined ? {} : { detail: trouble }),
            tookMillis: (yield* Clock.currentTimeMillis) - startedAt
          }
          return state
        })

        const readiness = yield* Effect.forEach(dependencies, stateOf, { concurrency: "unbounded" }).pipe(
          Effect.map((states): Readiness => ({
            status: states.some(({ required, state }) => required && state === "down")
              ? "not-ready"
              : states.some(({ state }) => state === "down")
              ? "degraded"
              : "ready",
            program: options.program,
            version: options.version,
            dependencies: states
          })),
          Effect.cachedWithTTL(sharedFor)
        )
        return Health.of({ program: options.program, version: options.version, readiness })
      })
    )
}
