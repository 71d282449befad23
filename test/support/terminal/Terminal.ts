/**
 * Programs in a real pseudo-terminal, seen as a person sees them: what they write goes through a terminal emulator, and
 * tests read its screen. Ended with the scope.
 */
import xterm from "@xterm/headless"
import { Deferred, Effect, type Scope } from "effect"
import { spawn } from "node-pty"
import { type Picture, pictureOf } from "./picture.ts"

export interface TerminalOptions {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  /** All of it: nothing of whoever runs the tests reaches the program. TERM is `xterm-256color` unless given. */
  readonly env: Readonly<Record<string, string>>
  readonly columns: number
  readonly rows: number
}

export interface Ended {
  readonly code: number
  readonly signal: number | undefined
}

export interface Terminal {
  readonly pid: number
  /** The lines of the screen without blanks at their ends, joined. */
  readonly text: () => string
  /** The screen with its colours and attributes. */
  readonly picture: () => Picture
  /** Whether a full-screen program holds the screen, as opposed to the one with history. */
  readonly isAlternate: () => boolean
  /** Bytes that the program has written so far. */
  readonly written: () => number
  /** What the program has written so far, escape sequences included: the last 1 MiB of it. */
  readonly raw: () => string
  readonly type: (keys: string) => Effect<void>
  readonly resize: (columns: number, rows: number) => Effect<void>
  readonly kill: (signal: NodeJS.Signals) => Effect<void>
  /** Waits for the screen to become so; dies with the last screen when it does not. Default: within 10 seconds. */
  readonly until: (what: string, holds: (text: string) => boolean, millis?: number) => Effect<string>
  readonly ended: Effect<Ended>
}
type Effect<A> = Effect.Effect<A>

const patienceMillis = 10_000
/** Bytes of output that are kept for looking at. */
const keptBytes = 1_048_576

/** What a terminal sends for keys that are no character. */
export const keys = {
  enter: "\r",
  esc: "\u001b",
  tab: "\t",
  shiftTab: "\u001b[Z",
  backspace: "\u007f",
  up: "\u001b[A",
  down: "\u001b[B",
  right: "\u001b[C",
  left: "\u001b[D",
  pageUp: "\u001b[5~",
  pageDown: "\u001b[6~",
  ctrlC: "\u0003",
  ctrlZ: "\u001a"
} as const

export const open = (options: TerminalOptions): Effect.Effect<Terminal, never, Scope.Scope> =>
  Effect.gen(function*() {
    const screen = new xterm.Terminal({
      cols: options.columns,
      rows: options.rows,
      allowProposedApi: true,
      scrollback: 0
    })
    // After the program, whose last words it still reads.
    yield* Effect.addFinalizer(() => Effect.sync(() => screen.dispose()))
    const ended = yield* Deferred.make<Ended>()
    const watchers = new Set<() => void>()
    let written = 0
    let raw = ""
    const program = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const started = spawn(options.command, [...options.args], {
          name: options.env["TERM"] ?? "xterm-256color",
          cols: options.columns,
          rows: options.rows,
          cwd: options.cwd,
          env: { TERM: "xterm-256color", ...options.env }
        })
        started.onData((data) => {
          written += Buffer.byteLength(data)
          raw = (raw + data).slice(-keptBytes)
          screen.write(data, () => watchers.forEach((look) => look()))
        })
        // What the emulator answers to questions of the program, as a terminal would.
        screen.onData((answer) => started.write(answer))
        // The emulator reads later than it is written to: only then is its screen what the program left.
        started.onExit(({ exitCode, signal }) =>
          screen.write(
            "",
            () =>
              Deferred.doneUnsafe(ended, Effect.succeed({ code: exitCode, signal: signal === 0 ? undefined : signal }))
          )
        )
        return started
      }),
      (started) =>
        Effect.suspend(() => {
          if (Deferred.isDoneUnsafe(ended)) return Effect.void
          started.kill("SIGKILL")
          return Effect.asVoid(Deferred.await(ended))
        })
    )

    const lines = () =>
      Array.from(
        { length: screen.rows },
        (_, row) => screen.buffer.active.getLine(screen.buffer.active.baseY + row)?.translateToString(true) ?? ""
      )
    const text = () => lines().join("\n").trimEnd()

    return {
      pid: program.pid,
      text,
      picture: () => pictureOf(screen),
      isAlternate: () => screen.buffer.active.type === "alternate",
      written: () => written,
      raw: () => raw,
      type: (typed) => Effect.sync(() => program.write(typed)),
      resize: (columns, rows) =>
        Effect.sync(() => {
          screen.resize(columns, rows)
          program.resize(columns, rows)
        }),
      kill: (signal) => Effect.sync(() => process.kill(program.pid, signal)),
      ended: Deferred.await(ended),
      until: (what, holds, millis = patienceMillis) =>
        Effect.callback<string>((resume) => {
          const look = () => {
            // A frame that is still being written is not yet a screen.
            if (screen.modes.synchronizedOutputMode) return
            const now = text()
            if (!holds(now)) return
            watchers.delete(look)
            resume(Effect.succeed(now))
          }
          watchers.add(look)
          look()
          return Effect.sync(() => watchers.delete(look))
        }).pipe(
          Effect.timeoutOrElse({
            duration: millis,
            orElse: () => Effect.die(new Error(`${what}: not within ${millis} ms; the screen is\n${text()}`))
          })
        )
    }
  })
