/**
 * Keeps a worker's lease alive and hears what the store has to say to it.
 *
 * On real servers a thread with a connection of its own beats, so that a busy main loop does not lose the lease.
 */
import { heartbeatMillis, leaseMillis, type WorkerId } from "#domain/Worker.ts"
import { Context, Effect, Layer, type Scope, Stream } from "effect"
import type { Heartbeat } from "./WorkerStore.ts"
import { WorkerStore } from "./WorkerStore.ts"

export class Heartbeats extends Context.Service<Heartbeats, {
  /**
   * Beats until the scope closes. Elements are the store's answers; a beat that did not get through is no element. The
   * stream ends after an answer that is not live.
   */
  readonly beat: (worker: WorkerId) => Stream.Stream<Heartbeat, never, Scope.Scope>
}>()("odto/services/Heartbeats") {
  /** From the main loop, over the store's own connection: the embedded system and tests. */
  static readonly layerInline = Layer.effect(
    Heartbeats,
    Effect.gen(function*() {
      const workers = yield* WorkerStore
      return Heartbeats.of({
        beat: (worker) =>
          Stream.fromEffectRepeat(
            Effect.sleep(heartbeatMillis).pipe(
              Effect.andThen(workers.heartbeat(worker)),
              Effect.timeout(leaseMillis),
              Effect.catch((error) =>
                Effect.as(Effect.logWarning("a heartbeat did not get through", { error: error._tag }), undefined)
              )
            )
          ).pipe(
            Stream.filter((beat) => beat !== undefined),
            Stream.takeUntil((beat) => !beat.live)
          )
      })
    })
  )
}
