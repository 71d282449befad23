/**
 * The stream of events, taken into the store frame by frame.
 *
 * It goes on where it was after a break; what comes faster than it can be taken in is dropped from the oldest end and
 * counted.
 */
import { follow } from "#client/eventStream.ts"
import { type Transport } from "#client/Transport.ts"
import { CloudEvent } from "#domain/JobEvent.ts"
import { Effect, Schema } from "effect"
import type { Message } from "../view-model/Message.ts"

/** Events of one frame at most: more than a screen can tell of. */
const maxBatch = 5_000
/** One frame: what comes within it is shown together. */
const batchMillis = 16
/** After a refusal that another attempt may not change, such as a revoked token. */
const refusedPauseMillis = 5_000

const isEvent = Schema.is(CloudEvent)

export interface Following {
  readonly transport: Transport
  readonly send: (message: Message) => void
  /** Called with the events that were taken in. */
  readonly onEvents: (events: ReadonlyArray<CloudEvent>) => void
  /** Events are missing: everything has to be read anew. */
  readonly onGap: () => void
}

/** Tells of every connection: `follow` itself only knows events. */
const observed = (transport: Transport, send: Following["send"]): Transport => ({
  ...transport,
  open: async (call) => {
    try {
      const response = await transport.open(call)
      send({ _tag: "Linked", state: "live", at: Date.now() })
      return response
    } catch (trouble) {
      if (call.signal?.aborted !== true) {
        send({
          _tag: "Linked",
          state: "lost",
          detail: trouble instanceof Error ? trouble.message : String(trouble),
          at: Date.now()
        })
      }
      throw trouble
    }
  }
})

export const followEvents = ({ onEvents, onGap, send, transport }: Following): Effect.Effect<never> => {
  let last: string | undefined
  const once = Effect.callback<void>((resume) => {
    const abort = new AbortController()
    let waiting: Array<CloudEvent> = []
    let dropped = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const flush = () => {
      timer = undefined
      const events = waiting
      const lost = dropped
      waiting = []
      dropped = 0
      send({ _tag: "Happened", events, dropped: lost, at: Date.now() })
      onEvents(events)
    }
    const read = async () => {
      const items = follow(observed(transport, send), { query: {}, signal: abort.signal, lastEventId: last })
      for await (const item of items) {
        last = item.id ?? last
        if (item.kind === "reset") {
          send({ _tag: "Missed", at: Date.now() })
          onGap()
        } else if (isEvent(item.event)) {
          waiting.push(item.event)
          if (waiting.length > maxBatch) {
            waiting.shift()
            dropped += 1
          }
          timer ??= setTimeout(flush, batchMillis)
        }
      }
    }
    read().then(() => resume(Effect.void), () => resume(Effect.void))
    return Effect.sync(() => {
      clearTimeout(timer)
      abort.abort()
    })
  })
  return once.pipe(Effect.andThen(Effect.sleep(refusedPauseMillis)), Effect.forever)
}
