/** Logs and traces as the environment asks for them: of programs, which run for long, and of commands, which answer. */
import * as Logging from "#infra/telemetry/Logging.ts"
import * as Tracing from "#infra/telemetry/Tracing.ts"
import { Config, Effect, Layer, type LogLevel } from "effect"
import { version } from "./version.ts"

/** ODTO_LOG_LEVEL, ODTO_LOG_FORMAT=json|text (default: text on a terminal). */
const logs = (defaultLevel: LogLevel.LogLevel) =>
  Layer.unwrap(
    Effect.gen(function*() {
      const level = yield* Config.LogLevel("ODTO_LOG_LEVEL").pipe(Config.withDefault(defaultLevel))
      const format = yield* Config.Literals(["json", "text"], "ODTO_LOG_FORMAT").pipe(
        Config.withDefault(process.stderr.isTTY ? "text" : "json")
      )
      return Logging.layer({ json: format === "json", level })
    })
  )

/** Of a program: everything from Info on. */
export const telemetry = (program: string) => Layer.merge(logs("Info"), Tracing.layerConfig(program, version))

/** Of a command: what the stores that it opens itself have to warn of. Its answer alone goes to standard output. */
export const commandLogs = logs("Warn")
