/** How the read side reads: every answer with its source and age, and a store that does not answer is said to be down. */
import { type Down, type Freshness, staleAfterMillis } from "#domain/contract/Freshness.ts"
import { Clock, Context, Duration, Effect, Schema } from "effect"
import type { Read } from "../ports/JobQueries.ts"

/** What the store of truth is called beside its numbers; each program says which one it is. */
export const TruthName = Context.Reference<string>("odto/services/read-model/TruthName", {
  defaultValue: () => "truth"
})

/** A store does not answer, or not in time. */
export class SourceDown extends Schema.TaggedError<SourceDown>()("SourceDown", {
  source: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.source} is down: ${this.detail}`
  }
}

/** Longer than any query may take, shorter than the patience of whoever looks at a screen. */
const patience = Duration.seconds(5)
/** How long several screens share one reading. */
export const sharedFor = Duration.millis(250)

export const isoOf = (millis: number): string => new Date(millis).toISOString()

/** `ageMillis`: by how much the value may be behind the truth. */
export const freshness = (source: string, readAtMillis: number, ageMillis: number, stale = false): Freshness => ({
  source,
  readAt: isoOf(readAtMillis),
  ageMillis: Math.max(0, Math.round(ageMillis)),
  stale: stale || ageMillis > staleAfterMillis
})

/** The answer of a store, within our patience. */
export const answerOf = <A, E extends { readonly message: string }, R>(
  source: string,
  read: Effect.Effect<A, E, R>
): Effect.Effect<A, SourceDown, R> =>
  read.pipe(
    Effect.mapError((error) => new SourceDown({ source, detail: error.message })),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () =>
        Effect.fail(new SourceDown({ source, detail: `no answer within ${Duration.toSeconds(patience)} seconds` }))
    })
  )

/** A reading that concurrent and closely following callers share; its age is part of the answer. */
export const shared = <A, E extends { readonly message: string }>(
  source: string,
  read: Effect.Effect<Read<A>, E>
): Effect.Effect<Effect.Effect<{ readonly value: A; readonly freshness: Freshness }, SourceDown>> =>
  answerOf(source, read).pipe(
    Effect.flatMap((answer) => Effect.map(Clock.currentTimeMillis, (hereAt) => ({ answer, hereAt }))),
    Effect.cachedWithTTL(sharedFor),
    Effect.map((cached) =>
      Effect.gen(function*() {
        const { answer, hereAt } = yield* cached
        const age = (yield* Clock.currentTimeMillis) - hereAt
        return { value: answer.value, freshness: freshness(source, answer.readAt, age) }
      })
    )
  )

/** The group of numbers of one store: a failure becomes the word `down`, never zeros. */
export const orDown = <A>(read: Effect.Effect<A, SourceDown>): Effect.Effect<A | Down> =>
  Effect.catchTag(
    read,
    "SourceDown",
    ({ detail, source }) => Effect.succeed({ status: "down" as const, source, detail })
  )
