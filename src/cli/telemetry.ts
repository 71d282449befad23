/** Logs and traces of a program, as the environment asks for them. */
import * as Logging from "#infra/telemetry/Logging.ts"
import * as Tracing from "#infra/telemetry/Tracing.ts"
import { Config, Effect, Layer } from "effect"
import { version } from "./version.ts"

/** ODTO_LOG_LEVEL (default Info), ODTO_LOG_FORMAT=json|text (default: text on a terminal). */
export const telemetry = (program: string) =>
  Layer.unwrap(
    Effect.gen(function*() {
      const level = yield* Config.LogLevel("ODTO_LOG_LEVEL").pipe(Config.withDefault("Info"))
      const format = yield* Config.Literals(["json", "text"], "ODTO_LOG_FORMAT").pipe(
        Config.withDefault(process.stderr.isTTY ? "text" : "json")
      )
      return Layer.merge(Logging.layer({ json: format === "json", level }), Tracing.layerConfig(program, version))
    })
  )
