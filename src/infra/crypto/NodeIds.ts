/** Identifiers from Node's cryptography. */
import { makeUuidV7 } from "#domain/Uuid.ts"
import { Ids } from "#services/ports/Ids.ts"
import { Layer } from "effect"
import { createHash, randomFillSync, randomUUID } from "node:crypto"

/** Bytes drawn at once: a draw costs ten times what it gives to one id. */
const poolBytes = 4_096

const makePool = () => {
  const pool = Buffer.alloc(poolBytes)
  let used = poolBytes
  return (bytes: number): Uint8Array => {
    if (used + bytes > poolBytes) {
      randomFillSync(pool)
      used = 0
    }
    used += bytes
    return pool.subarray(used - bytes, used)
  }
}

export const layer = Layer.sync(Ids, () => {
  const make = makeUuidV7(makePool())
  return Ids.of({
    next: () => make(Date.now()),
    random: () => randomUUID(),
    sha256: (text) => createHash("sha256").update(text).digest("hex")
  })
})
