/** Once per run, before the first test file: what servers there are to be had. None is started yet. */
import type { TestProject } from "vitest/node"
import { openKeeper } from "./Keeper.ts"
import { type Kind, kinds } from "./kinds.ts"

/** Why a kind is not there, by kind. */
export type Missing = Partial<Record<Kind, string>>

declare module "vitest" {
  interface ProvidedContext {
    servers: {
      readonly keeper: string
      /** Kinds that are neither given nor can be started. */
      readonly missing: Missing
      /** Kinds that cannot be started, given or not. */
      readonly notStartable: Missing
    }
  }
  interface TaskMeta {
    /** The reasons why a suite was left out. */
    leftOut?: ReadonlyArray<string>
  }
}

const reasons = (isThere: (kind: Kind) => boolean): Missing =>
  Object.fromEntries(
    Object.entries(kinds).flatMap(([kind, { missing }]) => {
      const reason = missing()
      return reason === undefined || isThere(kind as Kind) ? [] : [[kind, reason]]
    })
  )

export default async (project: TestProject) => {
  const keeper = await openKeeper()
  project.provide("servers", {
    keeper: keeper.url,
    missing: reasons((kind) => process.env[kinds[kind].variable] !== undefined),
    notStartable: reasons(() => false)
  })
  return keeper.close
}
