import { followEvents } from "#cli/dashboard/live/followEvents.ts"
import type { Message } from "#cli/dashboard/view-model/Message.ts"
import { ConnectionLost, ObservatoryProblem } from "#client/Problem.ts"
import type { Call, Transport } from "#client/Transport.ts"
import type { CloudEvent } from "#domain/JobEvent.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { afterEach, beforeEach, vi } from "vitest"
import { eventOf } from "../../../support/dashboard/Given.ts"

beforeEach(() => void vi.useFakeTimers({ shouldAdvanceTime: false }))
afterEach(() => void vi.useRealTimers())

interface Connection {
  readonly call: Call
  readonly write: (text: string) => void
  readonly isCancelled: () => boolean
}

/** A server of which the test has the other end of every connection. */
const server = () => {
  const connections: Array<Connection> = []
  const transport: Transport = {
    open: async (call) => {
      let isCancelled = false
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          // As the body of fetch does.
          call.signal?.addEventListener("abort", () => isCancelled || controller.error(call.signal?.reason))
          connections.push({
            call,
            write: (text) => controller.enqueue(new TextEncoder().encode(text)),
            isCancelled: () => isCancelled
          })
        },
        cancel: () => {
          isCancelled = true
        }
      })
      return new Response(body)
    },
    send: () => Promise.reject(new Error("nothing is sent"))
  }
  return { connections, transport }
}

const item = (event: CloudEvent, id: string) => `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`

describe("The stream of events", () => {
  it("that falls silent is said to be lost, let go of, and followed again from where it was", async () => {
    const { connections, transport } = server()
    const messages: Array<Message> = []
    const following = Effect.runFork(followEvents({
      transport,
      send: (message) => void messages.push(message),
      onEvents: () => {},
      onGap: () => {}
    }))
    const states = () => messages.flatMap((message) => message._tag === "Linked" ? [message.state] : [])
    await vi.advanceTimersByTimeAsync(10)
    connections[0]?.write(item(eventOf(1, "created"), "p1"))
    await vi.advanceTimersByTimeAsync(40_000)
    connections[0]?.write(": heartbeat\n\n")
    await vi.advanceTimersByTimeAsync(40_000)
    const beating = [...states()]
    await vi.advanceTimersByTimeAsync(10_000)
    const [first, second] = connections
    await Effect.runPromise(Fiber.interrupt(following))

    assert.deepStrictEqual(beating, ["live"])
    assert.deepStrictEqual(states(), ["live", "lost", "live"])
    assert.isTrue(first?.isCancelled())
    assert.strictEqual(second?.call.headers?.["last-event-id"], "p1")
    assert.isTrue(messages.some((message) => message._tag === "Happened" && message.events.length === 1))
    assert.strictEqual(vi.getTimerCount(), 0)
  })

  it("that is not given is told from one that is lost, with the cause", async () => {
    const linked = async (trouble: Error) => {
      const messages: Array<Message> = []
      const following = Effect.runFork(followEvents({
        transport: { open: () => Promise.reject(trouble), send: () => Promise.reject(trouble) },
        send: (message) => void messages.push(message),
        onEvents: () => {},
        onGap: () => {}
      }))
      await vi.advanceTimersByTimeAsync(1)
      await Effect.runPromise(Fiber.interrupt(following))
      return messages[0]?._tag === "Linked" ? [messages[0].state, messages[0].detail] : []
    }
    const problem = (status: number) => new ObservatoryProblem(status, { title: "No", detail: `answered ${status}` })

    assert.deepStrictEqual(await linked(problem(401)), ["denied", "answered 401"])
    assert.deepStrictEqual(await linked(problem(404)), ["refused", "answered 404"])
    assert.deepStrictEqual(await linked(problem(503)), ["lost", "No: answered 503"])
    assert.strictEqual((await linked(new ConnectionLost("http://x", undefined)))[0], "lost")
  })

  it("is taken in frame by frame; what comes faster than that is counted as dropped, the oldest first", async () => {
    const { connections, transport } = server()
    const messages: Array<Message> = []
    const following = Effect.runFork(followEvents({
      transport,
      send: (message) => void messages.push(message),
      onEvents: () => {},
      onGap: () => {}
    }))
    await vi.advanceTimersByTimeAsync(1)
    connections[0]?.write(Array.from({ length: 5_003 }, (_, n) => item(eventOf(n + 1, "created"), `p${n}`)).join(""))
    await vi.advanceTimersByTimeAsync(100)
    await Effect.runPromise(Fiber.interrupt(following))
    const happened = messages.flatMap((message) => message._tag === "Happened" ? [message] : [])

    assert.strictEqual(happened.reduce((sum, { dropped, events }) => sum + dropped + events.length, 0), 5_003)
    assert.isAbove(happened.reduce((sum, { dropped }) => sum + dropped, 0), 0)
    assert.strictEqual(happened.at(-1)?.events.at(-1)?.subject, eventOf(5_003, "created").subject)
  })
})
