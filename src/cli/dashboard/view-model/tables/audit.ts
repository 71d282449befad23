/** What people did, newest first. */
import type { AuditLog } from "#domain/contract/ReadModelViews.ts"
import { table } from "../Table.ts"
import { clock } from "../words.ts"

type Entry = (typeof AuditLog.Type)["entries"][number]

const none: ReadonlyArray<Entry> = []

const detailOf = ({ detail }: Entry): string => Object.keys(detail).length === 0 ? "" : JSON.stringify(detail)

export const audit = table<Entry>({
  view: "audit",
  noun: "entry",
  follows: true,
  id: ({ id }) => id,
  words: (entry) => `${entry.actor} ${entry.action} ${entry.subject} ${detailOf(entry)}`,
  rows: ({ sources }) => sources.audit.data?.entries ?? none,
  empty: ({ sources }, { filter }) =>
    sources.audit.data === undefined
      ? "reading the audit log"
      : filter === ""
      ? "nobody has acted yet"
      : "no entry fits the filter",
  columns: [
    {
      title: "AT",
      width: 11,
      cell: ({ at }, { now }) => ({ text: clock(Date.parse(at), now) }),
      value: ({ at }) => at
    },
    { title: "WHO", width: { rest: 10 }, cell: ({ actor }) => ({ text: actor }), value: ({ actor }) => actor },
    {
      title: "ACTION",
      width: 16,
      cell: ({ action }) => ({ text: action, tone: "accent" }),
      value: ({ action }) => action
    },
    {
      title: "SUBJECT",
      width: { rest: 14 },
      from: 60,
      cell: ({ subject }) => ({ text: subject }),
      value: ({ subject }) => subject
    },
    { title: "DETAIL", width: { rest: 10 }, from: 100, cell: (entry) => ({ text: detailOf(entry), tone: "dim" }) }
  ]
})
