/** Identifiers from Node's cryptography. */
import { makeUuidV7 } from "#domain/Uuid.ts"
import { Ids } from "#services/ports/Ids.ts"
import { Layer } from "effect"
import { createHash, randomBytes, randomUUID } from "node:crypto"

export const layer = Layer.sync(Ids, () => {
  const make = makeUuidV7(randomBytes)
  return Ids.of({
    next: () => make(Date.now()),
    random: () => randomUUID(),
    sha256: (text) => createHash("sha256").update(text).digest("hex")
  })
})
