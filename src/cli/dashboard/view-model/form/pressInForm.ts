/** Keys in the form for a new job. */
import { done, type Reaction, told } from "../keys/Binding.ts"
import type { Form } from "./Form.ts"
import { isChoice } from "./updateForm.ts"

/** Keys of the form for its last line, and for the README. */
export const formKeys = [
  { keys: ["enter"], label: "submit" },
  { keys: ["esc"], label: "close" },
  { keys: ["tab", "down"], label: "next field" },
  { keys: ["shift+tab", "up"], label: "field before" },
  { keys: ["left", "right"], label: "choose a value, or move in the text" },
  { keys: ["home", "end"], label: "go to the beginning or the end of the text" },
  { keys: ["ctrl+u"], label: "empty the field" }
] as const

/** What is said of a key in the last line: what it does in the field that is typed into. */
export const formHintOf = (form: Form, { keys: [key], label }: (typeof formKeys)[number]): string | undefined => {
  return key === "left" ? (isChoice(form) ? "choose a value" : undefined) : key === "home" ? undefined : label
}

export const pressInForm = (
  form: Form,
  { key, text }: { readonly key: string; readonly text: string }
): Reaction => {
  switch (key) {
    case "esc":
      return told({ _tag: "FormClosed" })
    case "ctrl+c":
      return done({ _tag: "Quit" })
    case "tab":
    case "down":
      return told({ _tag: "FormMoved", by: 1 })
    case "shift+tab":
    case "up":
      return told({ _tag: "FormMoved", by: -1 })
    case "left":
      return told({ _tag: "FormChanged", by: -1 })
    case "right":
      return told({ _tag: "FormChanged", by: 1 })
    case "home":
    case "ctrl+a":
      return told({ _tag: "FormEdged", edge: "begin" })
    case "end":
    case "ctrl+e":
      return told({ _tag: "FormEdged", edge: "end" })
    case "backspace":
      return told({ _tag: "FormErased" })
    case "delete":
      return told({ _tag: "FormErased", what: "behind" })
    case "ctrl+u":
      return told({ _tag: "FormCleared" })
    case "enter":
      if (form.isSending) return {}
      return Object.keys(form.errors).length > 0 || form.trouble !== undefined
        ? told({ _tag: "FormTried" })
        : { messages: [{ _tag: "FormTried" }], commands: [{ _tag: "SubmitForm" }] }
    case "space":
      return isChoice(form)
        ? told({ _tag: "FormChanged", by: 1 })
        : told({ _tag: "FormTyped", text: " " })
    default:
      return text === "" ? {} : told({ _tag: "FormTyped", text: text.replaceAll(/[\r\n]+/gu, " ") })
  }
}
