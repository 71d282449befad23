/** What every JobStore must do. The tests share the stores: each has queues, types and jobs of its own. */
import { layer } from "@effect/vitest"
import type { Layer } from "effect"
import { accepting } from "./jobs/accepting.ts"
import { claiming } from "./jobs/claiming.ts"
import { controlling } from "./jobs/controlling.ts"
import { dispatching } from "./jobs/dispatching.ts"
import { forgetting } from "./jobs/forgetting.ts"
import { resending } from "./jobs/resending.ts"
import { settling } from "./jobs/settling.ts"
import type { Options, Stores } from "./jobs/Truth.ts"

/** `excludeTestServices`: for stores with a clock of their own. Default: false, time is virtual. */
export const jobStoreBehaves = <R, E>(
  name: string,
  implementation: Layer.Layer<Stores | R, E>,
  options: Options<R> & { readonly excludeTestServices?: boolean }
) =>
  layer(implementation, { excludeTestServices: options.excludeTestServices ?? false })(`JobStore: ${name}`, (it) => {
    accepting(it, options)
    dispatching(it, options)
    resending(it, options)
    claiming(it, options)
    settling(it, options)
    controlling(it, options)
    forgetting(it, options)
  })
