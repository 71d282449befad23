/** Alerts in PostgreSQL: one row for each time that an alert began, with the newest word on it. */
import type { AlertView } from "#domain/Alert.ts"
import { AlertStore } from "#services/ports/AlertStore.ts"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { iso } from "./queries/jobRecords.ts"
import { storeError } from "./storeError.ts"

/** How long an alert that is resolved is kept after the last word on it. */
const resolvedKept = "30 days"
/** Deleted with each word that comes in: more than come in. */
const deletedAtOnce = 2_000

export const layer = Layer.effect(
  AlertStore,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient

    /** In the order of the key, so that two callers never wait for each other; of one alert only the newest word. */
    const upsert = (alerts: ReadonlyArray<AlertView>) =>
      sql`
        INSERT INTO alert AS known (fingerprint, starts_at, status, labels, annotations, ends_at, received_at)
        SELECT DISTINCT ON (fingerprint, starts_at)
          fingerprint, starts_at, status, labels, annotations, ends_at, received_at
        FROM (
          SELECT told.n, one->>'fingerprint' AS fingerprint, (one->>'startsAt')::timestamptz(3) AS starts_at,
            one->>'status' AS status, one->'labels' AS labels, one->'annotations' AS annotations,
            (one->>'endsAt')::timestamptz(3) AS ends_at, (one->>'receivedAt')::timestamptz(3) AS received_at
          FROM json_array_elements(${JSON.stringify(alerts)}::json) WITH ORDINALITY AS told (one, n)
        ) AS words
        ORDER BY fingerprint, starts_at, received_at DESC, n DESC
        ON CONFLICT (fingerprint, starts_at) DO UPDATE SET status = excluded.status, labels = excluded.labels,
          annotations = excluded.annotations, ends_at = excluded.ends_at, received_at = excluded.received_at
        WHERE excluded.received_at >= known.received_at`

    const deleteOld = sql`
      DELETE FROM alert WHERE (fingerprint, starts_at) IN (
        SELECT fingerprint, starts_at FROM alert
        WHERE status = 'resolved' AND received_at < clock_timestamp() - ${sql.literal(`interval '${resolvedKept}'`)}
        LIMIT ${deletedAtOnce} FOR UPDATE SKIP LOCKED
      )`

    return AlertStore.of({
      record: (alerts) =>
        alerts.length === 0
          ? Effect.void
          : Effect.andThen(upsert(alerts), deleteOld).pipe(Effect.asVoid, storeError("record alerts", "write")),
      list: (limit) =>
        sql<AlertView>`
          SELECT fingerprint, status, labels, annotations, ${
          sql.literal(
            `${iso("starts_at")} AS "startsAt", ${iso("ends_at")} AS "endsAt", ${iso("received_at")} AS "receivedAt"`
          )
        }
          FROM alert ORDER BY status = 'firing' DESC, starts_at DESC, fingerprint LIMIT ${limit}`.pipe(
          storeError("list the alerts", "read")
        )
    })
  })
)
