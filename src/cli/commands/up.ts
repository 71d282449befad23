/** `up`: the whole system in this process. */
import { builtInTypes } from "#infra/jobs/builtIn.ts"
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { defaultHome, homeFlag, homeOf } from "../home.ts"
import { typed } from "../invocation.ts"
import { launch } from "../launch.ts"
import * as Output from "../Output.ts"
import * as Settings from "../Settings.ts"
import { telemetry } from "../telemetry.ts"
import { distinct, loadJobTypes } from "../userModules.ts"

export const up = Command.make(
  "up",
  {
    jobs: Flag.String("jobs").pipe(
      Flag.withDescription("Module that exports your own job types; may be given several times"),
      Flag.withMetavar("FILE"),
      Flag.atLeast(0)
    ),
    home: homeFlag
  },
  Effect.fn(function*({ home, jobs }) {
    yield* Settings.checked
    const [{ DataFolder }, { GatewayServer }, { isLoopback }, { Pglite }, { ReadModelServer }, Embedded] = yield* Effect
      .promise(() =>
        Promise.all([
          import("#infra/pglite/DataFolder.ts"),
          import("#infra/http/GatewayServer.ts"),
          import("#infra/http/Guard.ts"),
          import("#infra/pglite/Pglite.ts"),
          import("#infra/http/ReadModelServer.ts"),
          import("../programs/embedded.ts")
        ])
      )
    const own = yield* Effect.forEach(jobs, loadJobTypes)
    const types = yield* distinct([...(yield* builtInTypes), ...own.flat()])
    const folder = yield* homeOf(home)
    return yield* launch(Embedded.layer({ folder, types }), {
      onReady: Effect.gen(function*() {
        const gateway = yield* GatewayServer
        const readModel = yield* ReadModelServer
        const held = yield* DataFolder
        // Other commands find the system through the data folder, so they must know which.
        const given = held.path === defaultHome() ? "" : `ODTO_HOME=${held.path} `
        const isOpen = !isLoopback(gateway.host)
        yield* Output.lines([
          "The task observatory is running.",
          "",
          `  gateway      ${gateway.url}/docs`,
          `  read model   ${readModel.url}/docs`,
          `  data folder  ${held.path}`,
          ...(isOpen ? [`  reached at   ${gateway.host}: every caller needs a token, in ODTO_TOKEN`] : []),
          "",
          `Try:  ${given}${isOpen ? "ODTO_TOKEN=<token> " : ""}${
            typed("submit demo.sleep --payload '{\"ms\":500}' --wait")
          }`,
          "Stop: Ctrl-C (once to finish what runs, twice to end at once)"
        ])
      }),
      stopping: "stopping: running jobs get time to end; Ctrl-C again ends at once",
      stopped: `stopped; the data stays in ${folder}`,
      failure: Effect.flatMap(Pglite, ({ failure }) => failure)
    }).pipe(Effect.provide(telemetry("embedded")))
  })
).pipe(
  Command.withDescription("Run the whole system in this process, with its data in a folder"),
  Command.withExamples([
    { command: "odd-dashboard up", description: "Gateway on 3000, read model on 8080" },
    { command: "odd-dashboard up --jobs ./jobs.ts", description: "With job types of your own" }
  ])
)
