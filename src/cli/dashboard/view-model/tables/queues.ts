/** Queues: what waits in each, and what keeps it waiting. */
import type { QueueView } from "#domain/Queue.ts"
import { table } from "../Table.ts"
import { roughly, short } from "../words.ts"

const none: ReadonlyArray<QueueView> = []

const waitingIn = ({ counts }: QueueView): number => counts.queued + counts.scheduled + counts.retrying

const depth = (
  title: string,
  of: (queue: QueueView) => number,
  from: number,
  tone: "strong" | "busy" | "good" | "warn" | "bad"
) => ({
  title,
  width: 9,
  align: "right" as const,
  from,
  cell: (queue: QueueView) => ({ text: short(of(queue)), tone: of(queue) === 0 ? "dim" as const : tone }),
  value: of
})

export const queues = table<QueueView>({
  view: "queues",
  noun: "queue",
  id: ({ name }) => name,
  words: ({ name, paused }) => `${name} ${paused ? "paused" : "open"}`,
  rows: ({ sources }) => sources.queues.data?.queues ?? none,
  empty: ({ sources }, { filter }) =>
    sources.queues.data === undefined
      ? "reading the queues"
      : filter === ""
      ? "no queue yet"
      : "no queue fits the filter",
  columns: [
    { title: "QUEUE", width: { rest: 11 }, cell: ({ name }) => ({ text: name }), value: ({ name }) => name },
    {
      title: "STATE",
      width: 9,
      cell: ({ paused }) =>
        paused ? { text: "paused", tone: "warn", glyph: "paused" } : { text: "open", tone: "good", glyph: "open" },
      value: ({ paused }) => paused ? 1 : 0
    },
    depth("WAITING", waitingIn, 0, "strong"),
    depth("RUNNING", ({ counts }) => counts.running, 50, "busy"),
    depth("RETRYING", ({ counts }) => counts.retrying, 70, "warn"),
    depth("DEAD", ({ counts }) => counts.dead, 60, "bad"),
    depth("COMPLETED", ({ counts }) => counts.completed, 110, "good"),
    {
      title: "OLDEST",
      width: 7,
      align: "right",
      cell: ({ oldestQueuedMillis }) => ({ text: oldestQueuedMillis === null ? "-" : roughly(oldestQueuedMillis) }),
      value: ({ oldestQueuedMillis }) => oldestQueuedMillis ?? -1
    },
    depth("SLOTS", ({ liveSlots }) => liveSlots, 90, "strong"),
    {
      title: "NO WORKER",
      width: { rest: 9 },
      from: 80,
      cell: ({ typesWithoutWorker }) => ({ text: typesWithoutWorker.join(" "), tone: "bad" }),
      value: ({ typesWithoutWorker }) => typesWithoutWorker.length
    }
  ]
})
