/** `doctor`: what would keep the system from running here, and what to do about it. */
import { Effect, Runtime, Schema } from "effect"
import { Command } from "effect/cli"
import { type Finding, ok, wrong } from "../doctor/Finding.ts"
import { exitCodes } from "../exitCodes.ts"
import { messageOf } from "../failure.ts"
import { asTyped } from "../invocation.ts"
import * as Output from "../Output.ts"
import { version } from "../version.ts"

class Unwell extends Schema.TaggedError<Unwell>()("Unwell", { findings: Schema.Int }) {
  override readonly [Runtime.errorExitCode] = exitCodes.failure
  override get message() {
    return `${this.findings} finding${this.findings === 1 ? "" : "s"}; each names its fix`
  }
}

/** The oldest Node that Effect 4 runs on; the launcher brings a newer one where it can. */
const oldest = [22, 19] as const

const node = (): Finding => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  const said = `${process.versions.node}, odd-dashboard ${version}`
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
    ? ok("node", said)
    : wrong("node", said, `install Node ${oldest.join(".")} or newer`)
}

/** A setting that cannot be read is a finding as well. */
const checked = <E, R>(subject: string, check: Effect.Effect<ReadonlyArray<Finding>, E, R>) =>
  Effect.catch(check, (error) => Effect.succeed([wrong(subject, messageOf(error), "correct the setting")]))

const line = ({ detail, fix, state, subject }: Finding): ReadonlyArray<string> => [
  state === "ok" ? Output.style.green("ok") : Output.style.red("wrong"),
  subject,
  Output.safe(detail) + (fix === undefined ? "" : `; ${asTyped(fix)}`)
]

export const doctor = Command.make("doctor", {}, () =>
  Effect.gen(function*() {
    const [{ dataFolder }, { ports }, { servers }, { tokens }] = yield* Effect.promise(() =>
      Promise.all([
        import("../doctor/dataFolder.ts"),
        import("../doctor/ports.ts"),
        import("../doctor/servers.ts"),
        import("../doctor/tokens.ts")
      ])
    )
    const findings = [
      node(),
      ...yield* checked("ports", ports),
      ...yield* checked("data folder", dataFolder),
      ...yield* checked("servers", servers),
      ...yield* checked("tokens", tokens)
    ]
    const wrongs = findings.filter(({ state }) => state === "wrong").length
    yield* Output.print({ well: wrongs === 0, findings }, () => Output.table(["", "WHAT", "FOUND"], findings.map(line)))
    if (wrongs > 0) return yield* new Unwell({ findings: wrongs })
  })).pipe(
    Command.withDescription("Look for what keeps the system from running here, with the fix for each finding"),
    Command.withExamples([
      { command: "odd-dashboard doctor", description: "Exits 0 when all is well, 1 with findings" },
      { command: "odd-dashboard doctor --json", description: "For scripts" }
    ])
  )
