/**
 * Signs outgoing bodies by Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks, version 1):
 * HMAC-SHA256 over `<id>.<timestamp>.<body>`.
 */
import { Schema } from "effect"
import { createHmac } from "node:crypto"

export class InvalidSigningKey extends Schema.TaggedError<InvalidSigningKey>()("InvalidSigningKey", {
  detail: Schema.String
}) {
  override get message() {
    return `ODTO_SIGNING_KEY ${this.detail}`
  }
}

/** The specification asks for 24 to 64 bytes. */
const keyBytes = { minimum: 24, maximum: 64 }

/** `whsec_` and base64. Throws `InvalidSigningKey`. */
export const parseSigningKey = (text: string): Buffer => {
  if (!text.startsWith("whsec_")) throw new InvalidSigningKey({ detail: "must be whsec_ followed by base64" })
  const key = Buffer.from(text.slice("whsec_".length), "base64")
  if (key.length < keyBytes.minimum || key.length > keyBytes.maximum) {
    throw new InvalidSigningKey({
      detail: `must hold ${keyBytes.minimum} to ${keyBytes.maximum} bytes, it holds ${key.length}`
    })
  }
  return key
}

/** The same id for every attempt lets the receiver know a repetition; the timestamp is that of this attempt, in seconds. */
export const signatureHeaders = (
  key: Buffer,
  message: { readonly id: string; readonly timestampSeconds: number; readonly body: string }
): Readonly<Record<string, string>> => ({
  "webhook-id": message.id,
  "webhook-timestamp": String(message.timestampSeconds),
  "webhook-signature": `v1,${
    createHmac("sha256", key).update(`${message.id}.${message.timestampSeconds}.${message.body}`).digest("base64")
  }`
})
