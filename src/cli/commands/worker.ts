/** `worker <module>`: runs a user's own job types against real servers. */
import { builtInTypes } from "#infra/jobs/builtIn.ts"
import { Config, Effect, Option, Runtime, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { exitCodes } from "../exitCodes.ts"
import { launch } from "../launch.ts"
import { telemetry } from "../telemetry.ts"
import { distinct, loadJobTypes } from "../userModules.ts"

/** Without servers there is no broker that another process could reach. */
class NeedsServers extends Schema.TaggedError<NeedsServers>()("NeedsServers", { module: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.configuration
  override get message() {
    return `ODTO_DATABASE_URL is not set: a worker of its own needs real servers; to run the module in the embedded system: odd-dashboard up --jobs ${this.module}`
  }
}

export const worker = Command.make("worker", {
  modules: Argument.String("module").pipe(
    Argument.withDescription("TypeScript or JavaScript module that exports job types"),
    Argument.atLeast(1)
  ),
  builtIn: Flag.Boolean("built-in").pipe(
    Flag.withDescription("Also run the job types that come with the system"),
    Flag.withDefault(false)
  )
}, ({ builtIn, modules }) =>
  Effect.gen(function*() {
    const url = yield* Config.option(Config.String("ODTO_DATABASE_URL"))
    if (Option.isNone(url) || url.value === "") return yield* new NeedsServers({ module: modules[0] ?? "./jobs.ts" })
    const own = yield* Effect.forEach(modules, loadJobTypes)
    const types = yield* distinct([...(builtIn ? yield* builtInTypes : []), ...own.flat()])
    const { layerServer } = yield* Effect.promise(() => import("../programs/processor.ts"))
    return yield* launch(layerServer(types), {
      onReady: Effect.logInfo("the worker is ready", { types: types.map(({ description }) => description.name) }),
      stopping: "worker: draining",
      stopped: "worker: stopped",
      failure: Effect.never
    }).pipe(Effect.provide(telemetry("worker")))
  })).pipe(
    Command.withDescription("Run job types of your own against real servers"),
    Command.withExamples([{
      command: "odd-dashboard worker ./jobs.ts",
      description: "Every job type that the module exports"
    }])
  )
