/** Pausing and resuming queues over HTTP. */
import { CurrentActor } from "#domain/contract/Authorization.ts"
import { GatewayApi } from "#domain/contract/GatewayApi.ts"
import { Control } from "#services/gateway/Control.ts"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as Problems from "./Problems.ts"

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "queues",
  Effect.fn(function*(handlers) {
    const control = yield* Control
    return handlers.handleAll({
      pause: Effect.fnUntraced(function*({ params: { name } }) {
        const actor = yield* CurrentActor
        const { recalled } = yield* control.pause(name, actor).pipe(
          Effect.catchTags({
            QueueNotFound: (error) => Effect.fail(Problems.ofMissingQueue(error)),
            QueueInState: (error) => Effect.fail(Problems.ofQueueState(error)),
            StoreError: Problems.ofStore
          })
        )
        return { queue: name, paused: true as const, recalled }
      }),
      resume: Effect.fnUntraced(function*({ params: { name } }) {
        const actor = yield* CurrentActor
        yield* control.resume(name, actor).pipe(
          Effect.catchTags({
            QueueNotFound: (error) => Effect.fail(Problems.ofMissingQueue(error)),
            QueueInState: (error) => Effect.fail(Problems.ofQueueState(error)),
            StoreError: Problems.ofStore
          })
        )
        return { queue: name, paused: false as const }
      })
    })
  })
)
