/** Alerts as Alertmanager told them: the newest word on each, and when. */
import type { AlertView } from "#domain/Alert.ts"
import { Context, type Effect } from "effect"
import type { StoreError } from "./StoreError.ts"

export class AlertStore extends Context.Service<AlertStore, {
  /** Adds or updates by fingerprint and start; an older word than the stored one changes nothing. */
  readonly record: (alerts: ReadonlyArray<AlertView>) => Effect.Effect<void, StoreError>
  /** Firing first, then newest; at most `limit`. */
  readonly list: (limit: number) => Effect.Effect<ReadonlyArray<AlertView>, StoreError>
}>()("odto/services/AlertStore") {}
