/** `up`: the whole system in this process, or with `--cluster` in a kind cluster on this machine. */
import { builtInTypes } from "#infra/jobs/builtIn.ts"
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { maxPortOffset } from "../cluster/accessPoints.ts"
import { defaultHome, homeFlag, homeOf } from "../home.ts"
import { typed } from "../invocation.ts"
import { launch } from "../launch.ts"
import { refuseForeign } from "../NotTogether.ts"
import * as Output from "../Output.ts"
import * as Settings from "../Settings.ts"
import { telemetry } from "../telemetry.ts"
import { distinct, loadJobTypes } from "../userModules.ts"

/** Seconds for all of a start; a first one brings about a gigabyte of images. */
const clusterSeconds = 1_200

const clusterFlags = {
  cluster: Flag.Boolean("cluster").pipe(
    Flag.withDescription(
      "In a kind cluster on this machine, with docker, kind and kubectl. Broken off or run again, it goes on where it was"
    ),
    Flag.withDefault(false)
  ),
  minimal: Flag.Boolean("minimal").pipe(
    Flag.withDescription("With --cluster: one of each program, and less around them"),
    Flag.withDefault(false)
  ),
  pull: Flag.Boolean("pull").pipe(
    Flag.withDescription(
      "With --cluster: published images of this version. Default: images are built from this package"
    ),
    Flag.withDefault(false)
  ),
  timeout: Flag.Int("timeout").pipe(
    Flag.withDescription(`With --cluster: seconds for all of it. Default: ${clusterSeconds}`),
    Flag.filter((seconds) => seconds > 0, (seconds) => `must be positive, got ${seconds}`),
    Flag.optional
  ),
  portOffset: Flag.Int("port-offset").pipe(
    Flag.withDescription(
      "With --cluster: added to each port of this machine, when the cluster is made. Default: ODTO_CLUSTER_PORT_OFFSET, else 0"
    ),
    Flag.filter(
      (offset) => offset >= 0 && offset <= maxPortOffset,
      (offset) => `must be 0 to ${maxPortOffset}, got ${offset}`
    ),
    Flag.optional
  ),
  showCredentials: Flag.Boolean("show-credentials").pipe(
    Flag.withDescription(
      "With --cluster: print the admin token and passwords. Default: only when a terminal shows them"
    ),
    Flag.withDefault(false)
  )
}

export const up = Command.make(
  "up",
  {
    jobs: Flag.String("jobs").pipe(
      Flag.withDescription("Module that exports your own job types; may be given several times"),
      Flag.withMetavar("FILE"),
      Flag.atLeast(0)
    ),
    home: homeFlag,
    ...clusterFlags
  },
  Effect.fn(function*(flags) {
    const { home, jobs } = flags
    yield* refuseForeign("up", flags.cluster, {
      ofCluster: {
        "--minimal": flags.minimal,
        "--pull": flags.pull,
        "--show-credentials": flags.showCredentials,
        "--timeout": Option.isSome(flags.timeout),
        "--port-offset": Option.isSome(flags.portOffset)
      },
      ofEmbedded: { "--jobs": jobs.length > 0, "--home": Option.isSome(home) }
    })
    if (flags.cluster) {
      const [{ upCommand }, { portOffset }] = yield* Effect.promise(() =>
        Promise.all([import("../cluster/upCommand.ts"), import("../cluster/portOffset.ts")])
      )
      return yield* upCommand({
        overlay: flags.minimal ? "minimal" : "kind",
        pull: flags.pull,
        portOffset: yield* portOffset(flags.portOffset),
        timeoutSeconds: Option.getOrElse(flags.timeout, () => clusterSeconds),
        showCredentials: flags.showCredentials
      })
    }
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
  Command.withDescription(
    "Run the whole system in this process, with its data in a folder, or in a kind cluster on this machine"
  ),
  Command.withExamples([
    { command: "odd-dashboard up", description: "Gateway on 3000, read model on 8080" },
    { command: "odd-dashboard up --jobs ./jobs.ts", description: "With job types of your own" },
    {
      command: "odd-dashboard up --cluster",
      description: "On Kubernetes: makes a kind cluster, and runs a job as proof"
    },
    {
      command: "odd-dashboard up --cluster --minimal --json",
      description: "A small one; steps as one JSON document per line"
    }
  ])
)
