/**
 * One start or end of the cluster at a time: a second start would take what the first has not finished for something that
 * was broken off, and delete it.
 */
import { take } from "#infra/pglite/FolderLock.ts"
import { Effect } from "effect"
import { join } from "node:path"
import { exitCodes } from "../exitCodes.ts"
import { makeFolder, type Place, unusable } from "./place.ts"
import { Trouble } from "./Steps.ts"

const notAlone = new Trouble({
  cause: "another start or end of the cluster is under way",
  remedy: "wait until it has ended, or end it with Ctrl-C where it runs",
  exitCode: exitCodes.tryAgain
})

/** Held until the scope ends, however this process ends. */
export const alone = (place: Place) =>
  Effect.acquireRelease(
    makeFolder(place).pipe(
      Effect.andThen(Effect.try({ try: () => take(join(place.folder, "lock")), catch: unusable(place) })),
      Effect.filterOrElse((lock) => lock !== undefined, () => Effect.fail(notAlone))
    ),
    (lock) => Effect.sync(() => lock?.close())
  )
