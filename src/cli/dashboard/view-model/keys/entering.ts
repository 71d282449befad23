/** Where Enter leads from a row: one step deeper. */
import { type Frame, frameOf } from "../Route.ts"
import { type State, topOf } from "../State.ts"

/** The view of what the row stands for; undefined where it leads nowhere. */
export const entered = (state: State, id: string): Frame | undefined => {
  switch (topOf(state).view) {
    case "jobs":
    case "dead":
      return frameOf("job", { subject: id })
    case "events": {
      const subject = state.tail.rows.find((row) => row.id === id)?.subject
      return subject === undefined || subject.startsWith("queue/") ? undefined : frameOf("job", { subject })
    }
    case "queues":
      return frameOf("jobs", { filter: `queue:${id}` })
    case "types":
      return frameOf("jobs", { filter: `type:${id}` })
    default:
      return undefined
  }
}
