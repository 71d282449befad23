/** A form for a new job, as it is opened. */
import type { Form } from "#cli/dashboard/view-model/form/Form.ts"
import { updateForm } from "#cli/dashboard/view-model/form/updateForm.ts"
import { JobTypeName } from "#domain/Job.ts"
import { defaultBackoff } from "#domain/Retry.ts"

/** Of a type that takes any payload. */
export const formOf = (name: string, key: string): Form => {
  const form = updateForm(undefined, {
    _tag: "FormOpened",
    type: {
      name: JobTypeName.make(name),
      payloadSchema: {},
      maxAttempts: 3,
      backoff: defaultBackoff,
      timeoutMillis: 1_000
    },
    check: () => [],
    key
  })
  if (form === undefined) throw new Error("no form was opened")
  return form
}
