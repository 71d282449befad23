/** Bearer tokens: 256 random bits, known to us only by their SHA-256. */
import { createHash, randomBytes } from "node:crypto"

/** Recognisable to people and to scanners that look for leaked secrets. */
const prefix = "odto_"
const pattern = /^odto_[A-Za-z0-9_-]{43}$/u

/** Bytes that nobody can guess. */
export const randomSize = 32

/** `random`: so many bytes. */
export const of = (random: Uint8Array): string => prefix + Buffer.from(random).toString("base64url")

export const make = (): { readonly token: string; readonly hash: string } => {
  const token = of(randomBytes(randomSize))
  return { token, hash: hash(token) }
}

/** Hex. */
export const hash = (token: string): string => createHash("sha256").update(token).digest("hex")

/** Whether it can be a token of ours at all; what cannot is not looked up. */
export const isPlausible = (token: string): boolean => pattern.test(token)
