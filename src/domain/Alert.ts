/** Alerts as Alertmanager delivers them to its webhook receivers (payload version 4), and as they are shown. */
import { Schema } from "effect"

const Labels = Schema.Record(Schema.String, Schema.String)

export const AlertView = Schema.Struct({
  fingerprint: Schema.String,
  status: Schema.Literals(["firing", "resolved"]),
  labels: Labels,
  annotations: Labels,
  startsAt: Schema.String,
  /** Null while it fires. */
  endsAt: Schema.NullOr(Schema.String),
  receivedAt: Schema.String
}).annotate({ identifier: "Alert" })
export type AlertView = typeof AlertView.Type

/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export const AlertmanagerMessage = Schema.Struct({
  version: Schema.String,
  groupKey: Schema.optionalKey(Schema.String),
  status: Schema.Literals(["firing", "resolved"]),
  receiver: Schema.optionalKey(Schema.String),
  alerts: Schema.Array(Schema.Struct({
    status: Schema.Literals(["firing", "resolved"]),
    labels: Labels,
    annotations: Schema.optionalKey(Labels),
    startsAt: Schema.String,
    endsAt: Schema.optionalKey(Schema.String),
    generatorURL: Schema.optionalKey(Schema.String),
    fingerprint: Schema.String
  })).check(Schema.isMaxLength(1_000))
}).annotate({ identifier: "AlertmanagerMessage" })
export type AlertmanagerMessage = typeof AlertmanagerMessage.Type
