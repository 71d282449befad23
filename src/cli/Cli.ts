/** The command line: every command of the system. */
import { Command } from "effect/cli"
import { gatewayFlag, readModelFlag, tokenFlag } from "./api.ts"
import { bench } from "./commands/bench.ts"
import { contracts } from "./commands/contracts.ts"
import { cancel, replay } from "./commands/control.ts"
import { dashboard, dashboardFlags } from "./commands/dashboard.ts"
import { doctor } from "./commands/doctor.ts"
import { down } from "./commands/down.ts"
import { alerts, audit, events } from "./commands/events.ts"
import { job } from "./commands/job.ts"
import { jobs } from "./commands/jobs.ts"
import { logs } from "./commands/logs.ts"
import { migrate } from "./commands/migrate.ts"
import { queues } from "./commands/queues.ts"
import { rebuild } from "./commands/rebuild.ts"
import { secrets } from "./commands/secrets.ts"
import { serve } from "./commands/serve.ts"
import { stats, types } from "./commands/stats.ts"
import { status } from "./commands/status.ts"
import { submit } from "./commands/submit.ts"
import { token } from "./commands/token.ts"
import { up } from "./commands/up.ts"
import { watch } from "./commands/watch.ts"
import { worker } from "./commands/worker.ts"
import { exitCodesHelp } from "./exitCodes.ts"
import { jsonFlag } from "./Output.ts"

export const cli = Command.make("odd-dashboard", dashboardFlags, dashboard).pipe(
  Command.withDescription(
    `Distributed Task Observatory: run background jobs, and see what happened to every one of them\n\n${exitCodesHelp}\n\n` +
      "Shell completions: odd-dashboard --completions bash|zsh|fish|powershell"
  ),
  Command.withExamples([
    { command: "odd-dashboard", description: "The dashboard, on a terminal" },
    { command: "odd-dashboard up", description: "Start the system" },
    { command: "odd-dashboard submit demo.sleep --payload '{\"ms\":500}' --wait", description: "Run a job" },
    { command: "odd-dashboard watch", description: "Follow what happens" },
    { command: "odd-dashboard --once --view jobs --filter status:dead", description: "One screen as text" },
    { command: "odd-dashboard --completions bash >> ~/.bashrc", description: "Completions for bash" }
  ]),
  Command.withSubcommands([
    { group: "Start and stop", commands: [up, down, status, logs, doctor] },
    { group: "Jobs", commands: [submit, jobs, job, watch, events, cancel, replay] },
    { group: "System", commands: [stats, queues, types, alerts, audit, token, rebuild] },
    { group: "Programs", commands: [serve, worker, migrate, bench, contracts, secrets] }
  ]),
  Command.withGlobalFlags([jsonFlag, gatewayFlag, readModelFlag, tokenFlag])
)
