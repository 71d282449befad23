/** The launcher as lines: what there is, what can be done with one key, and how a start goes. */
import type { GlyphName, GlyphSet } from "../view-model/glyphs.ts"
import { shownKey } from "../view-model/keys/keyNames.ts"
import { asManyAsFit, blank, fillLine, type Line, line, type Span, span, type Tone } from "../view-model/Line.ts"
import { fit, plain, wrap } from "../view-model/plainText.ts"
import { duration, plural } from "../view-model/words.ts"
import { keysNow, type LauncherState, selectedPrerequisite, type Step } from "./LauncherState.ts"
import { commandText, type Prerequisite, troubles } from "./Prerequisite.ts"

export interface Signs {
  readonly glyph: (name: GlyphName) => string
  readonly set: GlyphSet
}

/** A sign that says whether it is there; what may well be absent is no trouble. */
const mark = (isThere: boolean, isNeeded: boolean, { glyph }: Signs): Span =>
  isThere
    ? span(`${glyph("up")} `, "good")
    : isNeeded
    ? span(`${glyph("down")} `, "bad")
    : span(`${glyph("stopped")} `, "dim")

const startLines = ({ situation }: LauncherState, signs: Signs): ReadonlyArray<Line> => {
  if (situation === undefined) return [line("  looking around this machine", "dim")]
  const { embeddedPid, gatewayUrl, hasCluster, home, trouble } = situation
  const wanting = troubles(situation.prerequisites).length
  const row = (isThere: boolean, isNeeded: boolean, what: string, text: string): Line => [
    span("  "),
    mark(isThere, isNeeded, signs),
    span(fit(what, 10), "strong"),
    span(plain(text))
  ]
  return [
    row(trouble === undefined, true, "system", trouble ?? `answers at ${gatewayUrl}`),
    row(
      embeddedPid !== undefined,
      false,
      "embedded",
      embeddedPid === undefined ? `none runs on ${home}` : `process ${embeddedPid} holds ${home}`
    ),
    row(hasCluster, false, "cluster", hasCluster ? "kind has the cluster odto" : "no kind cluster odto"),
    row(
      wanting === 0,
      false,
      "setup",
      wanting === 0
        ? "everything that a cluster needs is here"
        : `${plural(wanting, "thing")} that a cluster needs to be set up; the embedded system needs none`
    )
  ]
}

const stateTones: Readonly<Record<Prerequisite["state"], Tone>> = {
  ok: "good",
  missing: "bad",
  stopped: "warn",
  taken: "warn"
}
const stateGlyphs: Readonly<Record<Prerequisite["state"], GlyphName>> = {
  ok: "up",
  missing: "down",
  stopped: "stopped",
  taken: "stale"
}

const prerequisiteLine = (of: Prerequisite, isSelected: boolean, signs: Signs): Line => [
  span(isSelected ? `${signs.glyph("selected")} ` : "  ", "accent"),
  span(fit(`${signs.glyph(stateGlyphs[of.state])} ${of.state}`, 11), stateTones[of.state]),
  span(fit(of.name, 15), isSelected ? "strong" : "text"),
  span(plain(of.detail), of.state === "ok" ? "dim" : "text")
]

const setupLines = (state: LauncherState, signs: Signs): ReadonlyArray<Line> => {
  const { situation } = state
  if (situation === undefined) return [line("  looking around this machine", "dim")]
  const selected = selectedPrerequisite(state)
  return [
    line("  What a cluster on this machine needs. The embedded system needs none of it.", "dim"),
    blank,
    ...situation.prerequisites.map((each, index) => prerequisiteLine(each, index === state.selected, signs)),
    blank,
    ...(selected === undefined || selected.state === "ok"
      ? []
      : selected.command === undefined
      ? wrap(plain(selected.detail), Math.max(20, state.size.columns - 4)).map((part) => line(`  ${part}`, "warn"))
      : [[span("  $ ", "dim"), span(commandText(selected.command), "key")]])
  ]
}

const stepLine = (step: Step, now: number, signs: Signs): ReadonlyArray<Line> => {
  const took = duration((step.endedAt ?? now) - step.startedAt)
  const [name, tone]: readonly [GlyphName, Tone] = step.state === "running"
    ? ["running", "busy"]
    : step.state === "done"
    ? ["completed", "good"]
    : ["dead", "bad"]
  return [
    [span(`  ${signs.glyph(name)} `, tone), span(fit(step.name, 34)), span(fit(took, 9, "right"), "dim")],
    ...(step.detail === undefined
      ? []
      : [line(`      ${plain(step.detail)}`, step.state === "failed" ? "warn" : "dim")])
  ]
}

const titles: Readonly<Record<LauncherState["view"], string>> = {
  start: "start",
  setup: "setup",
  progress: "starting the embedded system"
}

const bodyOf = (state: LauncherState, signs: Signs): ReadonlyArray<Line> =>
  state.view === "start"
    ? startLines(state, signs)
    : state.view === "setup"
    ? setupLines(state, signs)
    : state.steps.flatMap((step) => stepLine(step, state.now, signs))

const footer = (state: LauncherState, { set }: Signs): Line =>
  asManyAsFit(
    keysNow(state).map((
      { keys: [key], label }
    ): Line => [span(shownKey(key, set === "ascii"), "key"), span(` ${label}`, "dim")]),
    state.size.columns - 2
  )

/** Exactly as many lines as the terminal has, each as wide as it. */
export const launcherLines = (state: LauncherState, signs: Signs): ReadonlyArray<Line> => {
  const { columns, rows } = state.size
  const head: ReadonlyArray<Line> = [
    [span(" odd-dashboard ", "accent"), span(`${signs.glyph("crumb")} `, "dim"), span(titles[state.view], "title")],
    blank
  ]
  const note: Line = state.asked?.command !== undefined
    ? [
      span(" Run ", "warn"),
      span(commandText(state.asked.command), "key"),
      span(" on this machine?  y: yes, any other key: no", "warn")
    ]
    : state.toast === undefined
    ? blank
    : line(` ${plain(state.toast.text)}`, state.toast.tone)
  const room = Math.max(0, rows - head.length - 2)
  const body = bodyOf(state, signs)
  const shown = [
    ...head,
    ...body.slice(0, room),
    ...Array.from({ length: Math.max(0, room - body.length) }, () => blank)
  ]
  return [...shown, note, [span(" "), ...footer(state, signs)]].slice(0, rows).map((each) => fillLine(each, columns))
}
