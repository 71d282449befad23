/** Burns processor time beside the main loop, so that heartbeats and HTTP go on. */
import { Worker } from "node:worker_threads"
import { threadEntry } from "../threadEntry.ts"

const stopped = () => new Error("the computation was stopped")

/** Resolves after `ms` milliseconds of work; the thread ends, and the promise rejects, when the signal fires. */
export const burn = (ms: number, signal: AbortSignal): Promise<{ readonly ms: number; readonly rounds: number }> =>
  new Promise((resolve, reject) => {
    // A signal that has fired already does not fire again.
    if (signal.aborted) return reject(stopped())
    const thread = new Worker(threadEntry("infra/jobs/cpuThread"), { workerData: ms })
    const stop = () => void thread.terminate()
    signal.addEventListener("abort", stop, { once: true })
    thread.once("message", (answer: { readonly rounds: number }) => resolve({ ms, rounds: answer.rounds }))
    thread.once("error", reject)
    thread.once("exit", () => {
      signal.removeEventListener("abort", stop)
      reject(stopped())
    })
  })
