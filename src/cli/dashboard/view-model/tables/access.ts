/** Access points: addresses, and whether who is behind them answers. */
import { type AccessPoint, accessPoints } from "../accessPoints.ts"
import { standingOf } from "../sources.ts"
import type { State } from "../State.ts"
import { type Cell, remembering, table } from "../Table.ts"

const rowsAt = remembering((gatewayUrl: string, readModelUrl: string): ReadonlyArray<AccessPoint> =>
  accessPoints({ gatewayUrl, readModelUrl })
)

const stateOf = ({ program }: AccessPoint, state: State): Cell => {
  if (program === undefined) return { text: "in a cluster", tone: "dim" }
  const standing = standingOf(state.sources[program], state.now)
  switch (standing.state) {
    case "fresh":
      return { text: "answers", tone: "good", glyph: "up" }
    case "unread":
      return { text: "asking", tone: "dim" }
    case "stale":
      return { text: "stale", tone: "warn", glyph: "stale" }
    case "down":
      return { text: "down", tone: "bad", glyph: "down" }
  }
}

export const access = table<AccessPoint>({
  view: "access",
  noun: "access point",
  id: ({ name }) => name,
  words: ({ about, name, url }) => `${name} ${about} ${url}`,
  rows: ({ gatewayUrl, readModelUrl }) => rowsAt(gatewayUrl, readModelUrl),
  empty: () => "no access point fits the filter",
  columns: [
    { title: "WHAT", width: 15, cell: ({ name }) => ({ text: name, tone: "strong" }), value: ({ name }) => name },
    { title: "STATE", width: 14, from: 55, cell: stateOf },
    {
      title: "ADDRESS",
      width: { rest: 23 },
      cell: ({ url }) => ({ text: url, tone: "accent" }),
      value: ({ url }) => url
    },
    { title: "FOR", width: { rest: 20 }, from: 90, cell: ({ about }) => ({ text: about, tone: "dim" }) }
  ]
})
