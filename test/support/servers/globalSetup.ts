/** Once per run, before the first test file: what servers there are to be had. None is started yet. */
import type { TestProject } from "vitest/node"
import { openKeeper } from "./Keeper.ts"
import { isKind, type Kind, kinds, type Missing } from "./kinds.ts"

export const setup = async (project: TestProject) => {
  const keeper = await openKeeper()
  project.provide("servers", {
    keeper: keeper.url,
    missing: reasons((kind) => process.env[kinds[kind].variable] !== undefined),
    notStartable: reasons(() => false)
  })
  return keeper.close
}

const reasons = (isThere: (kind: Kind) => boolean): Missing =>
  Object.fromEntries(
    Object.keys(kinds).filter(isKind).flatMap((kind) => {
      const reason = isThere(kind) ? undefined : kinds[kind].missing()
      return reason === undefined ? [] : [[kind, reason]]
    })
  )
