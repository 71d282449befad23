/** Whether two states draw the same screen: what is only newer, and as fresh as before, is not worth a frame. */
import type { JobTable } from "./JobTable.ts"
import type { Source } from "./sources.ts"
import { standingOf, standingWord } from "./sources.ts"
import { type State, topOf } from "./State.ts"
import { hasLateBeat } from "./tables/workers.ts"

const sameSource = (a: Source<unknown>, b: Source<unknown>, before: State, after: State): boolean =>
  a.data === b.data && a.trouble === b.trouble &&
  standingWord(standingOf(a, before.now)) === standingWord(standingOf(b, after.now))

const sameJobs = (a: JobTable, b: JobTable, before: State, after: State): boolean => {
  const word = (of: JobTable, now: number) => standingWord(standingOf({ data: undefined, ...of }, now, of.freshness))
  return a.shown === b.shown && a.filter === b.filter && a.next === b.next && a.trouble === b.trouble &&
    a.isPartial === b.isPartial && word(a, before.now) === word(b, after.now)
}

/** Ages that are drawn move with the clock. */
const isTicking = (state: State): boolean =>
  state.link.state !== "live" || Object.values(state.sources).some(({ trouble }) => trouble !== undefined) ||
  (topOf(state).view === "workers" && hasLateBeat(state))

export const looksSame = (before: State, after: State): boolean => {
  if (before === after) return true
  const { dead, jobs, now, sources, ...rest } = before
  const { dead: _, jobs: __, now: ___, sources: ____, ...others } = after
  const names = Object.entries(rest)
  const isRest = names.length === Object.keys(others).length &&
    names.every(([name, value]) => Object.is(value, Reflect.get(others, name)))
  return isRest && !(isTicking(after) && now !== after.now) &&
    sameJobs(jobs, after.jobs, before, after) && sameJobs(dead, after.dead, before, after) &&
    Object.entries(sources).every(([name, source]) =>
      sameSource(source, Reflect.get(after.sources, name), before, after)
    )
}
