import * as Logging from "#infra/telemetry/Logging.ts"
import { assert, describe, it, vi } from "@effect/vitest"
import { Cause, Effect, type LogLevel } from "effect"

/** What the effect writes to stderr and to stdout, call by call. */
const written = (options: { readonly json: boolean; readonly level?: LogLevel.LogLevel }, log: Effect.Effect<void>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const lines: Array<string> = []
      const stdout: Array<string> = []
      const spies = [
        vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0),
        vi.spyOn(process.stdout, "write").mockImplementation((text) => stdout.push(String(text)) > 0)
      ]
      return { lines, spies, stdout }
    }),
    ({ lines, stdout }) =>
      log.pipe(
        Effect.provide(Logging.layer({ level: "Info", ...options })),
        Effect.map(() => ({ lines, stdout }))
      ),
    ({ spies }) => Effect.sync(() => spies.forEach((spy) => spy.mockRestore()))
  )

const messages = Effect.gen(function*() {
  yield* Effect.logDebug("not said")
  yield* Effect.logInfo("started", { port: 3_000 }).pipe(Effect.annotateLogs({ program: "gateway" }))
  yield* Effect.logError("broke", Cause.fail(new Error("no\nconnection")))
})

describe("Logs", () => {
  it.effect("are JSON lines on stderr when nobody watches", () =>
    Effect.gen(function*() {
      const { lines, stdout } = yield* written({ json: true }, messages)
      const [started, broke] = lines.map((line) => JSON.parse(line))

      assert.lengthOf(lines, 2)
      assert.isTrue(lines.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1))
      assert.deepInclude(started, {
        level: "INFO",
        message: "started",
        annotations: { program: "gateway", port: 3_000 }
      })
      assert.strictEqual(broke.message, "broke")
      assert.include(JSON.stringify(broke), "connection")
      assert.deepStrictEqual(stdout, [])
    }))

  it.effect("are one readable line each on a terminal", () =>
    Effect.gen(function*() {
      const { lines, stdout } = yield* written({ json: false }, messages)

      assert.lengthOf(lines, 2)
      assert.include(lines[0], "message=\"started port=3000\"")
      assert.include(lines[0], "level=INFO")
      assert.isTrue(lines.every((line) => line.indexOf("\n") === line.length - 1))
      assert.deepStrictEqual(stdout, [])
    }))

  it.effect("name the trace that they belong to", () =>
    Effect.gen(function*() {
      const { lines, span } = yield* Effect.gen(function*() {
        const { lines } = yield* written({ json: true }, Effect.logInfo("within"))
        return { lines, span: yield* Effect.currentSpan }
      }).pipe(Effect.withSpan("a span"))
      const { spanId, traceId } = JSON.parse(lines[0] ?? "")

      assert.deepStrictEqual({ spanId, traceId }, { spanId: span.spanId, traceId: span.traceId })
    }))

  it.effect("say as much as is asked for", () =>
    Effect.gen(function*() {
      assert.lengthOf((yield* written({ json: true, level: "Debug" }, messages)).lines, 3)
      assert.lengthOf((yield* written({ json: true, level: "Error" }, messages)).lines, 1)
      assert.lengthOf((yield* written({ json: true, level: "None" }, messages)).lines, 0)
    }))
})
