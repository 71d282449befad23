/**
 * The stream of events, taken into the store frame by frame.
 *
 * It goes on where it was after a break; what comes faster than it can be taken in is dropped from the oldest end and
 * counted.
 */
import { follow } from "#client/eventStream.ts"
import { isPassing, ObservatoryProblem } from "#client/Problem.ts"
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

/** Three times the pulse of the stream: what is silent for so long is a connection that nobody has closed. */
const silentMillis = 45_000

const isEvent = Schema.is(CloudEvent)

/** The body, which breaks when nothing comes for too long. */
const watched = (body: ReadableStream<Uint8Array>, onSilence: () => void): ReadableStream<Uint8Array> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const end = () => clearTimeout(timer)
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      start: (controller) => {
        timer = setTimeout(() => {
          onSilence()
          // As fetch says it of a connection that broke.
          controller.error(new TypeError("the stream is silent"))
        }, silentMillis)
      },
      transform: (chunk, controller) => {
        timer?.refresh()
        controller.enqueue(chunk)
      },
      flush: end,
      cancel: end
    })
  )
}

export interface Following {
  readonly transport: Transport
  readonly send: (message: Message) => void
  /** Called with the events that were taken in. */
  readonly onEvents: (events: ReadonlyArray<CloudEvent>) => void
  /** Events are missing: everything has to be read anew. */
  readonly onGap: () => void
}

/** No connection, or somebody at the other end who does not give us the stream. */
const linkAfter = (trouble: unknown): Pick<Extract<Message, { readonly _tag: "Linked" }>, "state" | "detail"> => {
  if (!(trouble instanceof ObservatoryProblem) || isPassing(trouble)) {
    return { state: "lost", detail: trouble instanceof Error ? trouble.message : String(trouble) }
  }
  const state = trouble.status === 401 || trouble.status === 403 ? "denied" : "refused"
  return { state, detail: trouble.detail ?? trouble.title }
}

/** Tells of every connection: `follow` itself only knows events. */
const observed = (transport: Transport, send: Following["send"]): Transport => {
  const lost = (detail: string) => send({ _tag: "Linked", state: "lost", detail, at: Date.now() })
  return {
    ...transport,
    open: async (call) => {
      try {
        const response = await transport.open(call)
        send({ _tag: "Linked", state: "live", at: Date.now() })
        return response.body === null
          ? response
          : new Response(watched(response.body, () => lost("nothing comes any more")), response)
      } catch (trouble) {
        if (call.signal?.aborted !== true) send({ _tag: "Linked", ...linkAfter(trouble), at: Date.now() })
        throw trouble
      }
    }
  }
}

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
