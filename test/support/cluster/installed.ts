/** A machine of stand-ins with the package installed. */
import { Effect } from "effect"
import { dirname, join } from "node:path"
import { command, type RunOptions } from "../CommandLine.ts"
import { launcher } from "../dashboard/Dashboard.ts"
import { read } from "./Machine.ts"
import { installPackage } from "./packageFolder.ts"
import { programs, type ToolMachine, toolMachine } from "./StandIns.ts"

/** `run` runs its program there. */
export const installed = Effect.gen(function*() {
  const machine = yield* toolMachine()
  // It builds what is bundled, where the sources have changed.
  yield* command(["--version"], { program: launcher })
  const program = installPackage(join(dirname(machine.folder), "package"))
  const settings = { PATH: programs(machine), ODTO_HOME: machine.home, NO_COLOR: "1" }
  return {
    machine,
    program,
    settings,
    run: (args: ReadonlyArray<string>, options: RunOptions = {}) => command(args, { ...options, program, settings })
  }
})

export const until = (holds: () => boolean) =>
  Effect.repeat(Effect.tap(Effect.sync(holds), () => Effect.sleep("20 millis")), { until: Boolean })

/** The token that the cluster was given, when it has been. */
export const tokenIn = ({ folder }: ToolMachine): string =>
  Buffer.from(read(folder).secrets["odto-tokens"]?.["admin-token"] ?? "", "base64").toString("utf8")
