/**
 * Sessions with the thread of PGlite as byte streams, which is what the client of PostgreSQL speaks through.
 *
 * Nothing here limits what is under way: the client has at most 128 statements on the wire, and an answer has to be
 * taken as a whole, because PGlite gives all of it before it does anything else.
 */
import { Duplex } from "node:stream"
import type { FromThread, ToThread } from "./messages.ts"

type Send = (message: ToThread, moved?: ReadonlyArray<ArrayBuffer>) => void

export class Sessions {
  readonly #send: Send
  readonly #open = new Map<number, Session>()
  #latest = 0
  #failure: Error | undefined

  constructor(send: Send) {
    this.#send = send
  }

  /** A new session. The thread lets it wait while another one is open. */
  readonly open = (): Duplex => {
    const number = ++this.#latest
    const session = new Session(number, this.#send, () => this.#open.delete(number))
    this.#open.set(number, session)
    if (this.#failure !== undefined) session.destroy(this.#failure)
    return session
  }

  readonly receive = (message: Extract<FromThread, { readonly session: number }>): void => {
    const session = this.#open.get(message.session)
    if (message.kind === "bytes") session?.push(message.bytes)
    else session?.destroy()
  }

  /** Breaks all sessions, those to come included. */
  readonly fail = (failure: Error): void => {
    this.#failure ??= failure
    for (const session of this.#open.values()) session.destroy(this.#failure)
  }
}

class Session extends Duplex {
  readonly #number: number
  readonly #send: Send
  readonly #closed: () => void

  constructor(number: number, send: Send, closed: () => void) {
    super({ allowHalfOpen: false })
    this.#number = number
    this.#send = send
    this.#closed = closed
  }

  override _read() {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void) {
    const bytes = new Uint8Array(chunk)
    this.#send({ kind: "bytes", session: this.#number, bytes }, [bytes.buffer])
    done()
  }

  override _final(done: () => void) {
    done()
    this.destroy()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void) {
    this.#closed()
    this.#send({ kind: "end", session: this.#number })
    done(error)
  }
}
