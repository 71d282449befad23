/** Starts the cluster by the command that everybody has, as a program of its own, and tells of its steps. */
import { Effect, Option, Schema } from "effect"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { StepEvent, titles } from "../../cluster/Steps.ts"
import { endChild } from "../../endChild.ts"
import { asTyped } from "../../invocation.ts"
import { launcher } from "./embeddedStart.ts"
import type { LauncherMessage } from "./LauncherState.ts"

export interface ReachedCluster {
  readonly gatewayUrl: string
  readonly readModelUrl: string
  readonly token: string
}

/** The last line. */
const Ready = Schema.Struct({
  result: Schema.Literal("ready"),
  addresses: Schema.Struct({ gateway: Schema.String, readModel: Schema.String }),
  credentials: Schema.Struct({ adminToken: Schema.String })
})
const Failed = Schema.Struct({
  result: Schema.Literals(["failed", "interrupted"]),
  cause: Schema.String,
  remedy: Schema.String
})
const decodeLine = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Union([StepEvent, Ready, Failed])))

/** Time that it has, after a signal as Ctrl-C is one, to end what it has started itself. */
const endMillis = 15_000
/** Characters of its complaints that are kept, from their end. */
const maxComplaint = 2_000

const messageOf = ({ cause = "", detail, remedy = "", state, step }: StepEvent): LauncherMessage => {
  const at = Date.now()
  const said = detail === undefined ? {} : { detail }
  switch (state) {
    case "started":
      return { _tag: "StepBegan", name: titles[step], at }
    case "progress":
      return { _tag: "StepSaid", detail: detail ?? "", at }
    case "done":
    case "skipped":
      return { _tag: "StepEnded", ...said, at }
    case "failed":
      return { _tag: "StepFailed", detail: asTyped(`${cause}\n${remedy}`), at }
  }
}

/** Tells of each step; the cluster when a job has run in it, else undefined. Interrupted, it ends what it has started. */
export const startCluster = (tell: (message: LauncherMessage) => void) =>
  Effect.callback<ReachedCluster | undefined>((resume) => {
    const child = spawn(process.execPath, [launcher, "up", "--cluster", "--json", "--show-credentials"], {
      stdio: ["ignore", "pipe", "pipe"]
    })
    let reached: ReachedCluster | undefined
    let failure: string | undefined
    let complaint = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-maxComplaint)
    })
    createInterface({ input: child.stdout }).on("line", (line) => {
      const read = decodeLine(line)
      if (Option.isNone(read)) return
      const said = read.value
      if ("step" in said) {
        if (said.state === "failed") failure = said.cause
        return tell(messageOf(said))
      }
      if (said.result !== "ready") {
        failure ??= `${said.cause}\n${said.remedy}`
        return
      }
      const { addresses: { gateway, readModel }, credentials: { adminToken } } = said
      reached = { gatewayUrl: gateway, readModelUrl: readModel, token: adminToken }
    })
    child.once("error", (error) => {
      tell({ _tag: "StepFailed", detail: error.message, at: Date.now() })
      resume(Effect.undefined)
    })
    child.once("close", () => {
      if (reached === undefined && failure === undefined) {
        tell({ _tag: "StepFailed", detail: complaint.trim() || "it ended without a word", at: Date.now() })
      }
      resume(Effect.succeed(reached))
    })
    return endChild(child, "SIGINT", endMillis).pipe(
      Effect.andThen(
        Effect.sync(() =>
          tell({ _tag: "StepFailed", detail: "cancelled; started again, it goes on where it was", at: Date.now() })
        )
      )
    )
  })
