/** A new job as a form: one field per property of the type's payload, and what every job has. */
import type { JobTypeDescription } from "#domain/JobType.ts"
import type { PayloadCheck } from "#services/ports/PayloadSchemas.ts"

export type FieldKind = "text" | "number" | "integer" | "boolean" | "choice" | "json"

export interface Field {
  /** JSON Pointer into the request: `/payload/ms`, `/queue`. */
  readonly path: string
  readonly label: string
  readonly kind: FieldKind
  readonly isRequired: boolean
  readonly hint: string
  /** Values of a choice, as JSON texts. */
  readonly choices: ReadonlyArray<string>
  /** What has been typed; a field that is empty is left out of the job. */
  readonly text: string
}

export interface Form {
  readonly type: JobTypeDescription
  readonly check: PayloadCheck
  readonly fields: ReadonlyArray<Field>
  /** Index of the field that is typed into. */
  readonly focus: number
  /** Characters of its text that are behind the cursor. */
  readonly behind: number
  /** What is wrong, by the path of the field; from the schema, and from the server when it refused. */
  readonly errors: Readonly<Record<string, string>>
  /** What the schema says that no field is to blame for. */
  readonly trouble: string | undefined
  /** What the server said that no field is to blame for; trying again may help. */
  readonly refusal: string | undefined
  /** Shows errors of fields that have not been touched: somebody tried to submit. */
  readonly wasTried: boolean
  readonly touched: ReadonlySet<string>
  readonly isSending: boolean
  /** Sent again with the same content it makes no second job. */
  readonly key: string
}

export type FormMessage =
  | {
    readonly _tag: "FormOpened"
    readonly type: JobTypeDescription
    readonly check: PayloadCheck
    readonly key: string
  }
  | { readonly _tag: "FormTyped"; readonly text: string }
  /** Takes the character before the cursor away, or the one behind it. */
  | { readonly _tag: "FormErased"; readonly what?: "before" | "behind" }
  | { readonly _tag: "FormCleared" }
  | { readonly _tag: "FormMoved"; readonly by: number }
  /** Moves the cursor in a text; of a choice it takes the next value. */
  | { readonly _tag: "FormChanged"; readonly by: number }
  | { readonly _tag: "FormEdged"; readonly edge: "begin" | "end" }
  | { readonly _tag: "FormTried" }
  | { readonly _tag: "FormSending" }
  | {
    readonly _tag: "FormRefused"
    readonly errors: Readonly<Record<string, string>>
    readonly refusal: string | undefined
    readonly key: string
  }
  | { readonly _tag: "FormClosed" }
