/** Alerts over HTTP: Alertmanager delivers them, people read them. */
import { AlertmanagerMessage, type AlertView } from "#domain/Alert.ts"
import { ReadModelApi } from "#domain/contract/ReadModelApi.ts"
import { pageLimit } from "#domain/JobFilter.ts"
import { AlertStore } from "#services/ports/AlertStore.ts"
import { isoOf } from "#services/read-model/Reading.ts"
import { TruthViews } from "#services/read-model/TruthViews.ts"
import { Clock, Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import * as Problems from "./Problems.ts"
import { decoded } from "./requestBody.ts"

/** Alertmanager adds fields with its versions; those that are not of interest are passed over. */
const message = decoded(AlertmanagerMessage, { errors: "all" })

/** Go's zero time, which Alertmanager sends for "not yet". */
const isSet = (at: string | undefined): at is string => at !== undefined && at !== "" && !at.startsWith("0001-")

export const layerAlerts = HttpApiBuilder.group(
  ReadModelApi,
  "alerts",
  Effect.fn(function*(handlers) {
    const views = yield* TruthViews
    return handlers.handle("list", ({ query }) =>
      views.alerts(query.limit ?? pageLimit.default).pipe(
        Effect.map(({ freshness, value }) => ({ alerts: value, freshness })),
        Problems.whenDown
      ))
  })
)

export const layerWebhook = HttpApiBuilder.group(
  ReadModelApi,
  "webhook",
  Effect.fn(function*(handlers) {
    const alerts = yield* AlertStore
    return handlers.handleRaw(
      "alerts",
      Effect.fnUntraced(function*({ request }) {
        const { alerts: told } = yield* Problems.unbroken(message(request))
        const receivedAt = isoOf(yield* Clock.currentTimeMillis)
        const views = told.map((alert): AlertView => ({
          fingerprint: alert.fingerprint,
          status: alert.status,
          labels: alert.labels,
          annotations: alert.annotations ?? {},
          startsAt: isoOf(Date.parse(alert.startsAt)),
          endsAt: alert.status === "resolved" && isSet(alert.endsAt) ? isoOf(Date.parse(alert.endsAt)) : null,
          receivedAt
        }))
        yield* alerts.record(views).pipe(Effect.catch(Problems.ofStore))
        return HttpServerResponse.jsonUnsafe({ received: views.length })
      })
    )
  })
)
