/** What happens to the form: typing, moving between fields, the answer of the server. */
import { characters } from "../plainText.ts"
import { checked, fieldsOf } from "./fields.ts"
import type { Field, Form, FormMessage } from "./Form.ts"

/** The form with another text in the field that is typed into. What the server said of it no longer counts. */
const typed = (form: Form, change: (field: Field) => string): Form => {
  const field = form.fields[form.focus]
  if (field === undefined || form.isSending) return form
  const fields = form.fields.map((each, index) => index === form.focus ? { ...each, text: change(each) } : each)
  return checked({ ...form, fields, refusal: undefined, touched: new Set([...form.touched, field.path]) })
}

/** Whether the field that is typed into has values to choose from. */
export const isChoice = ({ fields, focus }: Pick<Form, "fields" | "focus">): boolean =>
  (fields[focus]?.choices.length ?? 0) > 0

/** The next value of a choice, round and round; a field that may be empty has that as one of its values. */
const turned = ({ choices, isRequired, text }: Field, by: number): string => {
  const values = isRequired ? choices : ["", ...choices]
  const at = values.indexOf(text)
  return values[(at + by + values.length) % values.length] ?? text
}

/** The text of the field before the cursor and behind it. */
export const partsOf = ({ behind, fields, focus }: Pick<Form, "behind" | "fields" | "focus">) => {
  const all = characters(fields[focus]?.text ?? "")
  const at = Math.max(0, all.length - behind)
  return { before: all.slice(0, at), after: all.slice(at) }
}

/** The form with the cursor `by` characters further on, within the text. */
const withCursor = (form: Form, by: number): Form => {
  const { after, before } = partsOf(form)
  return { ...form, behind: Math.max(0, Math.min(before.length + after.length, after.length - by)) }
}

const erased = (form: Form, what: "before" | "behind"): Form => {
  const { after, before } = partsOf(form)
  const left = what === "before" ? [...before.slice(0, -1), ...after] : [...before, ...after.slice(1)]
  const next = typed(form, ({ choices }) => choices.length > 0 ? "" : left.join(""))
  return what === "behind" && next !== form ? { ...next, behind: Math.max(0, after.length - 1) } : next
}

export const updateForm = (form: Form | undefined, message: FormMessage): Form | undefined => {
  if (message._tag === "FormOpened") {
    return checked({
      type: message.type,
      check: message.check,
      fields: fieldsOf(message.type),
      focus: 0,
      behind: 0,
      errors: {},
      trouble: undefined,
      refusal: undefined,
      wasTried: false,
      touched: new Set(),
      isSending: false,
      key: message.key
    })
  }
  if (form === undefined) return undefined
  switch (message._tag) {
    case "FormTyped":
      return typed(form, ({ choices, text }) => {
        const { after, before } = partsOf(form)
        return choices.length > 0 ? text : before.join("") + message.text + after.join("")
      })
    case "FormErased":
      return erased(form, message.what ?? "before")
    case "FormCleared":
      return typed({ ...form, behind: 0 }, () => "")
    case "FormChanged":
      return isChoice(form) ? typed(form, (field) => turned(field, message.by)) : withCursor(form, message.by)
    case "FormEdged":
      return withCursor(form, message.edge === "end" ? Number.MAX_SAFE_INTEGER : -Number.MAX_SAFE_INTEGER)
    case "FormMoved": {
      const left = form.fields[form.focus]
      const focus = (form.focus + message.by + form.fields.length) % Math.max(1, form.fields.length)
      return {
        ...form,
        focus,
        behind: 0,
        touched: left === undefined ? form.touched : new Set([...form.touched, left.path])
      }
    }
    case "FormTried": {
      const wrong = form.fields.findIndex(({ path }) => form.errors[path] !== undefined)
      return { ...form, wasTried: true, ...(wrong < 0 ? {} : { focus: wrong, behind: 0 }) }
    }
    case "FormSending":
      return { ...form, isSending: true, refusal: undefined }
    case "FormRefused": {
      const wrong = form.fields.findIndex(({ path }) => message.errors[path] !== undefined)
      return {
        ...form,
        errors: { ...form.errors, ...message.errors },
        refusal: message.refusal,
        key: message.key,
        isSending: false,
        wasTried: true,
        ...(wrong < 0 ? {} : { focus: wrong, behind: 0 })
      }
    }
    case "FormClosed":
      return undefined
  }
}
