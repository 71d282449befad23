/**
 * The job types that workers registered, as the gateway needs them: defaults and payload checks, compiled once.
 *
 * A type that is not known here is looked up in the store before it is refused, so that a worker's new type is usable
 * from the moment at which it is registered.
 */
import type { JobTypeDescription } from "#domain/JobType.ts"
import { Clock, Context, Effect, Layer, Result, Schedule, Semaphore, Stream } from "effect"
import { type PayloadCheck, PayloadSchemas } from "../ports/PayloadSchemas.ts"
import { Signals } from "../ports/Signals.ts"
import type { StoreError } from "../ports/StoreError.ts"
import { WorkerStore } from "../ports/WorkerStore.ts"

export interface KnownType {
  readonly description: JobTypeDescription
  readonly check: PayloadCheck
}

/** Lookups of unknown names ask the store at most this often. */
const missLookupMillis = 250
/** Changed descriptions are taken over at the latest after this time; a signal does it at once. */
const refreshInterval = "5 seconds"

export class JobTypes extends Context.Service<JobTypes, {
  /** Undefined: no worker ever registered it. */
  readonly find: (name: string) => Effect.Effect<KnownType | undefined, StoreError>
}>()("odto/services/JobTypes") {
  static readonly layer = Layer.effect(
    JobTypes,
    Effect.gen(function*() {
      const workers = yield* WorkerStore
      const schemas = yield* PayloadSchemas
      const signals = yield* Signals
      const one = yield* Semaphore.make(1)
      const known = new Map<string, { readonly spelling: string; readonly type: KnownType }>()
      let readAtMillis = Number.NEGATIVE_INFINITY

      const checkOf = (description: JobTypeDescription): PayloadCheck =>
        Result.match(schemas.compile(description.payloadSchema), {
          onSuccess: (check) => check,
          onFailure: (message) => () => [{ path: "", message: `the registered payload schema is invalid: ${message}` }]
        })

      const refresh = Semaphore.withPermit(
        one,
        Effect.gen(function*() {
          for (const description of yield* workers.types) {
            const spelling = JSON.stringify(description)
            if (known.get(description.name)?.spelling === spelling) continue
            known.set(description.name, { spelling, type: { description, check: checkOf(description) } })
          }
          readAtMillis = yield* Clock.currentTimeMillis
        })
      )

      yield* signals.stream.pipe(
        Stream.filter((signal) => signal === "types"),
        Stream.runForEach(() => Effect.ignore(refresh)),
        Effect.forkScoped
      )
      yield* Effect.ignore(refresh).pipe(Effect.repeat(Schedule.spaced(refreshInterval)), Effect.forkScoped)

      return JobTypes.of({
        find: Effect.fnUntraced(function*(name) {
          const found = known.get(name)
          if (found !== undefined) return found.type
          if ((yield* Clock.currentTimeMillis) - readAtMillis >= missLookupMillis) yield* refresh
          return known.get(name)?.type
        })
      })
    })
  )
}
