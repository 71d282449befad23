/** Once per run, before the first test file: what servers there are to be had. None is started yet. */
import type { TestProject } from "vitest/node"
import { openKeeper, unusable } from "./Keeper.ts"
import { givenUrl, isKind, type Kind, kinds, type Missing } from "./kinds.ts"

export const setup = async (project: TestProject) => {
  const keeper = await openKeeper()
  const notStartable = await reasons(async (kind) => kinds[kind].missing())
  const missing = await reasons(async (kind) => {
    const given = givenUrl(kind)
    return given === undefined ? notStartable[kind] : unusable(kind, given)
  })
  project.provide("servers", { keeper: keeper.url, missing, notStartable })
  return keeper.close
}

const reasons = async (reasonOf: (kind: Kind) => Promise<string | undefined>): Promise<Missing> => {
  const found = await Promise.all(
    Object.keys(kinds).filter(isKind).map(async (kind) => ({ kind, reason: await reasonOf(kind) }))
  )
  return Object.fromEntries(found.flatMap(({ kind, reason }) => reason === undefined ? [] : [[kind, reason]]))
}
