/**
 * Cuts what a client of PostgreSQL sends into whole messages: PGlite ends when it gets half of one.
 *
 * A message is a type byte and a length that counts itself; the first one of a session has no type byte.
 */

const terminate = 0x58
const lengthBytes = 4

export class Frames {
  #rest = new Uint8Array(0)
  #typeBytes = 0

  /** All messages that are complete now, as one piece; empty when there is none. What follows "terminate" is dropped. */
  push(bytes: Uint8Array): Uint8Array {
    const all = this.#rest.length === 0 ? bytes : join(this.#rest, bytes)
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength)
    let end = 0
    while (end + this.#typeBytes + lengthBytes <= all.length) {
      if (this.#typeBytes === 1 && all[end] === terminate) {
        this.#rest = new Uint8Array(0)
        return all.subarray(0, end)
      }
      const next = end + this.#typeBytes + view.getUint32(end + this.#typeBytes)
      if (next > all.length) break
      this.#typeBytes = 1
      end = next
    }
    this.#rest = all.slice(end)
    return all.subarray(0, end)
  }
}

const join = (first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(first.length + second.length)
  joined.set(first)
  joined.set(second, first.length)
  return joined
}
