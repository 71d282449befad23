/**
 * The one table of looks: what each tone is in a dark and in a light terminal, in 16 colours and in none.
 *
 * Colour never carries a meaning alone: states also have a word and a sign. Backgrounds are left as they are.
 */
import { glyph, type GlyphName, type GlyphSet } from "./view-model/glyphs.ts"
import { type Line, textOf, type Tone } from "./view-model/Line.ts"
import { widthOf } from "./view-model/plainText.ts"

export type ColourMode = "truecolor" | "16" | "none"
export type ThemeName = "dark" | "light"

/** SGR parameters: of true colour in dark and light, of the 16 colours, and without any. */
interface Look {
  readonly dark: string
  readonly light: string
  readonly sixteen: string
  readonly none: string
}

const rgb = (hex: string): string =>
  `38;2;${[1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(";")}`

const looks: Readonly<Record<Tone, Look>> = {
  text: { dark: "", light: "", sixteen: "", none: "" },
  dim: { dark: rgb("#8b93a1"), light: rgb("#646b76"), sixteen: "2", none: "2" },
  strong: { dark: "1", light: "1", sixteen: "1", none: "1" },
  title: { dark: `1;${rgb("#d7dce4")}`, light: `1;${rgb("#22262d")}`, sixteen: "1", none: "1" },
  accent: { dark: rgb("#7aa2f7"), light: rgb("#1f5fbf"), sixteen: "36", none: "1" },
  key: { dark: `1;${rgb("#7aa2f7")}`, light: `1;${rgb("#1f5fbf")}`, sixteen: "1;36", none: "1" },
  good: { dark: rgb("#7fc97f"), light: rgb("#2d7a2d"), sixteen: "32", none: "" },
  busy: { dark: rgb("#56c8d8"), light: rgb("#0b7285"), sixteen: "36", none: "1" },
  wait: { dark: rgb("#b0b8c4"), light: rgb("#4b525c"), sixteen: "", none: "" },
  warn: { dark: rgb("#e5b567"), light: rgb("#8a5a00"), sixteen: "33", none: "1" },
  bad: { dark: `1;${rgb("#f07178")}`, light: `1;${rgb("#b3261e")}`, sixteen: "1;31", none: "1;4" }
}

/** The selected row: turned round, which every terminal can. */
const inverse = "7"

export interface Theme {
  readonly colours: ColourMode
  readonly glyphs: GlyphSet
  /** The line with its colours; `isSelected` turns it round. */
  readonly paint: (line: Line, isSelected?: boolean) => string
  readonly glyph: (name: GlyphName) => string
  /** At the end of what was cut. */
  readonly more: string
}

export interface ThemeOptions {
  readonly name: ThemeName
  readonly colours: ColourMode
  readonly glyphs: GlyphSet
}

const parametersOf = (tone: Tone, { colours, name }: ThemeOptions): string =>
  looks[tone][colours === "truecolor" ? name : colours === "16" ? "sixteen" : "none"]

/** Characters that a terminal without them is not sent: ours have a stand-in, those of data a question mark a column. */
const asciiOf = (text: string): string =>
  text.replaceAll("…", "~").replaceAll("·", ".").replace(
    /[^\x20-\x7e]/gu,
    (character) => "?".repeat(widthOf(character))
  )

export const themeOf = (options: ThemeOptions): Theme => ({
  colours: options.colours,
  glyphs: options.glyphs,
  more: glyph("more", options.glyphs),
  glyph: (name) => glyph(name, options.glyphs),
  paint: (line, isSelected = false) =>
    line.map(({ text, tone = "text" }) => {
      const shown = options.glyphs === "ascii" ? asciiOf(text) : text
      const parameters = [isSelected ? inverse : "", parametersOf(tone, options)].filter((each) => each !== "").join(
        ";"
      )
      return parameters === "" || shown === "" ? shown : `\u001b[${parameters}m${shown}\u001b[0m`
    }).join("")
})

type Environment = Readonly<Record<string, string | undefined>>

const isSet = (value: string | undefined): boolean => value !== undefined && value !== ""

/** https://no-color.org, then what the terminal says of itself; 16 colours where it says little. */
export const colourModeOf = (env: Environment): ColourMode => {
  if (isSet(env["NO_COLOR"]) || env["TERM"] === "dumb") return "none"
  if (/^(truecolor|24bit)$/iu.test(env["COLORTERM"] ?? "")) return "truecolor"
  return env["TERM"]?.endsWith("-direct") === true || isSet(env["WT_SESSION"]) ? "truecolor" : "16"
}

/** ASCII where the terminal has no more, or a locale is set that is not UTF-8. Containers set none, and have UTF-8. */
export const glyphSetOf = (env: Environment): GlyphSet => {
  const locale = [env["LC_ALL"], env["LC_CTYPE"], env["LANG"]].find(isSet)
  if (env["ODTO_ASCII"] === "1" || env["TERM"] === "dumb" || env["TERM"] === "linux") return "ascii"
  return locale === undefined || /utf-?8/iu.test(locale) ? "unicode" : "ascii"
}

/** COLORFGBG is `foreground;background`; 7 and 15 are white. Default: dark. */
export const themeNameOf = (env: Environment): ThemeName => {
  const asked = env["ODTO_THEME"]
  if (asked === "light" || asked === "dark") return asked
  return /;(7|15)$/u.test(env["COLORFGBG"] ?? "") ? "light" : "dark"
}

export const themeFrom = (env: Environment): Theme =>
  themeOf({ name: themeNameOf(env), colours: colourModeOf(env), glyphs: glyphSetOf(env) })

/** For ears: words without signs and colours. */
export const spokenTheme: Theme = {
  ...themeOf({ name: "dark", colours: "none", glyphs: "ascii" }),
  glyph: () => "",
  paint: (line) => textOf(line)
}
