/**
 * Keeps the steps of a busy stage apart, so that a step takes what has gathered and the stages share the machine.
 *
 * A step costs a transaction, however little it moves. Steps that moved one thing only are as far apart as the work
 * itself: on an idle system nothing waits here.
 */
import { Effect } from "effect"
import { nowMillis } from "./Monotonic.ts"

export interface Pace {
  /** Returns when the next step may begin: at once, or so long after the one before began. */
  readonly turn: Effect.Effect<void>
  /** A step that moves so many things begins. */
  readonly began: (things: number) => Effect.Effect<void>
}

/** `millis`: between the beginnings of two steps, of which the first moved several things. */
export const make = (millis: number): Pace => {
  let earliest = Number.NEGATIVE_INFINITY
  return {
    turn: Effect.flatMap(nowMillis, (now) => now < earliest ? Effect.sleep(earliest - now) : Effect.void),
    began: (things) =>
      Effect.map(nowMillis, (now) => {
        earliest = things > 1 ? now + millis : Number.NEGATIVE_INFINITY
      })
  }
}

/** What the stages on the way of a job keep, in milliseconds: it adds half of that to each of the four on average. */
export const stageMillis = 10
