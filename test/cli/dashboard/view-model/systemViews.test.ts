/** The views of everything that is no job: queues, types, workers, alerts, events, audit log, access points. */
import { bindingOf } from "#cli/dashboard/view-model/keys/keyTable.ts"
import { textOf } from "#cli/dashboard/view-model/Line.ts"
import { suggestions } from "#cli/dashboard/view-model/palette.ts"
import { secondLine } from "#cli/dashboard/view-model/parts/header.ts"
import { frameOf, type ViewName } from "#cli/dashboard/view-model/Route.ts"
import { selectedId, windowNow } from "#cli/dashboard/view-model/selection.ts"
import type { Answer } from "#cli/dashboard/view-model/sources.ts"
import { type State, topOf } from "#cli/dashboard/view-model/State.ts"
import { tableOf } from "#cli/dashboard/view-model/views.ts"
import { JobTypeName, QueueName } from "#domain/Job.ts"
import type { QueueView } from "#domain/Queue.ts"
import { WorkerId, type WorkerView } from "#domain/Worker.ts"
import { assert, describe, it } from "@effect/vitest"
import {
  eventOf,
  freshnessAt,
  happened,
  idOf,
  noon,
  queueEvent,
  stateOf,
  told
} from "../../../support/dashboard/Given.ts"

const freshness = freshnessAt(noon)

const queueOf = (name: string, more: Partial<QueueView> = {}): QueueView => ({
  name: QueueName.make(name),
  paused: false,
  pausedAt: null,
  pausedBy: null,
  counts: { scheduled: 1, queued: 2, running: 3, retrying: 4, completed: 5, dead: 0, cancelled: 0 },
  dispatched: 0,
  oldestQueuedMillis: 4_000,
  liveSlots: 10,
  typesWithoutWorker: [],
  ...more
})

const workerOf = (more: Partial<WorkerView> = {}): WorkerView => ({
  id: WorkerId.make("01a208af-7260-75c6-8fc0-5380cf45cb02"),
  name: "processor/host-1",
  host: "host",
  pid: 1,
  state: "live",
  slots: 10,
  running: 2,
  types: [JobTypeName.make("demo.noop")],
  queues: null,
  startedAt: new Date(noon).toISOString(),
  lastHeartbeatAt: new Date(noon).toISOString(),
  leaseUntil: new Date(noon).toISOString(),
  version: "0.1.0",
  ...more
})

const read = (view: ViewName, ...answers: ReadonlyArray<Answer>): State =>
  stateOf(frameOf(view), answers.map((answer) => ({ _tag: "Answered", answer, at: noon })))

/** What the table of the view shows, cell by cell. */
const rowsOf = (state: State): ReadonlyArray<ReadonlyArray<string>> => {
  const frame = topOf(state)
  const table = tableOf(frame)
  if (table === undefined) throw new Error(`${frame.view} is no table`)
  return Array.from(
    { length: table.count(state, frame) },
    (_, index) => table.cells(state, frame, index).map(({ text }) => text)
  )
}

const press = (state: State, key: string) => bindingOf(state, key)?.reaction(state)

describe("The views of the system", () => {
  it("tell of every queue what waits, whether it is paused and which types have no worker", () => {
    const state = read("queues", {
      source: "queues",
      data: {
        queues: [queueOf("mail"), queueOf("slow", { paused: true, typesWithoutWorker: ["report.make"] })],
        freshness
      }
    })
    const [mail, slow] = rowsOf(state)

    assert.deepStrictEqual(mail, ["mail", "open", "7", "3", "4", "0", "5", "4 s", "10", ""])
    assert.includeMembers([...slow ?? []], ["slow", "paused", "report.make"])
  })

  it("say that they have not read, and never that there is nothing", () => {
    for (const view of ["queues", "types", "workers", "alerts", "audit"] as const) {
      const state = stateOf(frameOf(view))
      assert.match(tableOf(topOf(state))?.empty(state, topOf(state)) ?? "", /^reading/u)
    }
  })

  it("ask before a queue is paused, with what it will hit, and before it is resumed", () => {
    const admin = (state: State) => told(state, { _tag: "RoleKnown", role: "operator" })
    const open = admin(read("queues", { source: "queues", data: { queues: [queueOf("mail")], freshness } }))
    const paused = admin(
      read("queues", { source: "queues", data: { queues: [queueOf("mail", { paused: true })], freshness } })
    )
    const pause = press(open, "p")?.messages?.[0]
    const resume = press(paused, "p")?.messages?.[0]

    if (pause?._tag !== "Asked" || resume?._tag !== "Asked") throw new Error("nothing was asked")
    assert.include(
      pause.question.text,
      "7 jobs wait in it; what waits and what comes goes on waiting, 3 that run go on."
    )
    assert.deepStrictEqual(pause.question.command, { _tag: "PauseQueue", queue: "mail" })
    assert.notStrictEqual(pause.question.key, "p")
    const one = queueOf("mail", {
      counts: { ...queueOf("mail").counts, scheduled: 0, queued: 1, retrying: 0, running: 1 }
    })
    const single = press(admin(read("queues", { source: "queues", data: { queues: [one], freshness } })), "p")?.messages
    assert.include(
      JSON.stringify(single),
      "1 job waits in it; what waits and what comes goes on waiting, 1 that runs goes on."
    )
    assert.deepStrictEqual(resume.question.command, { _tag: "ResumeQueue", queue: "mail" })
  })

  it("keep the row that keys act on, wherever it comes to lie and even when it has gone", () => {
    const queuesRead = (...queues: ReadonlyArray<QueueView>) => ({
      _tag: "Answered" as const,
      answer: { source: "queues" as const, data: { queues, freshness } },
      at: noon
    })
    const byWaiting = stateOf(frameOf("queues", { sorting: { column: "waiting", descending: true } }), [
      { _tag: "RoleKnown", role: "operator" },
      queuesRead(queueOf("mail"), queueOf("slow", { counts: { ...queueOf("slow").counts, queued: 0 } }))
    ])
    const turned = told(
      byWaiting,
      queuesRead(queueOf("mail"), queueOf("slow", { counts: { ...queueOf("slow").counts, queued: 99 } }))
    )
    const gone = told(turned, queuesRead(queueOf("slow")))

    assert.strictEqual(selectedId(byWaiting), "mail")
    assert.deepStrictEqual(rowsOf(turned).map(([name]) => name), ["slow", "mail"])
    assert.strictEqual(selectedId(turned), "mail")
    assert.deepInclude(windowNow(turned), { first: 0, line: 1 })
    assert.isUndefined(selectedId(gone))
    assert.include(JSON.stringify(press(gone, "p")), "select a queue first")
    assert.strictEqual(selectedId(told(gone, { _tag: "Moved", by: 1 })), "slow")
    assert.strictEqual(topOf(told(turned, { _tag: "WentBack" })).view, "overview")
  })

  it("offer in the palette first what would be done to the queue that is selected", () => {
    const offered = (paused: boolean) =>
      suggestions(told(
        read("queues", { source: "queues", data: { queues: [queueOf("mail", { paused })], freshness } }),
        { _tag: "RoleKnown", role: "operator" },
        { _tag: "PromptOpened", kind: "palette" },
        { _tag: "PromptTyped", text: "pau" }
      ))[0]?.name

    assert.strictEqual(offered(false), "pause queue mail")
    assert.strictEqual(offered(true), "paused queue mail: resume it")
  })

  it("offer no action to a viewer", () => {
    const viewer = told(read("queues", { source: "queues", data: { queues: [queueOf("mail")], freshness } }), {
      _tag: "RoleKnown",
      role: "viewer"
    })

    assert.isUndefined(bindingOf(viewer, "p"))
    assert.isDefined(bindingOf(viewer, "U"))
  })

  it("lead from a queue, a type and an event to its jobs", () => {
    const queue = read("queues", { source: "queues", data: { queues: [queueOf("mail")], freshness } })
    const events = told(stateOf(frameOf("events")), happened(eventOf(1, "started"), eventOf(2, "completed")))
    const selected = told(events, { _tag: "Moved", by: 1 })
    const opened = press(queue, "enter")?.messages?.[0]
    const job = press(selected, "enter")?.messages?.[0]

    assert.deepInclude(opened, { _tag: "Opened", frame: frameOf("jobs", { filter: "queue:mail" }) })
    assert.deepInclude(job, { _tag: "Opened", frame: frameOf("job", { subject: idOf(2) }) })
  })

  it("lead nowhere from an event of a queue", () => {
    const state = told(stateOf(frameOf("events")), happened(queueEvent("mail", "queue-paused")), {
      _tag: "Moved",
      by: 1
    })

    assert.deepStrictEqual(press(state, "enter"), {})
  })

  it("show a worker's heartbeat as fresh, and its age once it is late", () => {
    const data = { workers: [workerOf()], freshness }
    const fresh = read("workers", { source: "workers", data })
    const late = told(fresh, { _tag: "Ticked", now: noon + 30_000 })

    assert.include(rowsOf(fresh)[0] ?? [], "fresh")
    assert.include(rowsOf(late)[0] ?? [], "30 s")
    assert.include(rowsOf(fresh)[0] ?? [], "2/10")
  })

  it("count what the tail of events has seen, dropped and missed, and how late it is", () => {
    const state = told(
      stateOf(frameOf("events")),
      { _tag: "Happened", events: [eventOf(1, "started", { at: noon - 40 })], dropped: 3, at: noon },
      { _tag: "Missed", at: noon }
    )
    const said = textOf(secondLine(state, 160, () => "*"))

    assert.include(said, "4 seen, 40 ms behind")
    assert.include(said, "3 dropped, 1 gaps")
  })

  it("put what fits the filter into every view, by its words", () => {
    const state = read("types", {
      source: "types",
      data: {
        types: ["mail.send", "report.make"].map((name) => ({
          name: JobTypeName.make(name),
          payloadSchema: {},
          maxAttempts: 3,
          backoff: { baseMillis: 100, factor: 2, maxMillis: 1_000, jitter: "none" },
          timeoutMillis: 1_000,
          liveWorkers: name === "mail.send" ? 0 : 2
        })),
        freshness
      }
    })
    const filtered = told(state, { _tag: "Filtered", filter: "mail" })

    assert.deepStrictEqual(rowsOf(filtered).map(([name, workers]) => [name, workers]), [["mail.send", "none"]])
    assert.lengthOf(rowsOf(state), 2)
  })

  it("open the runbook of an alert, when it names one that a browser may open", () => {
    const alertsWith = (url: string) =>
      read("alerts", {
        source: "alerts",
        data: {
          alerts: [{
            fingerprint: "f",
            status: "firing",
            labels: { alertname: "BacklogGrows", severity: "warning" },
            annotations: { summary: "it grows", runbook_url: url },
            startsAt: new Date(noon).toISOString(),
            endsAt: null,
            receivedAt: new Date(noon).toISOString()
          }],
          freshness
        }
      })

    assert.deepStrictEqual(press(alertsWith("https://runbooks.example/a"), "o"), {
      commands: [{ _tag: "Browse", url: "https://runbooks.example/a" }]
    })
    assert.isUndefined(press(alertsWith("file:///etc/passwd"), "o")?.commands)
    assert.include(
      JSON.stringify(press(alertsWith("docs/runbooks.md#backloggrows"), "o")),
      "what to do about BacklogGrows is in docs/runbooks.md#backloggrows"
    )
    assert.includeMembers([...rowsOf(alertsWith(""))[0] ?? []], ["firing", "BacklogGrows", "warning", "it grows"])
  })

  it("list the access points with their addresses, and claim of none that it answers before it did", () => {
    const unread = stateOf(frameOf("access"))
    const answering = told(unread, {
      _tag: "Answered",
      answer: { source: "gateway", data: { status: "ready", program: "gateway", version: "0", dependencies: [] } },
      at: noon
    })

    assert.deepStrictEqual(rowsOf(unread)[0]?.slice(0, 3), ["Gateway API", "asking", "http://gateway.example/docs"])
    assert.strictEqual(rowsOf(answering)[0]?.[1], "answers")
    assert.deepStrictEqual(press(answering, "o"), {
      commands: [{ _tag: "Browse", url: "http://gateway.example/docs" }]
    })
  })
})
