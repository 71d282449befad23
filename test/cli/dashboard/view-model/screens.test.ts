import { glyph } from "#cli/dashboard/view-model/glyphs.ts"
import { lineWidth, textOf } from "#cli/dashboard/view-model/Line.ts"
import type { Message } from "#cli/dashboard/view-model/Message.ts"
import {
  alertsPanel,
  dependenciesPanel,
  jobsPanel,
  type Panel,
  ratesPanel,
  workersPanel
} from "#cli/dashboard/view-model/overview.ts"
import { eventsPanel, latencyPanel, queuesPanel } from "#cli/dashboard/view-model/overviewLists.ts"
import { firstLine, secondLine } from "#cli/dashboard/view-model/parts/header.ts"
import { frameOf } from "#cli/dashboard/view-model/Route.ts"
import type { Answer } from "#cli/dashboard/view-model/sources.ts"
import type { State } from "#cli/dashboard/view-model/State.ts"
import type { Stats } from "#domain/contract/ReadModelViews.ts"
import { QueueName } from "#domain/Job.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import {
  eventOf,
  freshnessAt,
  happened,
  idOf,
  jobsRead,
  newestFirst,
  noon,
  pageOf,
  stateOf,
  told
} from "../../../support/dashboard/Given.ts"

const ascii = (name: Parameters<typeof glyph>[0]) => glyph(name, "ascii")
const signs = { glyph: ascii, set: "ascii" } as const
const freshness = freshnessAt(noon)
const counts = { scheduled: 1, queued: 2, running: 3, retrying: 4, completed: 5_000, dead: 6, cancelled: 7 }
const none = { count: 0, p50Millis: null, p95Millis: null, p99Millis: null }

const stats: Stats = {
  jobs: { status: "ok", accepted: 5_023, pruned: 0, counts, freshness },
  workers: { status: "ok", live: 2, slots: 200, running: 3, freshness },
  relay: { status: "ok", epoch: 1, closed: "1", relayed: "1", lagMillis: 9_000, freshness },
  latencies: {
    status: "ok",
    types: [{ type: "demo.sleep", wait: { ...none, p50Millis: 10 }, run: { ...none, count: 5, p95Millis: 500 } }],
    rebuilding: false,
    freshness
  },
  broker: { status: "ok", connected: true, freshness }
}
const answered = (answer: Answer, at = noon): Message => ({ _tag: "Answered", answer, at })
const said = ({ lines, title }: Panel) => [title, ...lines.map(textOf)].join("\n")
const header = (state: State, columns = 120) =>
  [firstLine(state, columns, ascii), secondLine(state, columns, ascii)].map(textOf).join("\n")

describe("Freshness", () => {
  const read = stateOf(frameOf("jobs"), [
    { _tag: "Linked", state: "live", at: noon },
    jobsRead(pageOf(newestFirst(3, 1)))
  ])

  it("is a word that does not change with the time", () => {
    assert.include(header(read), "memory fresh")
    assert.strictEqual(header(told(read, { _tag: "Ticked", now: noon + 4_900 })), header(read))
  })

  it("is an age once it is past five seconds", () => {
    assert.include(header(told(read, { _tag: "Ticked", now: noon + 12_400 })), "memory stale 12.0 s")
  })

  it("counts the age that the store itself admits", () => {
    const old = stateOf(frameOf("jobs"), [
      jobsRead(pageOf([], { freshness: { ...freshness, ageMillis: 8_000, stale: true } }))
    ])

    assert.include(header(old), "stale 8.0 s")
  })

  it("of a source that never answered is that it is down, or being read", () => {
    const down = told(stateOf(), { _tag: "JobsNotRead", list: "jobs", filter: "", trouble: "nobody answers", at: noon })

    assert.include(header(stateOf()), "jobs reading")
    assert.include(header(down), "jobs down")
  })

  it("is what is worst among the sources of a view", () => {
    const state = told(
      stateOf(frameOf("overview"), [answered({ source: "stats", data: stats })]),
      { _tag: "NotAnswered", source: "alerts", trouble: "away", at: noon }
    )

    assert.include(header(state), "alerts down")
  })
})

describe("The header", () => {
  it("says that the connection is lost, and for how long", () => {
    const lost = stateOf(frameOf("jobs"), [
      { _tag: "Linked", state: "live", at: noon },
      { _tag: "Linked", state: "lost", detail: "no answer", at: noon },
      { _tag: "Linked", state: "lost", detail: "no answer", at: noon + 7_000 }
    ])

    assert.include(header(lost), "connection lost 7.0 s")
    assert.include(header(told(lost, { _tag: "Linked", state: "live", at: noon + 8_000 })), "* live")
  })

  it("says the way that led here, and whose eyes it is for", () => {
    const state = told(
      stateOf(frameOf("jobs", { filter: "queue:mail" }), [{ _tag: "RoleKnown", role: "viewer" }]),
      { _tag: "Opened", frame: frameOf("job", { subject: idOf(1) }) }
    )

    assert.include(header(state), "jobs(queue:mail) >")
    assert.include(header(state), "viewer")
    assert.include(header(stateOf(frameOf("jobs"), [], { isReadOnly: true })), "read-only")
  })

  it("says how many rows are above the selected one, and how many events wait", () => {
    const state = told(
      stateOf(frameOf("jobs"), [jobsRead(pageOf(newestFirst(50, 1)))]),
      { _tag: "Moved", by: 1 },
      happened(eventOf(51, "created"), eventOf(52, "created")),
      { _tag: "PauseToggled", now: noon },
      happened(eventOf(53, "created"))
    )

    assert.include(header(state), "^ 2 above")
    assert.include(header(state), "PAUSED, 1 waiting")
    assert.include(
      header(stateOf(frameOf("jobs"), [jobsRead(pageOf(newestFirst(300, 1), { next: "x" }))])),
      "1-20 of 300+"
    )
  })

  it.prop(
    "is never wider than the terminal, whatever the filter holds",
    { columns: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 })), filter: Schema.String },
    ({ columns, filter }) => {
      const state = stateOf(frameOf("jobs", { filter }), [], { columns })

      assert.isAtMost(lineWidth(firstLine(state, columns, ascii)), columns)
      assert.isAtMost(lineWidth(secondLine(state, columns, ascii)), columns)
    }
  )
})

describe("The overview", () => {
  const state = stateOf(frameOf("overview"), [
    answered({ source: "stats", data: stats }),
    answered({
      source: "throughput",
      data: {
        bucketSeconds: 5,
        rebuilding: true,
        freshness,
        points: [0, 5, 10, 15].map((created) => ({
          at: "",
          created,
          started: 0,
          completed: created * 1_000,
          failed: 0,
          dead: 0,
          cancelled: 0
        }))
      }
    }),
    answered({
      source: "queues",
      data: {
        freshness,
        queues: ["a", "b", "c"].map((name, index) => ({
          name: QueueName.make(name),
          paused: name === "b",
          pausedAt: null,
          pausedBy: null,
          counts: { ...counts, queued: index * 10_000 },
          dispatched: 0,
          oldestQueuedMillis: 125_000,
          liveSlots: 0,
          typesWithoutWorker: name === "c" ? ["demo.noop"] : []
        }))
      }
    }),
    answered({
      source: "alerts",
      data: {
        freshness,
        alerts: ["Backlog\u001b[2J", "Watchdog"].map((alertname) => ({
          fingerprint: alertname,
          status: "firing",
          labels: { alertname },
          annotations: {},
          startsAt: new Date(noon - 60_000).toISOString(),
          endsAt: null,
          receivedAt: new Date(noon).toISOString()
        }))
      }
    }),
    answered({
      source: "gateway",
      data: {
        status: "not-ready",
        program: "gateway",
        version: "1",
        dependencies: [{ name: "postgresql", state: "down", required: true, detail: "refused", tookMillis: 1 }]
      }
    })
  ])

  it("counts jobs by state, each with its word", () => {
    for (const [status, count] of Object.entries(counts)) {
      assert.match(said(jobsPanel(state, signs)), new RegExp(`${status} +${count.toLocaleString("en-US")}`))
    }
  })

  it("shows rates over the last whole buckets", () => {
    const text = said(ratesPanel(state, 60, signs))

    assert.match(text, /created +1\.5/)
    assert.match(text, /completed +1,500/)
    assert.include(text, "being rebuilt")
  })

  it("cuts no figure and no mark at forty columns, and no name that there is room for", () => {
    const longest = Math.max(
      ...[queuesPanel(state, 37, 5, signs), latencyPanel(state, 37, 5, signs), eventsPanel(state, 37, 5, signs)]
        .flatMap(({ lines }) => lines.map(lineWidth))
    )

    assert.isAtMost(longest, 38)
    assert.match(said(queuesPanel(state, 37, 5, signs)), /\nb +10\.0k +3 +2m\n +. paused\n/)
    assert.match(said(latencyPanel(state, 37, 5, signs)), /demo\.sleep +- +500 ms +-$/m)
  })

  it("shows the deepest queues first, with what holds them up", () => {
    const text = said(queuesPanel(state, 60, 2, signs))

    assert.match(text, /\nc +20\.0k +3 +2m {2}no worker\nb +10\.0k.*paused\nand 1 more/)
  })

  it("shows latencies as upper bounds, and a dash where there are none", () => {
    assert.match(said(latencyPanel(state, 100, 5, signs)), /demo\.sleep +10 ms +- +- +- +500 ms +-/)
  })

  it("shows firing alerts but the watchdog, and obeys nothing in their names", () => {
    assert.include(said(alertsPanel(state, 5, signs)), "! firing Backlog\\u001b[2J since 11:59:00")
    assert.notInclude(said(alertsPanel(state, 5, signs)), "Watchdog")
  })

  it("names each dependency with up or down", () => {
    assert.match(
      said(dependenciesPanel(state, signs)),
      /gateway +not-ready\n +x postgresql down refused\nread model: reading/
    )
  })

  it("says when the relay is behind", () => {
    assert.match(
      said(workersPanel(state, signs)),
      /2 live, 3\/200 busy\nrelay +9\.0 s behind\nbroker +connected/
    )
  })

  it("shows a store that is down as down, and never as zeros", () => {
    const down = { status: "down", source: "redis", detail: "refused" } as const
    const broken = stateOf(frameOf("overview"), [
      answered({ source: "stats", data: { ...stats, jobs: down, latencies: down, workers: down } }),
      { _tag: "NotAnswered", source: "queues", trouble: "no answer", at: noon }
    ])

    for (const panel of [jobsPanel(broken, signs), latencyPanel(broken, 100, 5, signs), workersPanel(broken, signs)]) {
      assert.include(said(panel), "x down redis: refused")
      assert.notMatch(panel.lines.slice(0, 1).map(textOf).join(""), /\d/)
    }
    assert.include(said(queuesPanel(broken, 60, 5, signs)), "x down queues: no answer")
  })
})
