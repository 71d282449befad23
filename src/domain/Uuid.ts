/**
 * UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, then randomness, so that ids sort by the time they were made.
 *
 * Ids of several hosts are ordered only as well as their clocks agree: good for locality in an index and for newest
 * first, never for resuming (that is `Position`).
 */

/** Bytes of randomness that one id needs. */
export const uuidRandomBytes = 10

/** The counter that orders ids of one millisecond has 18 bits; it starts in the lower half, so 131,072 ids always fit. */
const counterLimit = 2 ** 18
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))
const pair = (byte: number): string => hex[byte & 0xff] ?? "00"

/** The instants that 48 bits can say: until the year 10889. */
const clamped = (millis: number): number => Math.min(2 ** 48 - 1, Math.max(0, Math.trunc(millis)))

const spell = (millis: number, random: Uint8Array): string => {
  const byte = (index: number): number => random[index] ?? 0
  const high = Math.floor(millis / 2 ** 16)
  return pair(high >>> 24) + pair(high >>> 16) + pair(high >>> 8) + pair(high) +
    "-" + pair(Math.floor(millis / 2 ** 8)) + pair(millis) +
    "-" + pair(0x70 | byte(0) & 0x0f) + pair(byte(1)) +
    "-" + pair(0x80 | byte(2) & 0x3f) + pair(byte(3)) +
    "-" + pair(byte(4)) + pair(byte(5)) + pair(byte(6)) + pair(byte(7)) + pair(byte(8)) + pair(byte(9))
}

/**
 * The id of this instant with the first `uuidRandomBytes` of `random`. Zeros give the smallest id of the millisecond: the
 * bound of a range of ids by time.
 */
export const uuidV7 = (nowMillis: number, random: Uint8Array): string => spell(clamped(nowMillis), random)

/**
 * A source of ids that strictly increase, also within one millisecond and when the clock steps back; one per process.
 *
 * The 12 bits after the version and the 6 after the variant are a counter, drawn anew each millisecond and raised for
 * each further id (RFC 9562, section 6.2, method 1); when it is used up, ids go on in the next millisecond. The other 56
 * bits are random in every id. `random` answers that many random bytes; they are copied at once.
 */
export const makeUuidV7 = (random: (bytes: number) => Uint8Array): (nowMillis: number) => string => {
  let lastMillis = -1
  let counter = 0
  return (nowMillis) => {
    const bytes = Uint8Array.from(random(uuidRandomBytes))
    const millis = clamped(nowMillis)
    if (millis > lastMillis) {
      lastMillis = millis
      counter = ((bytes[0] ?? 0) << 16 | (bytes[1] ?? 0) << 8 | (bytes[2] ?? 0)) % (counterLimit / 2)
    } else if (++counter === counterLimit) {
      lastMillis += 1
      counter = 0
    }
    bytes[0] = counter >>> 14
    bytes[1] = counter >>> 6
    bytes[2] = counter
    return spell(lastMillis, bytes)
  }
}
