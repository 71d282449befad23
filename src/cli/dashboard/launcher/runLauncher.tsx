/** Runs the launcher until there is a system to connect to, or somebody quits. */
import { Deferred, Effect, FiberHandle, FiberSet, Logger } from "effect"
import { render } from "ink"
import { makeTerminal } from "../terminal.ts"
import { spokenTheme, themeFrom } from "../theme.ts"
import { type ReachedCluster, startCluster } from "./clusterStart.ts"
import { startEmbedded } from "./embeddedStart.ts"
import { Launcher } from "./Launcher.tsx"
import { press } from "./launcherKeys.ts"
import { beginning, type LauncherCommand } from "./LauncherState.ts"
import { makeLauncherStore } from "./launcherStore.ts"
import { runOnTerminal } from "./runOnTerminal.ts"
import { lookAround } from "./Situation.ts"

/** A start is watched by the second. */
const tick = "1 second"

/** What the launcher suspends for a while, so that a program has the terminal. */
type Suspend = (run: () => Promise<void>) => Promise<void>

export interface LauncherOptions {
  readonly isReadOnly: boolean
  readonly isScreenReader: boolean
  /** Called with the data folder when the embedded system is started, whether or not it then answers. */
  readonly onStart: (home: string) => void
}

/** What to connect to: a cluster that was started here, else the system that commands find now. */
export interface Connection {
  readonly cluster: ReachedCluster | undefined
}

/** Undefined: somebody quit. */
export const runLauncher = Effect.fn("runLauncher")(
  function*({ isReadOnly, isScreenReader, onStart }: LauncherOptions) {
    const size = { columns: process.stdout.columns, rows: process.stdout.rows }
    const store = makeLauncherStore(beginning({ size, now: Date.now(), isReadOnly }))
    const terminal = makeTerminal()
    const outcome = yield* Deferred.make<Connection | undefined>()
    const acting = yield* FiberSet.make<void>()
    const context = yield* Effect.context<Effect.Services<typeof lookAround>>()
    const start = yield* FiberSet.runtime(acting)()
    const launching = yield* FiberHandle.make<void>()
    let suspend: Suspend = (run) => run()

    const look = Effect.map(lookAround, (situation) => store.send({ _tag: "Found", situation })).pipe(
      Effect.catch((error) =>
        Effect.sync(() => store.send({ _tag: "Said", toast: { text: error.message, tone: "bad" } }))
      )
    )
    /** On the terminal itself; what it has changed is looked at afterwards. */
    const runInstead = (command: ReadonlyArray<string>) =>
      Effect.promise(() => suspend(() => runOnTerminal(command))).pipe(
        Effect.andThen(Effect.sync(() => store.send({ _tag: "Looking" }))),
        Effect.andThen(look)
      )
    const launch = Effect.flatMap(
      startCluster((message) => store.send(message)),
      (cluster) => cluster === undefined ? Effect.void : Effect.asVoid(Deferred.succeed(outcome, { cluster }))
    )
    const perform = (command: LauncherCommand) =>
      Effect.gen(function*() {
        switch (command._tag) {
          case "Connect":
            return yield* Deferred.succeed(outcome, { cluster: undefined })
          case "Quit":
            return yield* Deferred.succeed(outcome, undefined)
          case "Look":
            return yield* look
          case "StartEmbedded": {
            const home = store.state().situation?.home
            if (home === undefined) return
            onStart(home)
            if (yield* startEmbedded(home, (message) => store.send(message))) {
              yield* Deferred.succeed(outcome, { cluster: undefined })
            }
            return
          }
          case "Copy": {
            const how = yield* Effect.promise(() => terminal.copy(command.text))
            return store.send({
              _tag: "Said",
              toast: how === undefined
                ? { text: `select it yourself: ${command.text}`, tone: "warn" }
                : { text: `${how}: ${command.text}`, tone: "good" }
            })
          }
          case "LaunchCluster":
            return yield* FiberHandle.run(launching, launch, { onlyIfMissing: true })
          case "CancelCluster":
            return yield* FiberHandle.clear(launching)
          case "Run":
            return yield* runInstead(command.command)
          case "Sleep":
            return terminal.suspend()
        }
      }).pipe(Effect.asVoid, Effect.provideContext(context))

    yield* Effect.acquireRelease(
      Effect.sync(() =>
        render(
          <Launcher
            store={store}
            theme={isScreenReader ? spokenTheme : themeFrom(process.env)}
            lend={(lent) => {
              suspend = (run) => lent.suspend(run)
              terminal.lend({ suspend: () => lent.suspend(), quit: lent.quit })
            }}
            onPress={(key) => {
              const { commands = [], messages = [] } = press(store.state(), key)
              store.send(...messages)
              for (const command of commands) start(perform(command))
            }}
          />,
          {
            alternateScreen: !isScreenReader,
            exitOnCtrlC: false,
            interactive: true,
            isScreenReaderEnabled: isScreenReader,
            maxFps: 30
          }
        )
      ),
      (instance) => Effect.sync(() => instance.unmount())
    )
    start(Effect.provideContext(look, context))
    yield* Effect.forkScoped(
      Effect.forever(Effect.andThen(
        Effect.sleep(tick),
        Effect.sync(() => {
          // A clock that ticks is drawn only while something is started.
          if (store.state().steps.at(-1)?.state === "running") store.send({ _tag: "Ticked", now: Date.now() })
        })
      ))
    )
    return yield* Deferred.await(outcome)
  },
  Effect.scoped,
  Effect.provide(Logger.layer([]))
)
