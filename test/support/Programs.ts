/** The programs as processes of their own, started from the sources and ended with the scope. */
import { Deferred, Effect, Schedule, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { inspect } from "node:util"
import { freePort } from "./servers/machine.ts"

const root = join(import.meta.dirname, "../..")
/** A program that has not ended this long after SIGTERM is killed. */
const endMillis = 30_000

export interface Program {
  readonly pid: number
  readonly output: () => string
  readonly kill: (signal: NodeJS.Signals) => void
  /** Exit code, or the signal that ended it. */
  readonly ended: Effect.Effect<number | NodeJS.Signals>
}

/** What a program of the tests must not inherit: the servers and settings of whoever runs the tests. */
const environment = (settings: Readonly<Record<string, string>>) => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("ODTO_"))),
  ...settings
})

export const start = (
  args: ReadonlyArray<string>,
  settings: Readonly<Record<string, string>>
): Effect.Effect<Program, never, Scope.Scope> =>
  Effect.gen(function*() {
    const ended = yield* Deferred.make<number | NodeJS.Signals>()
    let output = ""
    const child = yield* Effect.acquireRelease(
      Effect.sync((): ChildProcess => {
        const started = spawn(process.execPath, [join(root, "src/cli/main.ts"), ...args], {
          cwd: root,
          env: environment(settings),
          stdio: ["ignore", "pipe", "pipe"]
        })
        for (const stream of [started.stdout, started.stderr]) {
          stream?.on("data", (chunk: Buffer) => {
            output += chunk.toString("utf8")
          })
        }
        started.on("close", (code, signal) => Deferred.doneUnsafe(ended, Effect.succeed(code ?? signal ?? "SIGKILL")))
        return started
      }),
      (started) =>
        Effect.sync(() => started.kill("SIGTERM")).pipe(
          Effect.andThen(Deferred.await(ended).pipe(Effect.timeoutOption(endMillis))),
          Effect.andThen(Effect.sync(() => started.kill("SIGKILL")))
        )
    )
    return {
      pid: child.pid ?? 0,
      output: () => output,
      kill: (signal) => void child.kill(signal),
      ended: Deferred.await(ended)
    }
  })

class NotYet {
  readonly _tag = "NotYet"
  readonly last: unknown
  constructor(last: unknown) {
    this.last = last
  }
}

/** Asks again until `until` holds; a program that starts or restarts does not answer at once. Dies with the last answer. */
export const eventually = <A>(what: string, ask: () => Promise<A>, until: (answer: A) => boolean, millis = 60_000) =>
  Effect.suspend(() => {
    let last: unknown = "no answer"
    return Effect.tryPromise({ try: ask, catch: (cause) => new NotYet(cause) }).pipe(
      Effect.filterOrFail(until, (answer) => new NotYet(answer)),
      Effect.tapError((notYet) =>
        Effect.sync(() => {
          last = notYet.last
        })
      ),
      Effect.retry(Schedule.spaced("50 millis")),
      Effect.timeoutOrElse({
        duration: millis,
        orElse: () => Effect.die(new Error(`${what}: not within ${millis} ms; at last ${inspect(last)}`))
      })
    )
  })

/** What a server of ours answers is taken to be what its contract says; the contract has tests of its own. */
export const getJson = async <A>(url: string): Promise<A> => {
  const response = await fetch(url)
  const text = await response.text()
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`)
  const answer: A = JSON.parse(text)
  return answer
}

export interface Answer<A> {
  readonly status: number
  readonly headers: Headers
  readonly body: A
}

export const postJson = async <A>(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
): Promise<Answer<A>> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body)
  })
  const answer: A = JSON.parse(await response.text())
  return { status: response.status, headers: response.headers, body: answer }
}

/** Ports that nobody uses, as settings. */
export const freePorts = Effect.promise(async () => {
  const [gateway, readModel] = [await freePort(), await freePort()]
  return {
    settings: { ODTO_GATEWAY_PORT: String(gateway), ODTO_READ_MODEL_PORT: String(readModel) },
    gatewayUrl: `http://127.0.0.1:${gateway}`,
    readModelUrl: `http://127.0.0.1:${readModel}`
  }
})
