/** Every migration in order. One that has been released never changes: what is to change comes as the next one. */
import { core } from "./0001_core.ts"

export const migrations: Readonly<Record<string, ReadonlyArray<string>>> = {
  "0001_core": core
}
