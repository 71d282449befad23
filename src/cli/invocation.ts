/** How people start this program, so that what we tell them to type works as it stands. */
import { isClone } from "./home.ts"

/** `odd-dashboard jobs --json` as it is typed here: in a clone it goes through npm. */
export const typed = (args: string): string => `${isClone ? "npm run -s odd-dashboard --" : "odd-dashboard"} ${args}`

/** Commands in messages are written after a colon, as an installed package calls them; in a clone they are spelt out. */
export const asTyped = (message: string): string =>
  isClone ? message.replaceAll(": odd-dashboard ", `: ${typed("")}`) : message
