/** Runs the dashboard on this terminal until somebody quits, and leaves the terminal as it was. */
import { transport } from "#client/Transport.ts"
import { Effect, FiberSet, Logger } from "effect"
import { render } from "ink"
import { App } from "./App.tsx"
import type { Api } from "./live/Api.ts"
import * as Live from "./live/live.ts"
import { perform } from "./live/perform.ts"
import { makeStore } from "./live/Store.ts"
import { makeTerminal } from "./terminal.ts"
import { spokenTheme, themeFrom } from "./theme.ts"
import { press } from "./view-model/press.ts"
import type { Frame } from "./view-model/Route.ts"
import { initial } from "./view-model/State.ts"

export interface DashboardOptions {
  readonly api: Api
  readonly gatewayUrl: string
  readonly readModelUrl: string
  readonly token: string | undefined
  readonly isReadOnly: boolean
  readonly isScreenReader: boolean
  readonly frame: Frame
}

export const run = (options: DashboardOptions) =>
  Effect.gen(function*() {
    const { api, frame, gatewayUrl, isReadOnly, readModelUrl, token } = options
    const store = yield* Effect.acquireRelease(
      Effect.sync(() =>
        makeStore(initial({
          now: Date.now(),
          size: { columns: process.stdout.columns, rows: process.stdout.rows },
          isReadOnly,
          gatewayUrl,
          readModelUrl,
          frame
        }))
      ),
      (held) => Effect.sync(held.close)
    )
    const acting = yield* FiberSet.make<void>()
    const start = yield* FiberSet.runtime(acting)()
    const terminal = makeTerminal()
    let refresh = () => {}
    const app = yield* Effect.acquireRelease(
      Effect.sync(() =>
        render(
          <App
            store={store}
            theme={options.isScreenReader ? spokenTheme : themeFrom(process.env)}
            terminal={terminal}
            onPress={(key) => {
              const { commands = [], messages = [] } = press(store.state(), key)
              store.send(...messages)
              for (const command of commands) {
                start(perform({ api, store, terminal, refresh: () => refresh() }, command))
              }
            }}
          />,
          {
            alternateScreen: !options.isScreenReader,
            exitOnCtrlC: false,
            incrementalRendering: true,
            interactive: true,
            isScreenReaderEnabled: options.isScreenReader,
            maxFps: 60
          }
        )
      ),
      (instance) => Effect.sync(() => instance.unmount())
    )
    const live = yield* Live.make({ api, store, transport: transport(readModelUrl, token) })
    refresh = live.refresh
    yield* Effect.promise(() => app.waitUntilExit())
    // Nothing may write beside the screen.
  }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
