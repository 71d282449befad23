/** The system around a worker, in memory and virtual time: what the tests of the processor run on. */
import type { JobType } from "#domain/JobType.ts"
import * as Dispatch from "#services/dispatcher/Dispatch.ts"
import * as LeaseReaper from "#services/dispatcher/LeaseReaper.ts"
import * as Resend from "#services/dispatcher/Resend.ts"
import { Control } from "#services/gateway/Control.ts"
import { Intake } from "#services/gateway/Intake.ts"
import { JobTypes } from "#services/gateway/JobTypes.ts"
import { Worker, type WorkerOptions } from "#services/processor/Worker.ts"
import { Effect, Layer } from "effect"
import { world } from "../../support/Memory.ts"
import { letGo, workerOptions } from "../Given.ts"

/** Everything but the worker, which some tests stop and start. */
export const others = Layer.mergeAll(
  Intake.layer.pipe(Layer.provide(JobTypes.layer)),
  Control.layer,
  Dispatch.layer,
  Resend.layer,
  LeaseReaper.layer
)
export const systemOf = (types: ReadonlyArray<JobType>, more: Partial<WorkerOptions> = {}) =>
  letGo.pipe(
    Layer.provideMerge(Layer.merge(others, Worker.layer(workerOptions(types, more)))),
    Layer.provideMerge(world)
  )

export const status = Effect.flatMap(Worker, (worker) => worker.status)
