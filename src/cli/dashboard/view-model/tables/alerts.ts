/** Alerts as Alertmanager delivered them: those that fire first. */
import type { AlertView } from "#domain/Alert.ts"
import { table } from "../Table.ts"
import { clock } from "../words.ts"

const none: ReadonlyArray<AlertView> = []

export const alertName = ({ fingerprint, labels }: AlertView): string => labels["alertname"] ?? fingerprint
export const alertId = ({ fingerprint, startsAt }: AlertView): string => `${fingerprint} ${startsAt}`

export const alerts = table<AlertView>({
  view: "alerts",
  noun: "alert",
  id: alertId,
  words: ({ annotations, labels, status }) =>
    [status, ...Object.entries(labels).map(([name, value]) => `${name}=${value}`), ...Object.values(annotations)].join(
      " "
    ),
  rows: ({ sources }) => sources.alerts.data?.alerts ?? none,
  empty: ({ sources }, { filter }) =>
    sources.alerts.data === undefined
      ? "reading the alerts"
      : filter === ""
      ? "no alert was ever delivered"
      : "no alert fits the filter",
  columns: [
    {
      title: "STATUS",
      width: 10,
      cell: ({ status }) => ({ text: status, tone: status === "firing" ? "bad" : "good", glyph: status }),
      value: ({ status }) => status
    },
    { title: "ALERT", width: { rest: 12 }, cell: (alert) => ({ text: alertName(alert) }), value: alertName },
    {
      title: "SEVERITY",
      width: 9,
      from: 60,
      cell: ({ labels }) => ({
        text: labels["severity"] ?? "",
        tone: labels["severity"] === "critical" ? "bad" : "warn"
      }),
      value: ({ labels }) => labels["severity"] ?? ""
    },
    {
      title: "SUMMARY",
      width: { rest: 20 },
      from: 80,
      cell: ({ annotations }) => ({ text: annotations["summary"] ?? annotations["description"] ?? "" })
    },
    {
      title: "SINCE",
      width: 11,
      cell: ({ startsAt }, { now }) => ({ text: clock(Date.parse(startsAt), now) }),
      value: ({ startsAt }) => startsAt
    },
    {
      title: "ENDED",
      width: 11,
      from: 100,
      cell: ({ endsAt }, { now }) => ({ text: endsAt === null ? "-" : clock(Date.parse(endsAt), now), tone: "dim" }),
      value: ({ endsAt }) => endsAt ?? ""
    }
  ]
})
