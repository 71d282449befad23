/** Rows of queues, made on first use. A queue that this process has seen costs nothing: its row is never touched again. */
import type { QueueName } from "#domain/Job.ts"
import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/** Names remembered: more than a system has queues. Past it the memory starts anew. */
const remembered = 10_000

export interface KnownQueues {
  /** In a transaction of its own, before the jobs: a queue's row is locked for the moment of its making only. */
  readonly ensure: (names: ReadonlyArray<QueueName>) => Effect.Effect<void, SqlError.SqlError>
}

export const make = (sql: SqlClient.SqlClient): KnownQueues => {
  const known = new Set<QueueName>()
  return {
    ensure: (names) =>
      Effect.suspend(() => {
        const unknown = [...new Set(names)].filter((name) => !known.has(name)).toSorted()
        if (unknown.length === 0) return Effect.void
        return Effect.map(
          sql`INSERT INTO queue (name) SELECT name FROM unnest(${unknown}::text[]) AS name ON CONFLICT DO NOTHING`,
          () => {
            if (known.size + unknown.length > remembered) known.clear()
            for (const name of unknown) known.add(name)
          }
        )
      })
  }
}
