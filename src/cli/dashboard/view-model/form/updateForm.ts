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

/** The next value of a choice, round and round; a field that may be empty has that as one of its values. */
const turned = ({ choices, isRequired, text }: Field, by: number): string => {
  const values = isRequired ? choices : ["", ...choices]
  const at = values.indexOf(text)
  return values[(at + by + values.length) % values.length] ?? text
}

const withoutLast = (text: string): string => characters(text).slice(0, -1).join("")

export const updateForm = (form: Form | undefined, message: FormMessage): Form | undefined => {
  if (message._tag === "FormOpened") {
    return checked({
      type: message.type,
      check: message.check,
      fields: fieldsOf(message.type),
      focus: 0,
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
      return typed(form, ({ choices, text }) => choices.length > 0 ? text : text + message.text)
    case "FormErased":
      return typed(form, ({ choices, text }) => choices.length > 0 ? "" : withoutLast(text))
    case "FormCleared":
      return typed(form, () => "")
    case "FormChanged":
      return (form.fields[form.focus]?.choices.length ?? 0) === 0
        ? form
        : typed(form, (field) => turned(field, message.by))
    case "FormMoved": {
      const left = form.fields[form.focus]
      const focus = (form.focus + message.by + form.fields.length) % Math.max(1, form.fields.length)
      return { ...form, focus, touched: left === undefined ? form.touched : new Set([...form.touched, left.path]) }
    }
    case "FormTried": {
      const wrong = form.fields.findIndex(({ path }) => form.errors[path] !== undefined)
      return { ...form, wasTried: true, focus: wrong < 0 ? form.focus : wrong }
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
        focus: wrong < 0 ? form.focus : wrong
      }
    }
    case "FormClosed":
      return undefined
  }
}
