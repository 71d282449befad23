/** What the answer to a submitted form does to the screen, which may have gone on meanwhile. */
import type { Message } from "../Message.ts"
import { frameOf } from "../Route.ts"
import type { Form } from "./Form.ts"

export type Outcome =
  | { readonly _tag: "Accepted"; readonly jobId: string; readonly status: string }
  | {
    readonly _tag: "Refused"
    /** By the paths of the fields that they are about. */
    readonly errors: Readonly<Record<string, string>>
    readonly refusal: string | undefined
    /** All of it in one sentence. */
    readonly trouble: string
    /** It may have been accepted all the same. */
    readonly isUnknown: boolean
  }

/** `open`: the form that is on the screen now, if one is. Only the form that was submitted is closed or filled. */
export const toldOf = (
  open: Form | undefined,
  submitted: Form,
  outcome: Outcome,
  newKey: string
): ReadonlyArray<Message> => {
  const isOpen = open?.key === submitted.key
  if (outcome._tag === "Accepted") {
    const { jobId, status } = outcome
    const said: Message = { _tag: "Said", toast: { text: `accepted, ${status}: ${jobId}`, tone: "good" } }
    return isOpen
      ? [{ _tag: "FormClosed" }, { _tag: "Opened", frame: frameOf("job", { subject: jobId }) }, said]
      : [said]
  }
  const { errors, isUnknown, refusal, trouble } = outcome
  if (isOpen) return [{ _tag: "FormRefused", errors, refusal, key: isUnknown ? submitted.key : newKey }]
  const how = isUnknown ? "may or may not have been accepted" : "was not accepted"
  return [{ _tag: "Said", toast: { text: `the task of type ${submitted.type.name} ${how}: ${trouble}`, tone: "bad" } }]
}
