import { Effect } from "effect"

/** How often a question is asked again; the answer comes from elsewhere and sends no signal. */
const askAgainMillis = 5

/** Asks until the answer is as wanted; a test that never gets it ends by its own time limit. */
export const until = <A, E, R>(
  question: Effect.Effect<A, E, R>,
  isWanted: (answer: A) => boolean
): Effect.Effect<A, E, R> =>
  Effect.filterOrElse(question, isWanted, () => Effect.andThen(Effect.sleep(askAgainMillis), until(question, isWanted)))
