/** The proof: a job goes all the way through, from the gateway to the read model. Before it nothing is called a success. */
import { connect } from "#client/Client.ts"
import { ObservatoryProblem } from "#client/Problem.ts"
import { Effect, Schedule } from "effect"
import { exitCodes } from "../exitCodes.ts"
import { messageOf } from "../failure.ts"
import { done, type Say, Trouble } from "./Steps.ts"

const jobType = "demo.noop"
/**
 * The way from this machine into the cluster may open some seconds after the programs are ready; and of a node that was
 * started again everything counts as ready until it has looked, while the servers begin anew.
 */
const submitAgain = { spaced: "1 second", times: 180 } as const
/** One answer. */
const oneAnswerMillis = 10_000
/** A job that does nothing takes milliseconds; the first one may meet programs and servers that have just begun. */
const completedWithinMillis = 180_000

export interface Programs {
  readonly gatewayUrl: string
  readonly readModelUrl: string
  readonly token: string
}

const seeLogs = (program: string) => `see what it says with: odd-dashboard logs --cluster ${program}`

/** Refusals do not pass by waiting, but for those that say that they do. */
const isFinal = (error: unknown): boolean =>
  error instanceof ObservatoryProblem && error.status < 500 && error.status !== 429

const submitTrouble = (error: unknown, url: string) =>
  error instanceof ObservatoryProblem && error.status === 401
    ? new Trouble({
      cause: `the gateway does not know the admin token of the cluster: ${messageOf(error)}`,
      remedy: "the secret odto-tokens is another one than its database was made with; " +
        "make the cluster anew with: odd-dashboard down --cluster",
      exitCode: exitCodes.notPermitted
    })
    : new Trouble({
      cause: `the gateway at ${url} takes no job: ${messageOf(error)}`,
      remedy: seeLogs("gateway"),
      exitCode: exitCodes.unavailable
    })

export const proveIt = ({ gatewayUrl, readModelUrl, token }: Programs, say: Say) =>
  Effect.gen(function*() {
    const client = connect({ gatewayUrl, readModelUrl, token })
    // One key for all attempts: the job is made once.
    const idempotencyKey = crypto.randomUUID()
    const { jobId } = yield* Effect.tryPromise((signal) =>
      client.submit({ type: jobType, payload: {} }, {
        idempotencyKey,
        signal: AbortSignal.any([signal, AbortSignal.timeout(oneAnswerMillis)])
      })
    ).pipe(
      Effect.mapError(({ cause }) => cause),
      Effect.tapError((error) => Effect.sync(() => say(submitTrouble(error, gatewayUrl).cause))),
      Effect.retry({
        schedule: Schedule.spaced(submitAgain.spaced).pipe(Schedule.upTo({ times: submitAgain.times })),
        while: (error) => !isFinal(error)
      }),
      Effect.mapError((error) => submitTrouble(error, gatewayUrl))
    )
    say(`${jobType} ${jobId} is accepted`)
    const { status } = yield* Effect.tryPromise((signal) => client.waitFor(jobId, { signal })).pipe(
      Effect.mapError(({ cause }) =>
        new Trouble({
          cause: `the read model at ${readModelUrl} does not tell of job ${jobId}: ${messageOf(cause)}`,
          remedy: seeLogs("read-model"),
          exitCode: exitCodes.unavailable
        })
      ),
      Effect.timeoutOrElse({
        duration: completedWithinMillis,
        orElse: () =>
          Effect.fail(
            new Trouble({
              cause: `job ${jobId} did not complete within ${completedWithinMillis / 1_000} s`,
              remedy: seeLogs("processor")
            })
          )
      })
    )
    if (status !== "completed") {
      return yield* new Trouble({ cause: `job ${jobId} is ${status}`, remedy: seeLogs("processor") })
    }
    return done(`job ${jobId} is completed`)
  })
