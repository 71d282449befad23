/** The truth about jobs in memory: the transitions of `JobStore` over `MemoryDatabase`, one file per group of verbs. */
import { Effect, Layer, type Result } from "effect"
import { JobStore } from "../JobStore.ts"
import type { StoreError } from "../StoreError.ts"
import { accept } from "./accept.ts"
import { claim, progress, settle } from "./attempts.ts"
import { cancel, pause, replay, resume } from "./control.ts"
import { dispatch, endDeadlines, handBack, loads, promote, recall, resend } from "./dispatch.ts"
import { forgetExpired } from "./forget.ts"
import { MemoryDatabase } from "./MemoryDatabase.ts"
import { undecodableKept } from "./Tables.ts"
import type { Transaction } from "./Transaction.ts"

/** `source`: program and instance that the event log names as the writer. */
export const layer = ({ source }: { readonly source: string }): Layer.Layer<JobStore, never, MemoryDatabase> =>
  Layer.effect(
    JobStore,
    Effect.gen(function*() {
      const database = yield* MemoryDatabase
      const write = <A>(method: keyof JobStore["Service"], body: (transaction: Transaction) => A) =>
        database.write(source, `JobStore.${method}`, body)
      const decide = <A, E>(
        method: keyof JobStore["Service"],
        body: (transaction: Transaction) => Result.Result<A, E>
      ): Effect.Effect<A, E | StoreError> => Effect.flatMap(write(method, body), Effect.fromResult)

      return JobStore.of({
        accept: (jobs) => write("accept", (transaction) => accept(transaction, jobs)),
        loads: database.read("JobStore.loads", loads),
        promote: (limit) => write("promote", (transaction) => promote(transaction, limit)),
        dispatch: (request) => write("dispatch", (transaction) => dispatch(transaction, request)),
        handBack: (hints) => write("handBack", (transaction) => handBack(transaction, hints)),
        resend: (request) => write("resend", (transaction) => resend(transaction, request)),
        recall: (which) => write("recall", (transaction) => recall(transaction, which)),
        endDeadlines: (limit) => write("endDeadlines", (transaction) => endDeadlines(transaction, limit)),
        foldCounters: write("foldCounters", ({ tables }) => {
          const folded = tables.unfolded
          tables.unfolded = 0
          return folded
        }),
        forgetExpired: (limit) => write("forgetExpired", (transaction) => forgetExpired(transaction, limit)),
        claim: (worker, claims) => write("claim", (transaction) => claim(transaction, worker, claims)),
        progress: (reports) => write("progress", (transaction) => progress(transaction, reports)),
        settle: (settlements) => write("settle", (transaction) => settle(transaction, settlements)),
        cancel: (jobId, actor) => decide("cancel", (transaction) => cancel(transaction, jobId, actor)),
        replay: (jobId, actor) => decide("replay", (transaction) => replay(transaction, jobId, actor)),
        pause: (queue, actor) => decide("pause", (transaction) => pause(transaction, queue, actor)),
        resume: (queue, actor) => decide("resume", (transaction) => resume(transaction, queue, actor)),
        recordUndecodable: (messages) =>
          write("recordUndecodable", ({ tables }) => {
            tables.undecodable = [...tables.undecodable, ...messages].slice(-undecodableKept)
          })
      })
    })
  )
