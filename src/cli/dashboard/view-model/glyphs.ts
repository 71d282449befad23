/** Signs that go before words, each as a character and in ASCII. Every state has its own, so that no colour is needed. */

const glyphs = {
  scheduled: ["◷", "@"],
  queued: ["○", "o"],
  running: ["▶", ">"],
  retrying: ["↻", "~"],
  completed: ["✓", "+"],
  dead: ["✗", "x"],
  cancelled: ["⊘", "-"],
  up: ["●", "*"],
  down: ["✗", "x"],
  stale: ["◌", "?"],
  firing: ["▲", "!"],
  resolved: ["✓", "+"],
  paused: ["‖", "="],
  open: ["▶", ">"],
  live: ["●", "*"],
  stopped: ["■", "#"],
  expired: ["✗", "x"],
  selected: ["▌", ">"],
  crumb: ["›", ">"],
  ascending: ["↑", "^"],
  descending: ["↓", "v"],
  newer: ["▲", "^"],
  more: ["…", "~"],
  event: ["·", "."],
  bullet: ["•", "*"],
  rule: ["─", "-"],
  cursor: ["▏", "_"],
  bar: ["█", "#"],
  barRest: ["░", "."]
} as const

export type GlyphName = keyof typeof glyphs
export type GlyphSet = "unicode" | "ascii"

export const glyph = (name: GlyphName, set: GlyphSet): string => glyphs[name][set === "unicode" ? 0 : 1]

/** Heights of a small chart, from nothing to full. */
export const levels: Readonly<Record<GlyphSet, string>> = { unicode: " ▁▂▃▄▅▆▇█", ascii: " .:-=+*#%@" }
