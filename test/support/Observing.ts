/** What people and machines see of the programs from outside: metrics, the event stream, calls of `http.request`. */
import { Effect, type Scope } from "effect"
import { createServer } from "node:http"

/** Sum of all series of a metric that have these labels. */
export const metricOf = async (
  programUrl: string,
  name: string,
  labels: Readonly<Record<string, string>> = {}
): Promise<number> => {
  const text = await (await fetch(`${programUrl}/metrics`)).text()
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return text.split("\n").reduce((sum, line) => {
    const [, found, series = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/u.exec(line) ?? []
    return found === name && wanted.every((label) => series.includes(label)) ? sum + Number(value) : sum
  }, 0)
}

export interface StreamedEvent {
  readonly id: string | undefined
  readonly event: string
  readonly data: { readonly subject: string; readonly type: string; readonly sequence?: number }
}

/** Server-sent events from a position on, or from now on, until `isLast`. `open` hears when the stream is there. */
export const readStream = async (
  url: string,
  isLast: (events: ReadonlyArray<StreamedEvent>) => boolean,
  options: { readonly lastEventId?: string; readonly open?: () => void } = {}
): Promise<ReadonlyArray<StreamedEvent>> => {
  const response = await fetch(
    url,
    options.lastEventId === undefined ? {} : { headers: { "last-event-id": options.lastEventId } }
  )
  if (response.body === null) throw new Error(`${url}: ${response.status}`)
  options.open?.()
  const events: Array<StreamedEvent> = []
  let rest = ""
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n")
    rest = blocks.pop() ?? ""
    for (const block of blocks) {
      const fields = new Map(
        block.split("\n").map((line): [string, string] => {
          const at = line.indexOf(": ")
          return [line.slice(0, at), line.slice(at + 2)]
        })
      )
      const [event, data] = [fields.get("event"), fields.get("data")]
      if (event !== undefined && data !== undefined) {
        events.push({ id: fields.get("id"), event, data: JSON.parse(data) })
      }
    }
    if (isLast(events)) return events
  }
  throw new Error(`${url}: the stream ended after ${events.length} events`)
}

/** Somewhere for `http.request` to go: answers 200 and keeps what it was sent. */
export const httpTarget: Effect.Effect<
  { readonly url: string; readonly received: () => ReadonlyArray<string> },
  never,
  Scope.Scope
> = Effect.gen(function*() {
  const received: Array<string> = []
  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const listening = createServer((request, response) => {
        let body = ""
        request.on("data", (chunk: Buffer) => {
          body += chunk.toString("utf8")
        })
        request.on("end", () => {
          received.push(body)
          response.end("thank you")
        })
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
    }),
    (listening) => Effect.sync(() => listening.close())
  )
  const address = server.address()
  const port = address !== null && typeof address === "object" ? address.port : 0
  return { url: `http://127.0.0.1:${port}/`, received: () => received }
})
