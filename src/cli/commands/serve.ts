/** `serve <program>`: one program against real servers. */
import { builtInTypes } from "#infra/jobs/builtIn.ts"
import { Effect, type Layer } from "effect"
import { Argument, Command } from "effect/cli"
import { launch } from "../launch.ts"
import { type ProgramName, programs } from "../programs/identity.ts"
import { telemetry } from "../telemetry.ts"

const run = <A, E, R>(program: ProgramName, layer: Layer.Layer<A, E, R>) =>
  launch(layer, {
    onReady: Effect.logInfo(`${program} is ready`),
    stopping: `${program}: draining`,
    stopped: `${program}: stopped`,
    failure: Effect.never
  }).pipe(Effect.provide(telemetry(program)))

/** Each program is loaded only when it is the one to run. */
const start = Effect.fnUntraced(function*(program: ProgramName) {
  switch (program) {
    case "gateway":
      return yield* run(program, (yield* Effect.promise(() => import("../programs/gateway.ts"))).layerServer)
    case "dispatcher":
      return yield* run(program, (yield* Effect.promise(() => import("../programs/dispatcher.ts"))).layerServer)
    case "processor": {
      const { layerServer } = yield* Effect.promise(() => import("../programs/processor.ts"))
      return yield* run(program, layerServer(yield* builtInTypes))
    }
    case "metrics-engine":
      return yield* run(program, (yield* Effect.promise(() => import("../programs/metricsEngine.ts"))).layerServer)
    case "read-model":
      return yield* run(program, (yield* Effect.promise(() => import("../programs/readModel.ts"))).layerServer)
  }
})

export const serve = Command.make(
  "serve",
  { program: Argument.Literals("program", programs).pipe(Argument.withDescription("The program to run")) },
  ({ program }) => start(program)
).pipe(
  Command.withDescription(
    "Run one program against the servers of ODTO_DATABASE_URL, ODTO_AMQP_URL, ODTO_REDIS_URL and ODTO_MONGODB_URL"
  ),
  Command.withExamples([
    {
      command: "ODTO_DATABASE_URL=postgres://… odd-dashboard serve gateway",
      description: "The write side on port 3000"
    }
  ])
)
