/**
 * The live stream as an async iterable that outlives its connections.
 *
 * After a break it goes on from the last position seen. Inside a group of events that were committed together there is no
 * position, so a break there repeats the group: events that were handed out already are left out by their ids.
 */
import type { JobEvent, ResetItem, StreamItem } from "./Answers.ts"
import { isPassing } from "./Problem.ts"
import { pause, type Query, type Transport } from "./Transport.ts"

export interface Following {
  readonly query: Query
  readonly signal: AbortSignal | undefined
  /** The position to go on from. Default: events from now on. */
  readonly lastEventId: string | undefined
}

/** Between two connections: short for a restart, at most this long for an outage. */
const firstPauseMillis = 200
const longestPauseMillis = 5_000

interface Message {
  readonly id: string | undefined
  readonly event: string
  readonly data: string
}

const parseBlock = (block: string): Message => {
  const fields = new Map<string, Array<string>>()
  for (const line of block.split("\n")) {
    const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/u.exec(line) ?? []
    fields.set(name, [...fields.get(name) ?? [], value])
  }
  return {
    id: fields.get("id")?.at(-1),
    event: fields.get("event")?.at(-1) ?? "message",
    data: fields.get("data")?.join("\n") ?? ""
  }
}

/** Messages of one connection, until it ends or breaks. Our server ends lines by a line feed alone. */
async function* messages(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  let rest = ""
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n")
    rest = blocks.pop() ?? ""
    yield* blocks.map(parseBlock)
  }
}

const itemOf = ({ data, event, id }: Message): StreamItem => {
  if (event === "reset") {
    const said: Omit<ResetItem, "kind" | "id"> = JSON.parse(data)
    return { kind: "reset", id, ...said }
  }
  const said: JobEvent = JSON.parse(data)
  return { kind: "event", id, event: said }
}

const isOver = (signal: AbortSignal | undefined): boolean => signal?.aborted === true

/** Ends when the signal aborts. Fails with `ObservatoryProblem` when the system refuses for good. */
export async function* follow(to: Transport, { lastEventId, query, signal }: Following): AsyncGenerator<StreamItem> {
  let last = lastEventId
  /** Events since the last position: what a new connection would repeat. At most one group of 500. */
  let sinceLast = new Set<string>()
  let failures = 0
  while (!isOver(signal)) {
    try {
      const response = await to.open({
        path: "/stream",
        query,
        headers: { accept: "text/event-stream", ...(last === undefined ? {} : { "last-event-id": last }) },
        signal,
        repeatable: false
      })
      failures = 0
      for await (const message of messages(response.body ?? new ReadableStream())) {
        const item = message.data === "" ? undefined : itemOf(message)
        const isRepeated = item?.kind === "event" && sinceLast.has(item.event.id)
        if (item?.kind === "event") sinceLast.add(item.event.id)
        if (message.id !== undefined) {
          last = message.id
          sinceLast = new Set()
        }
        if (item !== undefined && !isRepeated) yield item
      }
    } catch (trouble) {
      if (isOver(signal)) return
      const isBroken = trouble instanceof TypeError // what fetch says of a body whose connection broke
      if (!isBroken && !isPassing(trouble)) throw trouble
    }
    await pause(Math.min(longestPauseMillis, firstPauseMillis * 2 ** failures), signal).catch(() => undefined)
    failures += 1
  }
}
