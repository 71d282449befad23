/** The theme and the state for everything that is drawn. */
import { createContext, useContext } from "react"
import { type Theme, themeOf } from "../theme.ts"

const Look = createContext<Theme>(themeOf({ name: "dark", colours: "none", glyphs: "ascii" }))

export const LookProvider = Look.Provider
export const useTheme = (): Theme => useContext(Look)
