/**
 * The job types that workers registered, as the gateway needs them: defaults and payload checks, compiled once.
 *
 * A type that is not known here is looked up in the store before it is refused, so that a worker's new type is usable
 * from the moment at which it is registered.
 */
import type { JobTypeDescription } from "#domain/JobType.ts"
import { Context, Effect, Layer, Result, Schedule, Semaphore, Stream } from "effect"
import { nowMillis } from "../Monotonic.ts"
import { type PayloadCheck, PayloadSchemas } from "../ports/PayloadSchemas.ts"
import { Signals } from "../ports/Signals.ts"
import type { StoreError } from "../ports/StoreError.ts"
import { WorkerStore } from "../ports/WorkerStore.ts"
import { keepGoing } from "../Supervised.ts"

export interface KnownType {
  readonly description: JobTypeDescription
  readonly check: PayloadCheck
}

/** The store is asked for unknown names this often at most; who asks sooner waits for the next time. */
const missLookupMillis = 250
/** Changed descriptions are taken over at the latest after this time; a signal does it at once. */
const refreshInterval = "5 seconds"

export class JobTypes extends Context.Service<JobTypes, {
  /** Those of the names that a worker has registered by now. */
  readonly find: (names: ReadonlySet<string>) => Effect.Effect<ReadonlyMap<string, KnownType>, StoreError>
}>()("odto/services/JobTypes") {
  static readonly layer = Layer.effect(
    JobTypes,
    Effect.gen(function*() {
      const workers = yield* WorkerStore
      const schemas = yield* PayloadSchemas
      const signals = yield* Signals
      const one = yield* Semaphore.make(1)
      const known = new Map<string, { readonly spelling: string; readonly type: KnownType }>()
      let readAt = Number.NEGATIVE_INFINITY
      /** Readings, counted as they begin; the number of the last one that succeeded. */
      let begun = 0
      let done = 0

      const checkOf = (description: JobTypeDescription): PayloadCheck =>
        Result.match(schemas.compile(description.payloadSchema), {
          onSuccess: (check) => check,
          onFailure: (message) => () => [{ path: "", message: `the registered payload schema is invalid: ${message}` }]
        })

      const read = Effect.gen(function*() {
        const number = ++begun
        readAt = yield* nowMillis
        for (const description of yield* workers.types) {
          const spelling = JSON.stringify(description)
          if (known.get(description.name)?.spelling === spelling) continue
          known.set(description.name, { spelling, type: { description, check: checkOf(description) } })
        }
        done = number
      })
      const refresh = Semaphore.withPermit(one, read)
      /** All who miss something share one reading; none that began before they asked will do. */
      const readAfter = (number: number) =>
        Semaphore.withPermit(
          one,
          Effect.gen(function*() {
            if (done > number) return
            const wait = readAt + missLookupMillis - (yield* nowMillis)
            if (wait > 0) yield* Effect.sleep(wait)
            yield* read
          })
        )

      yield* signals.stream.pipe(
        Stream.filter((signal) => signal === "types"),
        Stream.runForEach(() => Effect.ignore(refresh)),
        keepGoing("following job types")
      )
      yield* Effect.ignore(refresh).pipe(
        Effect.repeat(Schedule.spaced(refreshInterval)),
        keepGoing("refreshing job types")
      )

      return JobTypes.of({
        find: Effect.fnUntraced(function*(names) {
          const begunBefore = begun
          for (const name of names) {
            if (known.has(name)) continue
            yield* readAfter(begunBefore)
            break
          }
          const found = new Map<string, KnownType>()
          for (const name of names) {
            const entry = known.get(name)
            if (entry !== undefined) found.set(name, entry.type)
          }
          return found
        })
      })
    })
  )
}
