/** Where the embedded system keeps its data: ODTO_HOME, else `.odto` in a clone, else the system's data folder. */
import { Config, Effect, Option } from "effect"
import { Flag } from "effect/cli"
import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The folder of the package: two above this file in the sources, one above the bundle. */
export const packageRoot = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../.." : "..", import.meta.url)
).replace(/\/$/u, "")

/** A clone has the sources; an installed package has not. */
export const isClone = existsSync(join(packageRoot, "src", "cli", "main.ts"))

const systemFolder = (): string => {
  const data = process.platform === "win32"
    ? process.env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local")
    : process.platform === "darwin"
    ? join(homedir(), "Library", "Application Support")
    : process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share")
  return join(data, "odd-dashboard")
}

export const homeFlag = Flag.String("home").pipe(
  Flag.withDescription(
    "Data folder of the embedded system. Default: ODTO_HOME, else .odto in a clone, else the system's data folder"
  ),
  Flag.withMetavar("FOLDER"),
  Flag.optional
)

/** Where commands look that are told nothing. */
export const defaultHome = (): string => isClone ? join(packageRoot, ".odto") : systemFolder()

export const homeOf = (flag: Option.Option<string>) =>
  Option.match(flag, {
    onSome: (folder) => Effect.succeed(folder),
    onNone: () =>
      Effect.map(
        Config.option(Config.String("ODTO_HOME")),
        Option.getOrElse(defaultHome)
      )
  })
