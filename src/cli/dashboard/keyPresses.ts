/** Keys by their names, from what Ink makes of the bytes of a terminal. */
import type { Key } from "ink"
import { characters } from "./view-model/plainText.ts"
import type { Press } from "./view-model/press.ts"

const names: ReadonlyArray<readonly [keyof Key, string]> = [
  ["upArrow", "up"],
  ["downArrow", "down"],
  ["leftArrow", "left"],
  ["rightArrow", "right"],
  ["pageUp", "pageup"],
  ["pageDown", "pagedown"],
  ["home", "home"],
  ["end", "end"],
  ["return", "enter"],
  ["escape", "esc"],
  ["backspace", "backspace"],
  ["delete", "delete"]
]

const controls: Readonly<Record<string, string>> = {
  "\r": "enter",
  "\n": "enter",
  "\r\n": "enter",
  "\t": "tab",
  "\b": "backspace",
  "\u007f": "backspace",
  "\u001b": "esc"
}

/** A key inside of a chunk: Ink names only those that come alone. */
const pressOf = (character: string): Press => {
  const named = controls[character]
  if (named !== undefined) return { key: named, text: "" }
  if (character === " ") return { key: "space", text: " " }
  const code = character.charCodeAt(0)
  return code < 27
    ? { key: `ctrl+${String.fromCharCode(code + 96)}`, text: "" }
    : { key: character, text: character }
}

/** What the keyboard sends together is several keys: typing fast, a chunk holds `jjj`. */
export const keyPresses = (input: string, key: Key): ReadonlyArray<Press> => {
  if (key.eventType === "release") return []
  if (key.tab) return [{ key: key.shift ? "shift+tab" : "tab", text: "" }]
  const named = names.find(([flag]) => key[flag] === true)?.[1]
  if (named !== undefined) return [{ key: named, text: "" }]
  if (key.ctrl) return input === "" ? [] : [{ key: `ctrl+${input.toLowerCase()}`, text: "" }]
  if (key.meta) return []
  return characters(input).map(pressOf)
}
