/** What a cluster needs beside this program: each thing with its state, the cause, and the command that mends it. */

/** Programs that are installed, and the engine behind one of them. */
export type PrerequisiteName = "docker" | "docker engine" | "kubectl" | "kind"

export interface Prerequisite {
  /** A tool, or `port 3000`. */
  readonly name: string
  /** `old`: it is there, and cannot do what is needed. `refused`: it runs, but this user may not use it. */
  readonly state: "ok" | "missing" | "old" | "stopped" | "refused" | "taken"
  /** Its version, or what is wrong with it. */
  readonly detail: string
  /** What mends it on this system, word by word; undefined where there is no command for it. */
  readonly command: ReadonlyArray<string> | undefined
}

/** Whoever looks for trouble sees it first. */
export const troubles = (all: ReadonlyArray<Prerequisite>): ReadonlyArray<Prerequisite> =>
  all.filter(({ state }) => state !== "ok")

/** As somebody would type it: words with blanks are quoted. */
export const commandText = (command: ReadonlyArray<string>): string =>
  command.map((word) => /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`).join(" ")
