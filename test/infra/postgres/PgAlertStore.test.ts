import * as PgAlertStore from "#infra/postgres/PgAlertStore.ts"
import { AlertStore } from "#services/ports/AlertStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { alertStoreBehaves } from "../../behaviour/alertStoreBehaves.ts"
import { fresh } from "../../support/Seed.ts"
import { describeWithServers } from "../../support/Servers.ts"
import * as MigratedDatabase from "./migratedDatabase.ts"

const alerts = Layer.provideMerge(PgAlertStore.layer, MigratedDatabase.layer)
const now = new Date().toISOString()
const alert = (fingerprint: string) =>
  ({
    fingerprint,
    status: "resolved",
    labels: {},
    annotations: {},
    startsAt: now,
    endsAt: now,
    receivedAt: now
  }) as const

describeWithServers(["postgres"], "PgAlertStore", () => {
  alertStoreBehaves("postgres", alerts)

  layer(alerts, { excludeTestServices: true })((it) => {
    it.effect("forgets what was resolved long ago, and keeps what still fires", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const store = yield* AlertStore
        const [old, firing, fresher] = [alert(fresh("alert")), alert(fresh("alert")), alert(fresh("alert"))]
        yield* sql`
          INSERT INTO alert (fingerprint, starts_at, status, labels, annotations, received_at) VALUES
            (${old.fingerprint}, now(), 'resolved', '{}', '{}', now() - interval '31 days'),
            (${firing.fingerprint}, now(), 'firing', '{}', '{}', now() - interval '31 days')`

        yield* store.record([fresher])

        const left = (yield* store.list(1_000)).map(({ fingerprint }) => fingerprint)
        assert.notInclude(left, old.fingerprint)
        assert.includeMembers(left, [firing.fingerprint, fresher.fingerprint])
      }))

    it.effect("takes the same alerts from several receivers at once, in any order", () =>
      Effect.gen(function*() {
        const store = yield* AlertStore
        const words = Array.from({ length: 200 }, () => alert(fresh("alert")))
        const old = { ...alert(fresh("alert")), receivedAt: "2020-01-01T00:00:00.000Z" }

        yield* Effect.forEach(
          Array.from({ length: 8 }, (_, index) => index % 2 === 0 ? words : words.toReversed()),
          (all) => store.record([...all, old]),
          { concurrency: "unbounded" }
        )

        const known = new Set((yield* store.list(1_000)).map(({ fingerprint }) => fingerprint))
        assert.isTrue(words.every(({ fingerprint }) => known.has(fingerprint)))
      }))
  })
})
