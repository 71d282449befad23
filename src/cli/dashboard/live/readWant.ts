/** One question to the APIs, and its answer as a message: failures are answers as well. */
import { Effect, Result } from "effect"
import type { Told } from "../view-model/Message.ts"
import { type Api, ask, askJobs } from "./Api.ts"
import { troubleOf } from "./troubleOf.ts"
import type { Want } from "./wants.ts"

export interface Heard {
  readonly message: Told
  /** The error itself, where there is one. */
  readonly failure: unknown
}

/** A source that takes longer is one that did not answer. */
const patience = "10 seconds"

/** Asks, and makes a message of the answer or of what is wrong. */
export const heard = <A>(
  question: Effect.Effect<A, unknown>,
  good: (answer: A, at: number) => Told,
  bad: (trouble: string, at: number) => Told
) =>
  Effect.map(Effect.result(Effect.timeout(question, patience)), (answer): Heard => {
    const at = Date.now()
    return Result.isSuccess(answer)
      ? { message: good(answer.success, at), failure: undefined }
      : { message: bad(troubleOf(answer.failure), at), failure: answer.failure }
  })

/** `after`: id of the last row before the page of jobs; undefined for the first page. */
export const readWant = (api: Api, want: Want, after?: string): Effect.Effect<Heard> => {
  if (want._tag === "Source") {
    const { source, subject } = want
    return heard(
      ask(api, source, subject),
      (answer, at) => ({ _tag: "Answered", answer, at }),
      (trouble, at) => ({ _tag: "NotAnswered", source, subject, trouble, at })
    )
  }
  const { filter, list, sort } = want
  return heard(
    askJobs(api, { filter, sort, after }),
    (page, at) => ({ _tag: "JobsRead", list, filter, sort, after, page, at }),
    (trouble, at) => ({ _tag: "JobsNotRead", list, filter, trouble, at })
  )
}
