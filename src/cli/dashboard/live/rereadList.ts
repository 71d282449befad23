/** Reads everything again that a list holds, page by page: where events are missing nothing else corrects its rows. */
import { decodeCursor } from "#domain/JobFilter.ts"
import { Effect, Option } from "effect"
import { holdsBelow } from "../view-model/JobTable.ts"
import type { JobListName } from "../view-model/Message.ts"
import type { Heard } from "./readWant.ts"
import type { Store } from "./Store.ts"

/** After a page that could not be read: a source that is down is not asked all the time. */
const failedPause = "5 seconds"

/** `read`: the page after a job, undefined for the first. Ends early when the list has come to be another one. */
export const rereadList = Effect.fnUntraced(function*(
  store: Store,
  list: JobListName,
  read: (after: string | undefined) => Effect.Effect<Heard>
) {
  const { filter, sort } = store.state()[list]
  const isSame = () => store.state()[list].filter === filter && store.state()[list].sort === sort
  let after: string | undefined
  while (isSame()) {
    const { message } = yield* read(after)
    if (!isSame()) return
    store.send(message)
    if (message._tag !== "JobsRead") {
      yield* Effect.sleep(failedPause)
      continue
    }
    after = Option.getOrUndefined(decodeCursor(message.page.next ?? ""))
    if (after === undefined || !holdsBelow(store.state()[list], after)) return
  }
})
