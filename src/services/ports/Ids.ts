/** Identifiers and digests: what needs the platform's cryptography. */
import { Context } from "effect"

export class Ids extends Context.Service<Ids, {
  /** A new UUIDv7, greater than every one that this process made before. */
  readonly next: () => string
  /** A random UUIDv4: lease tokens, incarnations. */
  readonly random: () => string
  /** Hex. */
  readonly sha256: (text: string) => string
}>()("odto/services/Ids") {}
