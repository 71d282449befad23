/**
 * The three programs that a cluster on this machine is made with. Everything that is done to it goes through here, each
 * call as words and never through a shell, so that it is the same on every system and can be recorded.
 */
import { Context, type Effect, Schema } from "effect"

export const Tool = Schema.Literals(["docker", "kind", "kubectl"])
export type Tool = typeof Tool.Type

export interface Call {
  readonly tool: Tool
  readonly args: ReadonlyArray<string>
  /** What it reads. Default: nothing. */
  readonly stdin?: string
  readonly cwd?: string
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Hears each line of both outputs as it is said. */
  readonly onLine?: ((line: string) => void) | undefined
  /** It is ended when it takes longer. Default: as long as the caller has patience. */
  readonly timeoutMillis?: number
}

/** How it ended. Both outputs are bounded: of `stderr` the end is kept. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** It is not on the PATH, or cannot be started. */
export class ToolAbsent extends Schema.TaggedError<ToolAbsent>()("ToolAbsent", {
  tool: Tool,
  detail: Schema.String
}) {
  override get message() {
    return /\bENOENT\b/u.test(this.detail)
      ? `${this.tool} is missing: it is not installed, or not on the PATH`
      : `${this.tool} does not start: ${this.detail}`
  }
}

/** It said nothing more in its time, and was ended. */
export class ToolTooSlow extends Schema.TaggedError<ToolTooSlow>()("ToolTooSlow", {
  tool: Tool,
  seconds: Schema.Number
}) {
  override get message() {
    return `${this.tool} did not end within ${this.seconds} s`
  }
}

export class ClusterTools extends Context.Service<ClusterTools, {
  /** Ends when the program has ended. Interrupted, it ends the program first. */
  readonly run: (call: Call) => Effect.Effect<Ran, ToolAbsent | ToolTooSlow>
}>()("odto/cli/ClusterTools") {}
