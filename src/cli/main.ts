/** Entry of the command line. */
import "effect/schema/SchemaJITCompiler/enable"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Cause, Effect, Exit } from "effect"
import { Command } from "effect/cli"
import { layerHttp } from "./api.ts"
import { cli } from "./Cli.ts"
import { exitCodes } from "./exitCodes.ts"
import { report } from "./failure.ts"
import { layerPresenter } from "./presenter.ts"
import { version } from "./version.ts"

Command.run(cli, { version }).pipe(
  Effect.provide([NodeServices.layer, layerHttp, layerPresenter]),
  Effect.catchCause((cause) => Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : report(cause)),
  (main) =>
    NodeRuntime.runMain(main, {
      disableErrorReporting: true,
      teardown: (exit, onExit) =>
        onExit(Number(process.exitCode ?? (Exit.isFailure(exit) ? exitCodes.interrupted : exitCodes.ok)))
    })
)
