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

/** The dead man's switch: it always fires, so that its silence shows that alerts do not arrive. */
export const isWatchdog = ({ labels }: Pick<AlertView, "labels">): boolean => labels["alertname"] === "Watchdog"

const instant = "\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?" +
  "(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)"
/** As Go spells it: RFC 3339 with up to nine digits of a second. */
const Instant = Schema.String.check(
  Schema.isPattern(new RegExp(`^${instant}$`, "u"), { message: "an instant is written as in RFC 3339" })
)
/** Empty, or the zero time of Go: not yet. */
const InstantOrEmpty = Schema.String.check(
  Schema.isPattern(new RegExp(`^(${instant})?$`, "u"), { message: "an instant is written as in RFC 3339" })
)

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
    startsAt: Instant,
    endsAt: Schema.optionalKey(InstantOrEmpty),
    generatorURL: Schema.optionalKey(Schema.String),
    fingerprint: Schema.String
  })).check(Schema.isMaxLength(1_000))
}).annotate({ identifier: "AlertmanagerMessage" })
export type AlertmanagerMessage = typeof AlertmanagerMessage.Type
