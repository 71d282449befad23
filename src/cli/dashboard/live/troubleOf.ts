/** What went wrong, in the words of the command line but without its advice to type another command. */
import { failureOf } from "../../failure.ts"

export const troubleOf = (failure: unknown): string =>
  failureOf(failure).message.replace(/; [^;]*: odd-dashboard .*$/u, "").replace(/\.(?=;|$)/gu, "")
