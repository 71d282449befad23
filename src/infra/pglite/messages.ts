/**
 * What the main thread and the thread of PGlite say to each other.
 *
 * Sessions are numbered from 1, in the order in which they are opened; one is served at a time. Bytes are frames of
 * PostgreSQL's wire protocol, moved instead of copied.
 */

/** What the thread is started with. */
export interface Start {
  /** The folder of the database. It may be absent, and is then made. */
  readonly folder: string
  /** A database to begin with, as `makeTemplate` makes it; without one the thread makes it itself, in seconds. */
  readonly template: string | undefined
}

export type ToThread =
  | { readonly kind: "bytes"; readonly session: number; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly session: number }
  | { readonly kind: "stop" }

export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "bytes"; readonly session: number; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly session: number }
  /** The thread ends after this. */
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "stopped" }
