/** Keys by one name each: `j`, `G`, `ctrl+d`, `down`, `enter`, `esc`, `space`. */

/** How the name is shown to people. */
const shown: Readonly<Record<string, string>> = {
  up: "↑",
  down: "↓",
  left: "←",
  right: "→",
  enter: "Enter",
  esc: "Esc",
  space: "Space",
  tab: "Tab",
  "shift+tab": "Shift-Tab",
  pageup: "PgUp",
  pagedown: "PgDn",
  home: "Home",
  end: "End",
  backspace: "Backspace"
}

const ascii: Readonly<Record<string, string>> = { up: "Up", down: "Down", left: "Left", right: "Right" }

export const shownKey = (name: string, isAscii = false): string =>
  (isAscii ? ascii[name] : undefined) ?? shown[name] ??
    (name.startsWith("ctrl+") ? `Ctrl-${name.slice("ctrl+".length).toUpperCase()}` : name)
