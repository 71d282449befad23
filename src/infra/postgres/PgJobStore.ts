/**
 * The truth about jobs in PostgreSQL.
 *
 * Each operation is one statement, so one round trip and one commit: it locks its rows in the order of their ids (those
 * that pick pass over locked ones), moves them where they still are in the expected state and carry the expected token,
 * and writes attempts, events and answers from the rows that really moved. All parts of a statement see the same
 * snapshot; what another transaction changed meanwhile is noticed by the lock and looked at again by the UPDATE.
 */
import { JobStore } from "#services/ports/JobStore.ts"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Accept from "./jobs/accept.ts"
import * as Claim from "./jobs/claim.ts"
import { cancel, replay } from "./jobs/control.ts"
import * as Dispatch from "./jobs/dispatch.ts"
import { forgetExpired } from "./jobs/forget.ts"
import * as Progress from "./jobs/progress.ts"
import { loads, pause, resume } from "./jobs/queues.ts"
import * as Settle from "./jobs/settle.ts"
import { endDeadlines, foldCounters, recordUndecodable } from "./jobs/upkeep.ts"
import { handBack, promote, recallHints } from "./jobs/waiting.ts"

export interface Options {
  /** Program and instance that the event log names as the writer: `gateway/host-1`. */
  readonly source: string
}

export const layer = ({ source }: Options): Layer.Layer<JobStore, never, SqlClient.SqlClient> =>
  Layer.effect(
    JobStore,
    Effect.map(SqlClient.SqlClient, (sql) =>
      JobStore.of({
        accept: Accept.make(sql, source),
        loads: loads(sql),
        promote: promote(sql),
        dispatch: Dispatch.make(sql),
        handBack: handBack(sql),
        resend: Dispatch.resend(sql),
        recall: recallHints(sql),
        endDeadlines: endDeadlines(sql, source),
        foldCounters: foldCounters(sql),
        forgetExpired: forgetExpired(sql),
        claim: Claim.make(sql, source),
        progress: Progress.make(sql, source),
        settle: Settle.make(sql, source),
        cancel: cancel(sql, source),
        replay: replay(sql, source),
        pause: pause(sql, source),
        resume: resume(sql, source),
        recordUndecodable: recordUndecodable(sql)
      }))
  )
