/**
 * Slots held by handlers that were given up and have not returned. They are the worker's, not an incarnation's: a lost
 * lease does not end a handler that ignores its signal.
 */
import type { QueueName } from "#domain/Job.ts"
import type { Running } from "./Attempt.ts"

export class LeakedSlots {
  readonly #held = new Set<Running>()
  /** Called when one of them is free again; set by whoever gives out the slots now. */
  onFreed: () => void = () => {}

  get size(): number {
    return this.#held.size
  }

  of(queue: QueueName): number {
    let count = 0
    for (const { job } of this.#held) if (job.queue === queue) count += 1
    return count
  }

  /** The attempt is over; its slot is free when its handler is. */
  add(running: Running): void {
    if (running.returned) return
    this.#held.add(running)
    running.onReturn = () => {
      this.#held.delete(running)
      this.onFreed()
    }
  }
}
