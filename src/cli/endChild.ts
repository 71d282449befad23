/** Ends a process that this one has started: by a signal that it may act on, and at last without asking. */
import { Effect } from "effect"
import type { ChildProcess } from "node:child_process"

/** Resolves when it has ended; after `millis` it is killed. */
export const endChild = (child: ChildProcess, signal: "SIGINT" | "SIGTERM", millis: number) =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return resume(Effect.void)
    const killer = setTimeout(() => child.kill("SIGKILL"), millis)
    child.once("exit", () => {
      clearTimeout(killer)
      resume(Effect.void)
    })
    child.kill(signal)
  })
