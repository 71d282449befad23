/** Deleting what nothing needs any more. */
import { endedWorkerMillis } from "#domain/Worker.ts"
import type { Transaction } from "./Transaction.ts"

export const forgetExpired = ({ now, tables }: Transaction, limit: number): number => {
  const keys = [...tables.keys]
    .filter(([, { expiresAt }]) => expiresAt <= now)
    .toSorted(([, one], [, other]) => one.expiresAt - other.expiresAt)
    .slice(0, limit)
  for (const [name] of keys) tables.keys.delete(name)
  const workers = [...tables.workers.values()]
    .filter(({ id, leaseUntil, state }) =>
      state !== "live" && leaseUntil <= now - endedWorkerMillis && (tables.runningOf.get(id)?.size ?? 0) === 0
    )
    .toSorted((one, other) => one.leaseUntil - other.leaseUntil)
    .slice(0, limit)
  for (const { id } of workers) {
    tables.workers.delete(id)
    tables.runningOf.delete(id)
  }
  return keys.length + workers.length
}
