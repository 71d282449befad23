/** A web server of this machine that keeps what it was asked. Each has an origin of its own. */
import { Effect } from "effect"
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"

export interface Asked {
  readonly url: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export const localServer = (answer: (response: ServerResponse, asked: Asked) => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly origin: string; readonly asked: Array<Asked>; readonly close: () => void }>(
        (resume) => {
          const asked: Array<Asked> = []
          const listening = createServer((request, response) => {
            const chunks: Array<Buffer> = []
            request.on("data", (chunk: Buffer) => chunks.push(chunk))
            request.on("end", () => {
              const { headers, method = "", url = "" } = request
              const one = { url, method, headers, body: Buffer.concat(chunks).toString("utf8") }
              asked.push(one)
              answer(response, one)
            })
          })
          listening.listen(0, "127.0.0.1", () => {
            const address = listening.address()
            const port = typeof address === "object" && address !== null ? address.port : 0
            const close = () => {
              listening.close()
              listening.closeAllConnections()
            }
            resume(Effect.succeed({ origin: `http://127.0.0.1:${port}`, asked, close }))
          })
        }
      ),
      ({ close }) => Effect.sync(close)
    ),
    ({ asked, origin }) => ({ asked, origin })
  )
