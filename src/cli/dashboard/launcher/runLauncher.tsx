/** Runs the launcher until there is a system to connect to, or somebody quits. */
import { Deferred, Effect, FiberSet, Logger } from "effect"
import { render } from "ink"
import { spawn } from "node:child_process"
import { copyText } from "../clipboard.ts"
import { themeFrom } from "../theme.ts"
import { startEmbedded } from "./embeddedStart.ts"
import { Launcher } from "./Launcher.tsx"
import { beginning, type LauncherCommand, press } from "./LauncherState.ts"
import { makeLauncherStore } from "./launcherStore.ts"
import { commandText } from "./Prerequisite.ts"
import { lookAround } from "./Situation.ts"

/** A start is watched by the second. */
const tick = "1 second"

interface Lent {
  readonly suspend: (run: () => Promise<void>) => Promise<void>
  readonly quit: () => void
}

/** Stops reading: else this process would take what is typed for the other one. Only a stream that flows can be paused. */
const letGoOfInput = () => {
  process.stdin.resume()
  process.stdin.pause()
}

/** Runs a command on the terminal itself, so that its prompts work; ends when somebody has read what it said. */
const runOnTerminal = async (command: ReadonlyArray<string>): Promise<void> => {
  const [name = "", ...args] = command
  letGoOfInput()
  process.stdout.write(`$ ${commandText(command)}\n`)
  const end = await new Promise<string>((resolve) => {
    const child = spawn(name, args, { stdio: "inherit" })
    child.on("error", (error) => resolve(error.message))
    child.on("close", (code, signal) => resolve(`ended with ${code ?? signal}`))
  })
  process.stdout.write(`\n${end}. Press Enter to go back.\n`)
  await new Promise<void>((resolve) => {
    process.stdin.resume()
    process.stdin.once("data", () => resolve())
  })
  letGoOfInput()
}

/** True: connect to the system that commands find now. False: somebody quit. */
export const runLauncher = Effect.gen(function*() {
  const size = { columns: process.stdout.columns, rows: process.stdout.rows }
  const store = makeLauncherStore(beginning(size, Date.now()))
  const outcome = yield* Deferred.make<boolean>()
  const acting = yield* FiberSet.make<void>()
  const context = yield* Effect.context<Effect.Services<typeof lookAround>>()
  const start = yield* FiberSet.runtime(acting)()
  let lent: Lent | undefined

  const look = Effect.map(lookAround, (situation) => store.send({ _tag: "Found", situation })).pipe(
    Effect.catch((error) =>
      Effect.sync(() => store.send({ _tag: "Said", toast: { text: error.message, tone: "bad" } }))
    )
  )
  const perform = (command: LauncherCommand) =>
    Effect.gen(function*() {
      switch (command._tag) {
        case "Connect":
          return yield* Deferred.succeed(outcome, true)
        case "Quit":
          return yield* Deferred.succeed(outcome, false)
        case "Look":
          return yield* look
        case "StartEmbedded": {
          const home = store.state().situation?.home ?? ""
          if (yield* startEmbedded(home, (message) => store.send(message))) yield* Deferred.succeed(outcome, true)
          return
        }
        case "Copy": {
          const how = yield* Effect.promise(() => copyText(command.text))
          return store.send({
            _tag: "Said",
            toast: how === undefined
              ? { text: `select it yourself: ${command.text}`, tone: "warn" }
              : { text: `copied by ${how}: ${command.text}`, tone: "good" }
          })
        }
        case "Run":
          yield* Effect.promise(() => lent?.suspend(() => runOnTerminal(command.command)) ?? Promise.resolve())
          store.send({ _tag: "Looking" })
          return yield* look
      }
    }).pipe(Effect.asVoid, Effect.provideContext(context))

  yield* Effect.acquireRelease(
    Effect.sync(() =>
      render(
        <Launcher
          store={store}
          theme={themeFrom(process.env)}
          lend={(given) => {
            lent = given
          }}
          onPress={(key) => {
            const { commands = [], messages = [] } = press(store.state(), key)
            store.send(...messages)
            for (const command of commands) start(perform(command))
          }}
        />,
        { alternateScreen: true, exitOnCtrlC: false, interactive: true, maxFps: 30 }
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
}).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
