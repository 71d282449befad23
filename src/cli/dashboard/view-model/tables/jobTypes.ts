/** Job types: what can be submitted, and who would run it. */
import type { TypeList } from "#domain/contract/ReadModelViews.ts"
import { table } from "../Table.ts"
import { duration } from "../words.ts"

type TypeRow = (typeof TypeList.Type)["types"][number]

const none: ReadonlyArray<TypeRow> = []

export const types = table<TypeRow>({
  view: "types",
  noun: "type",
  id: ({ name }) => name,
  words: ({ description = "", name }) => `${name} ${description}`,
  rows: ({ sources }) => sources.types.data?.types ?? none,
  empty: ({ sources }, { filter }) =>
    sources.types.data === undefined
      ? "reading the types"
      : filter === ""
      ? "no worker has registered a type yet"
      : "no type fits the filter",
  columns: [
    { title: "TYPE", width: { rest: 14 }, cell: ({ name }) => ({ text: name }), value: ({ name }) => name },
    {
      title: "WORKERS",
      width: 9,
      align: "right",
      cell: ({ liveWorkers }) =>
        liveWorkers === 0
          ? { text: "none", tone: "bad", glyph: "down" }
          : { text: `${liveWorkers}`, tone: "good", glyph: "live" },
      value: ({ liveWorkers }) => liveWorkers
    },
    {
      title: "ATTEMPTS",
      width: 8,
      align: "right",
      from: 60,
      cell: ({ maxAttempts }) => ({ text: `${maxAttempts}` }),
      value: ({ maxAttempts }) => maxAttempts
    },
    {
      title: "TIMEOUT",
      width: 8,
      align: "right",
      from: 60,
      cell: ({ timeoutMillis }) => ({ text: duration(timeoutMillis) }),
      value: ({ timeoutMillis }) => timeoutMillis
    },
    {
      title: "BACKOFF",
      width: 22,
      from: 110,
      cell: ({ backoff: { baseMillis, factor, maxMillis } }) => ({
        text: `${duration(baseMillis)} ×${factor} to ${duration(maxMillis)}`,
        tone: "dim"
      })
    },
    {
      title: "DESCRIPTION",
      width: { rest: 20 },
      from: 80,
      cell: ({ description = "" }) => ({ text: description, tone: "dim" })
    }
  ]
})
