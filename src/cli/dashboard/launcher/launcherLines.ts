/** The launcher as lines: what there is, what can be done with one key, and how a start goes. Nothing is cut off. */
import { commandText, type Prerequisite, troubles } from "../../prerequisites/Prerequisite.ts"
import type { GlyphName, GlyphSet } from "../view-model/glyphs.ts"
import { shownKey } from "../view-model/keys/keyNames.ts"
import { blank, fillLine, joined, type Line, line, lineWidth, type Span, span, type Tone } from "../view-model/Line.ts"
import { fit, plain, widthOf, wrap, wrapWords } from "../view-model/plainText.ts"
import { duration, plural } from "../view-model/words.ts"
import { keysNow } from "./launcherKeys.ts"
import { type LauncherState, selectedPrerequisite, type Step } from "./LauncherState.ts"

export interface Signs {
  readonly glyph: (name: GlyphName) => string
  readonly set: GlyphSet
}

/** The text below itself where it does not fit beside `first`, which is `indent` columns wide. */
const hanging = (first: Line, indent: number, text: string, columns: number, tone?: Tone): ReadonlyArray<Line> =>
  text.split("\n").flatMap((part) => wrapWords(plain(part), Math.max(8, columns - indent - 1))).map((part, index) =>
    (index === 0 ? first : [span(" ".repeat(indent))]).concat(span(part, tone))
  )

/** A sign that says whether it is there; what may well be absent is no trouble. */
const mark = (isThere: boolean, isNeeded: boolean, { glyph }: Signs): Span =>
  isThere
    ? span(`${glyph("up")} `, "good")
    : isNeeded
    ? span(`${glyph("down")} `, "bad")
    : span(`${glyph("stopped")} `, "dim")

const lookingAround = [line("  looking around this machine", "dim")]

const startLines = ({ situation, size }: LauncherState, signs: Signs): ReadonlyArray<Line> => {
  if (situation === undefined) return lookingAround
  const { embeddedPid, gatewayUrl, hasCluster, home, trouble } = situation
  const wanting = troubles(situation.prerequisites).length
  const row = (isThere: boolean, isNeeded: boolean, what: string, text: string) =>
    hanging([span("  "), mark(isThere, isNeeded, signs), span(fit(what, 10), "strong")], 14, text, size.columns)
  return [
    ...row(trouble === undefined, true, "system", trouble ?? `answers at ${gatewayUrl}`),
    ...row(
      embeddedPid !== undefined,
      false,
      "embedded",
      embeddedPid === undefined ? `none runs on ${home}` : `process ${embeddedPid} holds ${home}`
    ),
    ...row(hasCluster, false, "cluster", hasCluster ? "kind has the cluster odto" : "no kind cluster odto"),
    ...row(
      wanting === 0,
      false,
      "setup",
      wanting === 0
        ? "everything that a cluster needs is here"
        : `${plural(wanting, "thing")} that a cluster needs to be set up; the embedded system needs none`
    )
  ]
}

const states: Readonly<Record<Prerequisite["state"], readonly [GlyphName, Tone]>> = {
  ok: ["up", "good"],
  missing: ["down", "bad"],
  old: ["stale", "bad"],
  stopped: ["stopped", "warn"],
  refused: ["dead", "warn"],
  taken: ["stale", "warn"]
}

const prerequisiteLine = (of: Prerequisite, isSelected: boolean, { glyph }: Signs): Line => {
  const [name, tone] = states[of.state]
  return [
    span(isSelected ? `${glyph("selected")} ` : "  ", "accent"),
    span(fit(`${glyph(name)} ${of.state}`, 11), tone),
    span(fit(of.name, 15), isSelected ? "strong" : "text"),
    span(plain(of.detail), of.state === "ok" ? "dim" : "text")
  ]
}

/** Columns of a line of the list before the cause. */
const causeColumn = 28

/** What is wrong with the selected one as far as its line has no room for it, and the command that mends it. */
const remedyLines = (state: LauncherState): ReadonlyArray<Line> => {
  const selected = selectedPrerequisite(state)
  if (selected === undefined || selected.state === "ok") return []
  const { columns } = state.size
  const cause = plain(selected.detail)
  return [
    blank,
    ...(widthOf(cause) <= columns - causeColumn ? [] : hanging([span("  ")], 2, cause, columns)),
    ...(selected.command === undefined
      ? []
      : wrap(`$ ${commandText(selected.command)}`, Math.max(8, columns - 4)).map((part) => line(`  ${part}`, "key")))
  ]
}

const setupLines = (state: LauncherState, signs: Signs, room: number): ReadonlyArray<Line> => {
  const { selected, situation, size } = state
  if (situation === undefined) return lookingAround
  const all = situation.prerequisites
  const remedy = remedyLines(state)
  const title = [
    ...wrapWords("What a cluster on this machine needs. The embedded system needs none of it.", size.columns - 4)
      .map((part) => line(`  ${part}`, "dim")),
    blank
  ]
  const head = title.length + all.length + remedy.length <= room ? title : []
  const height = Math.max(1, Math.min(all.length, room - head.length - remedy.length))
  const first = Math.max(0, Math.min(selected - Math.floor(height / 2), all.length - height))
  return [
    ...head,
    ...all.slice(first, first + height).map((each, index) => prerequisiteLine(each, first + index === selected, signs)),
    ...remedy
  ]
}

const stepLines = (step: Step, { now, size }: LauncherState, { glyph }: Signs): ReadonlyArray<Line> => {
  const took = duration((step.endedAt ?? now) - step.startedAt)
  const [name, tone]: readonly [GlyphName, Tone] = step.state === "running"
    ? ["running", "busy"]
    : step.state === "done"
    ? ["completed", "good"]
    : ["dead", "bad"]
  const width = Math.max(8, Math.min(34, size.columns - 14))
  return [
    [span(`  ${glyph(name)} `, tone), span(fit(step.name, width)), span(fit(took, 9, "right"), "dim")],
    ...(step.detail === undefined
      ? []
      : hanging([span("      ")], 6, step.detail, size.columns, step.state === "failed" ? "warn" : "dim"))
  ]
}

const titles: Readonly<Record<LauncherState["view"], string>> = {
  start: "start",
  setup: "setup",
  progress: "starting"
}

const titleOf = ({ starting, view }: LauncherState): string =>
  view === "progress"
    ? `${titles.progress} ${starting === "cluster" ? "the cluster" : "the embedded system"}`
    : titles[view]

const bodyOf = (state: LauncherState, signs: Signs, room: number): ReadonlyArray<Line> =>
  state.view === "start"
    ? startLines(state, signs)
    : state.view === "setup"
    ? setupLines(state, signs, room)
    : state.steps.flatMap((step) => stepLines(step, state, signs))

/** Every key that does something now, on as many lines as that takes. */
const hintLines = (state: LauncherState, { set }: Signs): ReadonlyArray<Line> => {
  const hint = (key: string, label: string): Line => [
    span(shownKey(key, set === "ascii"), "key"),
    span(` ${label}`, "dim")
  ]
  const hints = state.asked !== undefined
    ? [hint("y", "yes"), [span("any other key", "key"), span(" no", "dim")]]
    : keysNow(state).flatMap(({ isHinted, keys: [key], label }) =>
      label === undefined || isHinted?.(state) === false ? [] : [hint(key, label)]
    )
  const rows: Array<Array<Line>> = [[]]
  for (const each of hints) {
    const row = rows.at(-1) ?? []
    if (row.length > 0 && lineWidth(joined([...row, each], span("  "))) > state.size.columns - 2) rows.push([each])
    else row.push(each)
  }
  return rows.map((row) => joined([[], joined(row, span("  "))], span(" ")))
}

const noteLines = ({ asked, size, toast }: LauncherState): ReadonlyArray<Line> =>
  asked?.command !== undefined
    ? hanging([span(" ")], 1, `Run on this machine: ${commandText(asked.command)} ?`, size.columns, "warn")
    : toast === undefined
    ? [blank]
    : hanging([span(" ")], 1, toast.text, size.columns, toast.tone)

/** Exactly as many lines as the terminal has, each as wide as it; where it is too low, what can be done comes first. */
export const launcherLines = (state: LauncherState, signs: Signs): ReadonlyArray<Line> => {
  const { columns, rows } = state.size
  const foot = [...noteLines(state), ...hintLines(state, signs)].slice(0, rows)
  const head: ReadonlyArray<Line> = [
    [span(" odd-dashboard ", "accent"), span(`${signs.glyph("crumb")} `, "dim"), span(titleOf(state), "title")],
    blank
  ]
  const height = rows - foot.length
  const above = [...head, ...bodyOf(state, signs, Math.max(0, height - head.length))].slice(0, height)
  return [...above, ...Array.from({ length: height - above.length }, () => blank), ...foot].map((each) =>
    fillLine(each, columns)
  )
}
