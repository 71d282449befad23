/** Collects the pieces that PGlite writes, which are views of its memory, into few buffers that can be moved. */

/** Nearly every answer fits, and what is larger goes on its way while the rest is still being written. */
const pieceBytes = 64 * 1024

export class Answer {
  readonly #send: (bytes: Uint8Array<ArrayBuffer>) => void
  #piece = new Uint8Array(pieceBytes)
  #used = 0

  constructor(send: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#send = send
  }

  readonly write = (bytes: Uint8Array): void => {
    if (this.#used + bytes.length > pieceBytes) this.flush()
    if (bytes.length > pieceBytes) return this.#send(bytes.slice())
    this.#piece.set(bytes, this.#used)
    this.#used += bytes.length
  }

  /** The message of the first error that has not been sent yet. */
  get pendingError(): string | undefined {
    return /\0M([^\0]+)\0/.exec(Buffer.from(this.#piece.subarray(0, this.#used)).toString())?.[1]
  }

  flush(): void {
    if (this.#used === 0) return
    this.#send(this.#piece.slice(0, this.#used))
    this.#used = 0
  }
}
