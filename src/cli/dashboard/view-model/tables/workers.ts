/** Workers: who runs jobs, whether its lease lives, and how busy it is. */
import type { WorkerState, WorkerView } from "#domain/Worker.ts"
import type { Tone } from "../Line.ts"
import type { State } from "../State.ts"
import { table } from "../Table.ts"
import { clock, roughly } from "../words.ts"

const none: ReadonlyArray<WorkerView> = []

const tones: Readonly<Record<WorkerState, Tone>> = { live: "good", stopped: "dim", expired: "bad" }

/** As old as what is shown may be, and the time between three beats. */
const lateBeatMillis = 10_000

const sinceBeat = ({ lastHeartbeatAt }: WorkerView, now: number): number => now - Date.parse(lastHeartbeatAt)

/** Whether an age is drawn in this view, which moves with the clock. */
export const hasLateBeat = ({ now, sources }: Pick<State, "now" | "sources">): boolean =>
  sources.workers.data?.workers.some((worker) => sinceBeat(worker, now) > lateBeatMillis) === true

export const workers = table<WorkerView>({
  view: "workers",
  noun: "worker",
  id: ({ id }) => id,
  words: ({ host, id, name, state, types }) => `${name} ${id} ${host} ${state} ${types.join(" ")}`,
  rows: ({ sources }) => sources.workers.data?.workers ?? none,
  empty: ({ sources }, { filter }) =>
    sources.workers.data === undefined
      ? "reading the workers"
      : filter === ""
      ? "no worker: jobs wait until one comes"
      : "no worker fits the filter",
  columns: [
    {
      title: "STATE",
      width: 10,
      cell: ({ state }) => ({ text: state, tone: tones[state], glyph: state }),
      value: ({ state }) => state
    },
    { title: "WORKER", width: { rest: 14 }, cell: ({ name }) => ({ text: name }), value: ({ name }) => name },
    {
      title: "BUSY",
      width: 9,
      align: "right",
      cell: ({ running, slots }) => ({ text: `${running}/${slots}`, tone: running === 0 ? "dim" : "busy" }),
      value: ({ running }) => running
    },
    {
      title: "QUEUES",
      width: 14,
      from: 100,
      cell: ({ queues }) => ({ text: queues === null ? "all" : queues.join(" "), tone: "dim" })
    },
    { title: "TYPES", width: { rest: 10 }, from: 90, cell: ({ types }) => ({ text: types.join(" "), tone: "dim" }) },
    {
      title: "HEARD",
      width: 7,
      align: "right",
      from: 60,
      // Beats come every second and a half: an age is told once one is late.
      cell: (worker, { now }) => {
        const age = sinceBeat(worker, now)
        return age <= lateBeatMillis ? { text: "fresh", tone: "good" } : { text: roughly(age), tone: "warn" }
      },
      value: ({ lastHeartbeatAt }) => lastHeartbeatAt
    },
    {
      title: "STARTED",
      width: 11,
      from: 70,
      cell: ({ startedAt }, { now }) => ({ text: clock(Date.parse(startedAt), now), tone: "dim" }),
      value: ({ startedAt }) => startedAt
    },
    { title: "VERSION", width: 8, from: 130, cell: ({ version }) => ({ text: version, tone: "dim" }) },
    // As events and the command line name it.
    { title: "ID", width: 36, from: 140, cell: ({ id }) => ({ text: id, tone: "dim" }) }
  ]
})
