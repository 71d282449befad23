/**
 * Trouble on order: makes the store in memory fail as a server does, at the call that a test names.
 *
 * Without orders nothing fails. An outage goes before orders, and uses none of them up.
 */
import { Context, Effect, Layer } from "effect"
import type { AlertStore } from "../AlertStore.ts"
import type { EventLog } from "../EventLog.ts"
import type { JobQueries } from "../JobQueries.ts"
import type { JobStore } from "../JobStore.ts"
import { StoreError } from "../StoreError.ts"
import type { TokenStore } from "../TokenStore.ts"
import type { WorkerStore } from "../WorkerStore.ts"

/** A port and its method: `JobStore.accept`. */
export type Operation =
  | `JobStore.${keyof JobStore["Service"]}`
  | `WorkerStore.${keyof WorkerStore["Service"]}`
  | `EventLog.${keyof EventLog["Service"]}`
  | `JobQueries.${keyof JobQueries["Service"]}`
  | `TokenStore.${keyof TokenStore["Service"]}`
  | `AlertStore.${keyof AlertStore["Service"]}`

export type Fault =
  /** Nothing happens in the store; the call fails. */
  | { readonly _tag: "Fail"; readonly reason: StoreError["reason"] }
  /** The store commits; the call fails with `outcome-unknown`. */
  | { readonly _tag: "LoseAnswer" }
  /** Nothing happens in the store and the call never answers. */
  | { readonly _tag: "Hang" }

export class MemoryFaults extends Context.Service<MemoryFaults, {
  /** The next `times` calls (default: 1) of the operation meet the fault; orders are met in the order they were given. */
  readonly order: (operation: Operation, fault: Fault, times?: number) => Effect.Effect<void>
  /** Every call of every operation fails as `unavailable` until `restore`. */
  readonly outage: Effect.Effect<void>
  /** Ends an outage and forgets what was ordered and not met. */
  readonly restore: Effect.Effect<void>
  /** What a call of the operation meets: for the stores. */
  readonly meet: (operation: Operation) => Fault | undefined
}>()("odto/services/MemoryFaults") {
  static readonly layer = Layer.sync(MemoryFaults, () => {
    const orders = new Map<Operation, Array<Fault>>()
    let isOut = false
    return MemoryFaults.of({
      order: (operation, fault, times = 1) =>
        Effect.sync(() => {
          orders.set(operation, [...orders.get(operation) ?? [], ...Array.from({ length: times }, () => fault)])
        }),
      outage: Effect.sync(() => {
        isOut = true
      }),
      restore: Effect.sync(() => {
        isOut = false
        orders.clear()
      }),
      meet: (operation) => isOut ? { _tag: "Fail", reason: "unavailable" } : orders.get(operation)?.shift()
    })
  })
}

/** The error of a call that met a fault. */
export const ordered = (operation: Operation, reason: StoreError["reason"]): StoreError =>
  new StoreError({ operation: `answer ${operation}`, reason, cause: new Error(`ordered for ${operation}`) })
