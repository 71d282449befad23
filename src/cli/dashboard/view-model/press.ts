/** What a key leads to in a state: in what is open on top first, then in the view below it. */
import { pressInForm } from "./form/pressInForm.ts"
import type { Reaction } from "./keys/Binding.ts"
import { done, told, warned } from "./keys/Binding.ts"
import { shownKey } from "./keys/keyNames.ts"
import { bindingOf } from "./keys/keyTable.ts"
import { suggestions } from "./palette.ts"
import { characters } from "./plainText.ts"
import { type State, topOf } from "./State.ts"
import { filterProblems } from "./viewFilter.ts"

/** A key by its name, or text that was typed or pasted where text is asked for. */
export interface Press {
  readonly key: string
  /** The characters, when the key stands for some. */
  readonly text: string
}

const withoutLast = (text: string): string => characters(text).slice(0, -1).join("")
const withoutWord = (text: string): string => text.replace(/\S*\s*$/u, "")
/** Pasted lines become one. */
const oneLine = (text: string): string => text.replaceAll(/\s*[\r\n]+\s*/gu, " ")

const inQuestion = (state: State, { key }: Press): Reaction => {
  const { question } = state
  if (question === undefined) return {}
  if (key === question.key) return { messages: [{ _tag: "QuestionClosed" }], commands: [question.command] }
  if (key === "ctrl+c") return done({ _tag: "Quit" })
  // Enter and the key that asked mean nothing here, so that pressing a key twice is no answer.
  return key === "esc" || key === "n" || key === "q" ? told({ _tag: "QuestionClosed" }) : {}
}

const chosen = (state: State): Reaction => {
  const entry = suggestions(state)[state.prompt?.choice ?? 0]
  if (entry === undefined) return told({ _tag: "PromptClosed" })
  const reaction = entry.reaction(state)
  return {
    ...reaction,
    messages: [{ _tag: "PromptClosed" }, { _tag: "Used", entry: entry.name }, ...(reaction.messages ?? [])]
  }
}

const filtered = (state: State): Reaction => {
  const text = state.prompt?.text ?? ""
  const [problem] = filterProblems(topOf(state).view, text)
  return problem === undefined
    ? told({ _tag: "PromptClosed" }, { _tag: "Filtered", filter: text })
    : warned(problem)
}

const inPrompt = (state: State, { key, text }: Press): Reaction => {
  const { prompt } = state
  if (prompt === undefined) return {}
  switch (key) {
    case "esc":
    case "ctrl+c":
      return told({ _tag: "PromptClosed" })
    case "enter":
      return prompt.kind === "filter" ? filtered(state) : chosen(state)
    case "backspace":
    case "delete":
      return prompt.text === "" && prompt.kind !== "filter"
        ? told({ _tag: "PromptClosed" })
        : told({ _tag: "PromptTyped", text: withoutLast(prompt.text) })
    case "ctrl+u":
      return told({ _tag: "PromptTyped", text: "" })
    case "ctrl+w":
      return told({ _tag: "PromptTyped", text: withoutWord(prompt.text) })
    case "down":
    case "ctrl+n":
    case "tab":
      return prompt.choice + 1 < suggestions(state).length ? told({ _tag: "PromptMoved", by: 1 }) : {}
    case "up":
    case "ctrl+p":
    case "shift+tab":
      return told({ _tag: "PromptMoved", by: -1 })
    default:
      return text === "" ? {} : told({ _tag: "PromptTyped", text: prompt.text + oneLine(text) })
  }
}

/** In the help keys scroll the help; what lies below it stays as it is. */
const inHelp = (state: State, { key }: Press): Reaction => {
  if (key === "esc" || key === "?" || key === "q") return told({ _tag: "HelpToggled" })
  if (key === "ctrl+c") return done({ _tag: "Quit" })
  const binding = bindingOf(state, key)
  const reaction = binding?.group === "Move" ? binding.reaction(state) : {}
  return reaction.messages?.every(({ _tag }) => _tag === "Moved") === true ? reaction : {}
}

const inView = (state: State, { key }: Press): Reaction => {
  const binding = bindingOf(state, key)
  if (binding !== undefined) return binding.reaction(state)
  return key.length === 1 ? warned(`${shownKey(key)} means nothing here; ? shows the keys`) : {}
}

export const press = (state: State, key: Press): Reaction =>
  state.question !== undefined
    ? inQuestion(state, key)
    : state.form !== undefined
    ? pressInForm(state.form, key)
    : state.prompt !== undefined
    ? inPrompt(state, key)
    : state.help !== undefined
    ? inHelp(state, key)
    : inView(state, key)
