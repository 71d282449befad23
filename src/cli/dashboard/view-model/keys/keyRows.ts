/** The keys as rows for documents: key, what it does, where. */
import { launcherKeys } from "../../launcher/launcherKeys.ts"
import { formKeys } from "../form/pressInForm.ts"
import { shownKey } from "./keyNames.ts"
import { keyTable } from "./keyTable.ts"

export interface KeyRow {
  readonly keys: string
  readonly label: string
  readonly where: string
  /** The role that it needs. */
  readonly needs: string
}

const joined = (keys: ReadonlyArray<string>): string => keys.map((key) => `\`${shownKey(key)}\``).join(" ")

/** Where there is no system yet nobody has a role. */
const launcherViews = { start: "no system", setup: "setting up", progress: "starting" } as const

export const keyRows: ReadonlyArray<KeyRow> = [
  ...keyTable.map(({ keys, label, needs = "viewer", scopes }) => ({
    keys: joined(keys),
    label,
    where: scopes.map((scope) => scope === "anywhere" ? "everywhere" : scope === "list" ? "lists" : scope).join(", "),
    needs
  })),
  { keys: "`y`", label: "yes, do it", where: "questions", needs: "operator" },
  { keys: "`Esc` `n`", label: "no", where: "questions", needs: "viewer" },
  ...formKeys.map(({ keys, label }) => ({ keys: joined(keys), label, where: "new task", needs: "operator" })),
  ...launcherKeys.flatMap(({ keys, label, views }) =>
    label === undefined
      ? []
      : [{ keys: joined(keys), label, where: views.map((view) => launcherViews[view]).join(", "), needs: "-" }]
  )
]
