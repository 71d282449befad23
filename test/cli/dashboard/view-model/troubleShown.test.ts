/** That no screen says less trouble than there is. */
import { screenText } from "#cli/dashboard/once.tsx"
import { themeOf } from "#cli/dashboard/theme.ts"
import { layoutOf } from "#cli/dashboard/view-model/layout.ts"
import { textOf } from "#cli/dashboard/view-model/Line.ts"
import { looksSame } from "#cli/dashboard/view-model/looksSame.ts"
import type { Message } from "#cli/dashboard/view-model/Message.ts"
import { alertsPanel, dependenciesPanel, type Panel, workersPanel } from "#cli/dashboard/view-model/overview.ts"
import { latencyPanel } from "#cli/dashboard/view-model/overviewLists.ts"
import { secondLine } from "#cli/dashboard/view-model/parts/header.ts"
import { frameOf, type ViewName, viewNames } from "#cli/dashboard/view-model/Route.ts"
import { views } from "#cli/dashboard/view-model/views.ts"
import type { Stats } from "#domain/contract/ReadModelViews.ts"
import { WorkerId } from "#domain/Worker.ts"
import { assert, describe, it } from "@effect/vitest"
import { stripVTControlCharacters } from "node:util"
import { freshnessAt, idOf, jobsRead, noon, pageOf, stateOf, told } from "../../../support/dashboard/Given.ts"
import { answered } from "../../../support/dashboard/GivenJob.ts"

const signs = { glyph: (name: string) => name === "down" ? "x" : "*", set: "ascii" } as const
const freshness = freshnessAt(noon)
const said = ({ lines }: Panel) => lines.map(textOf).join("\n")
const later: Message = { _tag: "Ticked", now: noon + 60_000 }

const alerts = (count: number) =>
  answered({
    source: "alerts",
    data: {
      freshness,
      alerts: Array.from({ length: count }, (_, n) => ({
        fingerprint: `f${n}`,
        status: "firing",
        labels: { alertname: `Alert${n}` },
        annotations: {},
        startsAt: new Date(noon).toISOString(),
        endsAt: null,
        receivedAt: new Date(noon).toISOString()
      }))
    }
  })

const down = { status: "down", source: "rabbitmq", detail: "refused" } as const
const stats: Stats = {
  jobs: { ...down, source: "postgresql" },
  workers: { status: "ok", live: 2, slots: 200, running: 3, freshness },
  relay: { ...down, source: "postgresql" },
  latencies: { status: "ok", types: [], rebuilding: false, freshness },
  broker: down
}

describe("The overview", () => {
  it("counts the alerts that it has no room for", () => {
    const state = stateOf(frameOf("overview"), [alerts(7)])

    assert.include(said(alertsPanel(state, 5, signs)), "and 2 more")
    assert.notInclude(said(alertsPanel(state, 7, signs)), "more")
  })

  it("says of every panel how old it is, once it is", () => {
    const state = stateOf(frameOf("overview"), [alerts(0), answered({ source: "stats", data: stats })])

    for (
      const panelOf of [
        (of: typeof state) => alertsPanel(of, 5, signs),
        (of: typeof state) => latencyPanel(of, 100, 5, signs),
        (of: typeof state) => workersPanel(of, signs)
      ]
    ) {
      assert.notInclude(said(panelOf(state)), "stale")
      assert.include(said(panelOf(told(state, later))), "stale 1m 00s")
    }
  })

  it("shows relay and broker as down where they are", () => {
    const text = said(workersPanel(stateOf(frameOf("overview"), [answered({ source: "stats", data: stats })]), signs))

    assert.include(text, "x down rabbitmq: refused")
    assert.include(text, "x down postgresql: refused")
  })

  it("calls no program ready that does not answer, nor what it depends on up", () => {
    const ready = stateOf(frameOf("overview"), [answered({
      source: "gateway",
      data: {
        status: "ready",
        program: "gateway",
        version: "1",
        dependencies: [{ name: "postgresql", state: "up", required: true, tookMillis: 1 }]
      }
    })])
    const gone = told(ready, { _tag: "NotAnswered", source: "gateway", trouble: "refused", at: noon + 1_000 })

    assert.match(said(dependenciesPanel(ready, signs)), /gateway +ready\n +\* postgresql up/u)
    assert.match(said(dependenciesPanel(gone, signs)), /gateway +x no answer\n +\* postgresql was up/u)
    assert.include(said(dependenciesPanel(told(gone, later), signs)), "stale 1m 00s")
  })
})

describe("A source", () => {
  it("is as old as its newest answer says, though that draws the same as the one before", () => {
    const queues = (ageMillis: number, at: number) =>
      answered({ source: "queues", data: { queues: [], freshness: { ...freshness, ageMillis } } }, at)
    const word = (...messages: ReadonlyArray<Message>) =>
      textOf(secondLine(stateOf(frameOf("queues"), messages), 100, () => "*"))
    const poll: Message = { _tag: "Ticked", now: noon + 8_000 }

    assert.include(word(queues(4_000, noon), queues(0, noon + 4_000), poll), "fresh")
    assert.include(word(queues(0, noon), queues(4_000, noon + 4_000), poll), "stale 8.0 s")
  })
})

describe("Why nothing is read", () => {
  const trouble = "The token is not known, or was revoked; set ODTO_TOKEN"
  const failed = (view: ViewName): ReadonlyArray<Message> => [
    { _tag: "Linked", state: "denied", detail: trouble, at: noon },
    ...views[view].sources.map((source): Message => ({ _tag: "NotAnswered", source, trouble, at: noon })),
    ...(["jobs", "dead"] as const).map((list): Message => ({
      _tag: "JobsNotRead",
      list,
      filter: list === "dead" ? "status:dead" : "",
      trouble,
      at: noon
    }))
  ]
  const screen = (view: ViewName, columns: number, rows: number) =>
    stripVTControlCharacters(
      screenText(
        stateOf(frameOf(view, view === "job" ? { subject: idOf(1) } : {}), failed(view), { columns, rows }),
        themeOf({ name: "dark", colours: "none", glyphs: "ascii" })
      )
    )

  it("is said whole in every view and at every size, and nothing is called being read", () => {
    for (const [columns, rows] of [[40, 20], [80, 24], [100, 30]] as const) {
      for (const view of viewNames) {
        const text = screen(view, columns, rows)

        assert.include(text.replaceAll(/[\sx]+/gu, ""), trouble.replaceAll(/[\sx]+/gu, ""), `${view} at ${columns}`)
        assert.notMatch(text, /reading|since the dashboard began/u, view)
      }
    }
  })

  it("is no lost connection where it is the token", () => {
    const text = screen("jobs", 40, 20)

    assert.include(text, "x token refused")
    assert.notInclude(text, "lost")
  })

  it("takes no room where there is none, and none once there is an answer", () => {
    const small = stateOf(frameOf("jobs"), failed("jobs"), { columns: 40, rows: 6 })
    const mended = told(
      stateOf(frameOf("jobs"), failed("jobs")),
      { _tag: "Linked", state: "live", at: noon },
      jobsRead(
        pageOf([])
      )
    )

    assert.strictEqual(layoutOf(small).notice, 0)
    assert.strictEqual(layoutOf(mended).notice, 0)
  })
})

describe("A list", () => {
  it("says that there is more than it shows of the audit log", () => {
    const entry = { id: "1", at: new Date(noon).toISOString(), actor: "a", action: "b", subject: "c", detail: {} }
    const header = (next: string | null) =>
      textOf(
        secondLine(
          stateOf(frameOf("audit"), [answered({ source: "audit", data: { entries: [entry], next, freshness } })]),
          100,
          () => "*"
        )
      )

    assert.include(header("x"), "1-1 of 1+")
    assert.notInclude(header(null), "+")
  })

  it("is drawn anew while a worker is not heard of", () => {
    const beat = (at: number) =>
      answered({
        source: "workers",
        data: {
          freshness,
          workers: [{
            id: WorkerId.make("01a208af-7260-75c6-8fc0-5380cf45cb02"),
            name: "processor/1",
            host: "host",
            pid: 1,
            state: "expired",
            slots: 10,
            running: 0,
            types: [],
            queues: null,
            startedAt: new Date(noon).toISOString(),
            lastHeartbeatAt: new Date(noon).toISOString(),
            leaseUntil: new Date(noon).toISOString(),
            version: "1"
          }]
        }
      }, at)
    const live = stateOf(frameOf("workers"), [{ _tag: "Linked", state: "live", at: noon }, beat(noon)])

    assert.isTrue(looksSame(live, told(live, beat(noon + 4_000))))
    assert.isFalse(looksSame(told(live, beat(noon + 40_000)), told(live, beat(noon + 44_000))))
  })
})
