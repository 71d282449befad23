/** Keeps the state up to date: reads what the screen wants, follows the events, asks for the role. */
import type { Transport } from "#client/Transport.ts"
import type { CloudEvent } from "#domain/JobEvent.ts"
import { Effect, FiberMap, Latch, Option, Schedule } from "effect"
import { restOf } from "../view-model/JobTable.ts"
import type { JobListName } from "../view-model/Message.ts"
import { viewStanding } from "../view-model/parts/header.ts"
import { standingOf } from "../view-model/sources.ts"
import type { State } from "../view-model/State.ts"
import { isCutOff } from "../view-model/troubles.ts"
import { type Api, askRole } from "./Api.ts"
import { followEvents } from "./followEvents.ts"
import { readWant } from "./readWant.ts"
import { rereadList } from "./rereadList.ts"
import type { Store } from "./Store.ts"
import { jobsWant, type Want, wantsMore, wantsOf, wantsReread } from "./wants.ts"

/** Without news everything is read this often, which keeps it fresh: ages are drawn from five seconds on. */
const pollMillis = 4_000
/** Between two readings when there is news all the time. */
const gapMillis = { quick: 100, counts: 250, slow: 1_000 } as const
/** After a failure: doubled from the first to the second. */
const firstPauseMillis = 500
const longestPauseMillis = 5_000
const rolePauseMillis = 5_000

export interface Living {
  readonly store: Store
  readonly api: Api
  readonly transport: Transport
}

const gapOf = (want: Want): number => {
  if (want._tag === "Jobs") return gapMillis.slow
  switch (want.source) {
    case "job":
    case "timeline":
      return gapMillis.quick
    case "stats":
    case "queues":
      return gapMillis.counts
    default:
      return gapMillis.slow
  }
}

/** Whether the events may have changed the answer. */
const concerns = (want: Want, events: ReadonlyArray<CloudEvent>): boolean => {
  if (want._tag === "Jobs") return true
  switch (want.source) {
    case "stats":
    case "queues":
    case "throughput":
      return true
    case "job":
    case "timeline":
      return events.some(({ subject }) => subject === want.subject)
    case "audit":
      return events.some(({ sequence }) => sequence === undefined)
    default:
      return false
  }
}

const isInTrouble = (state: State, want: Want): boolean =>
  (want._tag === "Jobs" ? state[want.list] : state.sources[want.source]).trouble !== undefined

export const make = Effect.fnUntraced(function*({ api, store, transport }: Living) {
  const reading = yield* FiberMap.make<string>()
  const start = yield* FiberMap.runtime(reading)()
  const nudges = new Map<string, Latch.Latch>()

  const read = (want: Want, after?: string) =>
    Effect.map(readWant(api, want, after), ({ failure, message }) => {
      store.send(message)
      return failure === undefined
    })

  const keepReading = (want: Want, nudge: Latch.Latch) =>
    Effect.gen(function*() {
      let failures = 0
      for (;;) {
        const isRead = yield* read(want)
        failures = isRead ? 0 : failures + 1
        const pause = isRead ? pollMillis : Math.min(longestPauseMillis, firstPauseMillis * 2 ** (failures - 1))
        const gap = Math.min(pause, gapOf(want))
        yield* Effect.sleep(gap)
        yield* Effect.raceFirst(Effect.sleep(pause - gap), Latch.await(nudge))
        Latch.closeUnsafe(nudge)
      }
    })

  const nudge = (which: (want: Want) => boolean) => {
    for (const want of wantsOf(store.state())) {
      if (which(want)) nudges.get(want.key)?.openUnsafe()
    }
  }
  const refresh = () => nudge(() => true)

  const attend = () => {
    const wants = wantsOf(store.state())
    const wanted = new Set(wants.map(({ key }) => key))
    for (const key of nudges.keys()) {
      if (wanted.has(key)) continue
      nudges.delete(key)
      start(key, Effect.void)
    }
    for (const want of wants) {
      if (nudges.has(want.key)) continue
      const latch = Latch.makeUnsafe(false)
      nudges.set(want.key, latch)
      start(want.key, keepReading(want, latch))
    }
    const list = wantsMore(store.state())
    if (list !== undefined) {
      const { isPartial } = store.state()[list]
      const want = jobsWant(store.state(), list)
      const after = restOf(store.state()[list])
      store.send({ _tag: "LoadingJobs", list })
      // A search that goes on by itself leaves the store some time for others.
      const pause = isPartial ? gapMillis.counts : 0
      start(`more ${list}`, Effect.asVoid(Effect.delay(read(want, after), pause)))
    }
    mend()
    complete()
  }
  let missed = 0
  /** Polling reads the first page alone: where events were missed the pages below it are read again as well. */
  const mend = () => {
    const { dropped, gaps } = store.state().tail
    if (dropped + gaps === missed) return
    missed = dropped + gaps
    for (const list of ["jobs", "dead"] as const) {
      if (store.state()[list].next !== undefined) start(`mend ${list}`, reread(list))
    }
  }
  const reread = (list: JobListName) => {
    const want = jobsWant(store.state(), list)
    return rereadList(store, list, (after) => readWant(api, want, after))
  }
  let isCompleting = false
  /** Where more jobs are made at once than the first page holds, those below it are read as well when they are seen. */
  const complete = () => {
    const list = isCompleting ? undefined : wantsReread(store.state())
    if (list === undefined) return
    isCompleting = true
    const done = Effect.sync(() => {
      isCompleting = false
    })
    start("complete", Effect.ensuring(Effect.delay(reread(list), gapMillis.slow), done))
  }
  yield* Effect.acquireRelease(Effect.sync(() => store.onChange(attend)), (stop) => Effect.sync(stop))
  attend()

  yield* Effect.forkScoped(followEvents({
    transport,
    send: (message) => {
      const wasLost = isCutOff(store.state())
      store.send(message)
      // Who is back is asked at once.
      if (wasLost && store.state().link.state === "live") refresh()
    },
    // What fails waits its pause out, however much happens meanwhile.
    onEvents: (events) => nudge((want) => !isInTrouble(store.state(), want) && concerns(want, events)),
    onGap: refresh
  }))

  yield* Effect.forkScoped(
    Effect.gen(function*() {
      const role = yield* Effect.option(askRole(api))
      if (Option.isSome(role)) store.send({ _tag: "RoleKnown", role: Option.getOrUndefined(role.value) })
      return Option.isSome(role)
    }).pipe(Effect.repeat({ until: (isKnown) => isKnown, schedule: Schedule.spaced(rolePauseMillis) }))
  )

  // Ages move only while they are drawn: with a fresh screen no second passes.
  yield* Effect.forkScoped(
    Effect.sync(() => {
      const now = Date.now()
      const state = store.state()
      const { standing } = viewStanding({ ...state, now })
      const isDrawn = state.link.state !== "live" || standing.state === "stale" ||
        Object.values(state.sources).some((source) =>
          standingOf(source, now).state === "stale" && source.trouble !== undefined
        )
      if (isDrawn) store.send({ _tag: "Ticked", now })
    }).pipe(Effect.repeat(Schedule.spaced("1 second")))
  )

  return { refresh }
})
