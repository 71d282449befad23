/** Worker thread of `demo.cpu`: computes until the time is over. */
import { parentPort, workerData } from "node:worker_threads"

const until = performance.now() + Number(workerData)
let rounds = 0
let value = 1
while (performance.now() < until) {
  for (let i = 0; i < 100_000; i++) value = (value * 48_271) % 2_147_483_647
  rounds += 1
}
parentPort?.postMessage({ rounds, value })
