/** `odd-dashboard` without a command: the dashboard on a terminal, one screen of it with `--once`, else the help. */
import { Effect, Option, Redacted, Runtime, Schema } from "effect"
import { CliError, Flag } from "effect/cli"
import { stripVTControlCharacters } from "node:util"
import { setFlagsFromString } from "node:v8"
import { addresses, bearerToken, gateway, gatewayFlag, readModel, readModelFlag, tokenFlag } from "../api.ts"
import type { run } from "../dashboard/dashboard.tsx"
import type { ReachedCluster } from "../dashboard/launcher/clusterStart.ts"
import { frameOf, type ViewName, viewNames } from "../dashboard/view-model/Route.ts"
import { exitCodes } from "../exitCodes.ts"
import { defaultHome } from "../home.ts"
import { typed } from "../invocation.ts"
import * as Output from "../Output.ts"
import { commandText } from "../prerequisites/Prerequisite.ts"
import { checkedForDashboard } from "../Settings.ts"

export const dashboardFlags = {
  once: Flag.Boolean("once").pipe(Flag.withDescription("Print one screen as text and end"), Flag.withDefault(false)),
  readOnly: Flag.Boolean("read-only").pipe(
    Flag.withDescription("The dashboard offers nothing that changes anything"),
    Flag.withDefault(false)
  ),
  view: Flag.Literals("view", viewNames.filter((view) => view !== "job")).pipe(
    Flag.withDescription("View of the dashboard to begin with. Default: overview"),
    Flag.withDefault("overview")
  ),
  filter: Flag.String("filter").pipe(
    Flag.withDescription("Filter of that view, such as \"status:dead queue:mail\""),
    Flag.withDefault("")
  ),
  screenReader: Flag.Boolean("screen-reader").pipe(
    Flag.withDescription("The dashboard as plain sentences for a screen reader"),
    Flag.withDefault(false)
  )
}

export interface DashboardFlags {
  readonly once: boolean
  readonly readOnly: boolean
  readonly view: ViewName
  readonly filter: string
  readonly screenReader: boolean
}

/** A screen with such a filter would show what the filter does not say. */
class UnusableFilter extends Schema.TaggedError<UnusableFilter>()("UnusableFilter", { problem: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
  override get message() {
    return `--filter: ${this.problem}`
  }
}

const usable = Effect.fnUntraced(function*({ filter, view }: DashboardFlags) {
  if (filter === "") return
  const { filterProblems } = yield* Effect.promise(() => import("../dashboard/view-model/viewFilter.ts"))
  const [problem] = filterProblems(view, filter)
  if (problem !== undefined) return yield* new UnusableFilter({ problem })
})

/** A file or a pipe has no size: wide enough for every column that is not an id. */
const fallbackSize = { columns: 100, rows: 40 }

/**
 * Code is made to be small, and garbage is collected sooner than a server would: a quarter to a half less memory, for
 * some more collections of a millisecond.
 */
const saveMemory = () => {
  setFlagsFromString("--semi-space-growth-factor=1")
  setFlagsFromString("--heap-growing-percent=20")
  setFlagsFromString("--optimize-for-size")
}

const sizeNow = () => ({
  columns: process.stdout.columns ?? fallbackSize.columns,
  rows: process.stdout.rows ?? fallbackSize.rows
})

/** Reads once; a system of which nothing answers is a failure, as of any other command. */
const onceRead = Effect.fnUntraced(function*({ filter, readOnly, view }: DashboardFlags) {
  const { initial } = yield* Effect.promise(() => import("../dashboard/view-model/State.ts"))
  const { update } = yield* Effect.promise(() => import("../dashboard/view-model/update.ts"))
  const { readOnce } = yield* Effect.promise(() => import("../dashboard/live/readOnce.ts"))
  const api = { gateway: yield* gateway, readModel: yield* readModel }
  const now = Date.now()
  const blank = initial({
    ...(yield* addresses),
    now,
    size: sizeNow(),
    isReadOnly: readOnly,
    frame: frameOf(view, { filter })
  })
  const { failure, state } = yield* readOnce(api, update(blank, { _tag: "Ticked", now }))
  return failure === undefined ? state : yield* Effect.fail(failure)
})

/** What the dashboard has started it does not end. */
const tellWhatGoesOn = (home: string | undefined) =>
  Effect.gen(function*() {
    if (home === undefined) return
    const { DataFolder } = yield* Effect.promise(() => import("#infra/pglite/DataFolder.ts"))
    const holder = yield* Effect.orElseSucceed(DataFolder.holder(home), Option.none)
    if (Option.isNone(holder)) return
    const stop = typed(home === defaultHome() ? "down" : `down ${commandText(["--home", home])}`)
    yield* Output.note(`the system goes on in process ${holder.value.pid}; stop it with: ${stop}`)
  })

/** The dashboard of the system that commands find; or of the cluster, as if its addresses and token were given. */
const connected = (flags: DashboardFlags, loading: Promise<{ readonly run: typeof run }>) =>
  Effect.gen(function*() {
    const { run } = yield* Effect.promise(() => loading)
    const token = Option.map(yield* bearerToken, Redacted.value)
    yield* run({
      ...(yield* addresses),
      api: { gateway: yield* gateway, readModel: yield* readModel },
      token: Option.getOrUndefined(token),
      isReadOnly: flags.readOnly,
      isScreenReader: isScreenReader(flags),
      frame: frameOf(flags.view, { filter: flags.filter })
    })
  })

const inCluster = ({ gatewayUrl, readModelUrl, token }: ReachedCluster) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.provideService(gatewayFlag, Option.some(gatewayUrl)),
    Effect.provideService(readModelFlag, Option.some(readModelUrl)),
    Effect.provideService(tokenFlag, Option.some(Redacted.make(token)))
  )

const isScreenReader = ({ screenReader }: DashboardFlags): boolean =>
  screenReader || process.env["INK_SCREEN_READER"] === "true"

const show = Effect.fnUntraced(function*(flags: DashboardFlags) {
  saveMemory()
  let started: string | undefined
  yield* Effect.addFinalizer(() => tellWhatGoesOn(started))
  // Loaded while the system is asked whether it is there.
  const loading = import("../dashboard/dashboard.tsx")
  const { reach } = yield* Effect.promise(() => import("../dashboard/launcher/Situation.ts"))
  if ((yield* reach).trouble === undefined) return yield* connected(flags, loading)
  const { runLauncher } = yield* Effect.promise(() => import("../dashboard/launcher/runLauncher.tsx"))
  const connection = yield* runLauncher({
    isReadOnly: flags.readOnly,
    isScreenReader: isScreenReader(flags),
    onStart: (home) => {
      started = home
    }
  })
  if (connection === undefined) return
  if (connection.cluster === undefined) return yield* connected(flags, loading)
  yield* Effect.addFinalizer(() =>
    Output.note(
      `the cluster goes on; its credentials: ${typed("status --cluster --show-credentials")}, its end: ${
        typed("down --cluster")
      }`
    )
  )
  yield* connected(flags, loading).pipe(inCluster(connection.cluster))
}, Effect.scoped)

export const dashboard = Effect.fnUntraced(function*(flags: DashboardFlags) {
  yield* usable(flags)
  const isJson = yield* Output.jsonFlag
  if (!isJson && !flags.once && !(process.stdout.isTTY && process.stdin.isTTY)) {
    return yield* new CliError.ShowHelp({ commandPath: ["odd-dashboard"], errors: [] })
  }
  yield* checkedForDashboard
  if (isJson) {
    const { snapshotOf } = yield* Effect.promise(() => import("../dashboard/view-model/snapshot.ts"))
    return yield* Output.json(snapshotOf(yield* onceRead(flags)))
  }
  if (flags.once) {
    const state = yield* onceRead(flags)
    const { screenText } = yield* Effect.promise(() => import("../dashboard/once.tsx"))
    const { themeFrom } = yield* Effect.promise(() => import("../dashboard/theme.ts"))
    const text = screenText(state, themeFrom(process.env))
    return yield* Output.lines([process.stdout.isTTY ? text : stripVTControlCharacters(text)])
  }
  yield* show(flags)
})
