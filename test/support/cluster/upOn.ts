/** Runs a start of a cluster on a machine of stand-ins, and tells what was heard. */
import { clusterUp, type UpOptions } from "#cli/cluster/clusterUp.ts"
import { Randomness } from "#cli/cluster/ensureSecrets.ts"
import { Root } from "#cli/cluster/packageFiles.ts"
import { Listener, type StepEvent } from "#cli/cluster/Steps.ts"
import { ConfigProvider, Effect, Result } from "effect"
import { dirname, join } from "node:path"
import { freePort } from "../servers/machine.ts"
import { writePackage } from "./packageFolder.ts"
import { knownBytes } from "./ProvingSystem.ts"
import { layerRecording, type ToolMachine } from "./StandIns.ts"

/** Ports that nobody uses on the machine of the tests, which has servers of its own on the usual ones. */
export const freeOffset = Effect.promise(async () => {
  for (;;) {
    const offset = Math.max(1_000, (await freePort()) - 16_000)
    if (offset < 48_000) return offset
  }
})

export interface UpOnOptions extends Partial<UpOptions> {
  readonly absent?: ReadonlyArray<string>
  readonly onEvent?: (event: StepEvent) => void
  readonly onEnd?: (call: string) => void
}

export const packageOf = ({ folder }: ToolMachine): string => join(dirname(folder), "package")

export const upOn = Effect.fnUntraced(function*(machine: ToolMachine, options: UpOnOptions = {}) {
  const { absent, onEnd, onEvent = () => {}, ...rest } = options
  const root = packageOf(machine)
  writePackage(root)
  const events: Array<StepEvent> = []
  const portOffset = rest.portOffset ?? (yield* freeOffset)
  const outcome = yield* clusterUp({ overlay: "kind", pull: false, timeoutSeconds: 120, ...rest, portOffset }).pipe(
    Effect.provide(layerRecording(machine, {
      ...(absent === undefined ? {} : { absent }),
      ...(onEnd === undefined ? {} : { onEnd })
    })),
    Effect.provideService(Listener, {
      tell: (event) =>
        Effect.sync(() => {
          events.push(event)
          onEvent(event)
        })
    }),
    Effect.provideService(Root, root),
    Effect.provideService(Randomness, knownBytes),
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord({ ODTO_HOME: machine.home }))),
    Effect.result
  )
  return {
    events,
    outcome,
    /** `step state`, in the order in which they were told, without progress. */
    steps: events.filter(({ state }) => state !== "progress" && state !== "started").map(({ state, step }) =>
      `${step} ${state}`
    ),
    failed: events.find(({ state }) => state === "failed"),
    succeeded: Result.isSuccess(outcome) ? outcome.success : undefined
  }
})

/** Why it failed, which it has to have done. */
export const errorOf = <A, E>(outcome: Result.Result<A, E>): E => {
  if (Result.isSuccess(outcome)) throw new Error("it succeeded")
  return outcome.failure
}
