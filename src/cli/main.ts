/** Entry of the command line. */
import "effect/schema/SchemaJITCompiler/enable"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Cause, ConfigProvider, Effect, Exit } from "effect"
import { Command } from "effect/cli"
import { layerHttp } from "./api.ts"
import { cli } from "./Cli.ts"
import { layer as layerTools } from "./cluster/processTools.ts"
import { exitCodes } from "./exitCodes.ts"
import { report } from "./failure.ts"
import { layerPresenter } from "./presenter.ts"
import { commandLogs } from "./telemetry.ts"
import { version } from "./version.ts"

/** A variable that is set to nothing, as compose files leave it, is a variable that is not set. */
const environment = ConfigProvider.layer(
  ConfigProvider.fromEnvRecord(
    Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== undefined && value !== ""))
  )
)

Command.run(cli, { version }).pipe(
  Effect.provide(commandLogs),
  Effect.provide([NodeServices.layer, layerHttp, layerPresenter, layerTools, environment]),
  Effect.catchCause((cause) => Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : report(cause)),
  (main) =>
    NodeRuntime.runMain(main, {
      disableErrorReporting: true,
      teardown: (exit, onExit) =>
        onExit(Number(process.exitCode ?? (Exit.isFailure(exit) ? exitCodes.interrupted : exitCodes.ok)))
    })
)
