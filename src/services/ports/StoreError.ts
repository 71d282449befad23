/** Trouble with the store of truth: nobody is at fault but the store, and trying again may help. */
import { Schema } from "effect"

export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  operation: Schema.String,
  /**
   * `unavailable`: no connection, or it broke before the statement was sent. `conflict`: deadlock or serialization, the
   * same call may simply be repeated. `outcome-unknown`: the connection broke while committing. `timeout`: a statement
   * or lock limit. `data`: the store refuses a value; repeating will not help, splitting the batch will.
   */
  reason: Schema.Literals(["unavailable", "conflict", "outcome-unknown", "timeout", "data"]),
  cause: Schema.Defect()
}) {
  override get message() {
    return `the job store could not ${this.operation}: ${this.reason}`
  }
  get isRetryable(): boolean {
    return this.reason !== "data"
  }
}
