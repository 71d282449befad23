/** Takes a copy: by the clipboard of this machine where there is one, through the terminal elsewhere (OSC 52). */
import { spawn } from "node:child_process"

/** Terminals refuse OSC 52 beyond about this many bytes of base64. */
const maxCopyBytes = 74_994

/** A tool that cannot reach its display may wait for ever. */
const patienceMillis = 2_000
/** Terminals that take no OSC 52 for sure; most others do, and none says so. */
const deafTerminals = new Set(["dumb", "linux"])

type Command = readonly [string, ...ReadonlyArray<string>]

/** Tools that take a text on standard input. Over SSH the clipboard is that of another machine. */
const tools = (env: Readonly<Record<string, string | undefined>>): ReadonlyArray<Command> => {
  if (env["SSH_CONNECTION"] !== undefined) return []
  if (process.platform === "darwin") return [["pbcopy"]]
  if (process.platform === "win32") return [["clip.exe"]]
  return [
    ...(env["WAYLAND_DISPLAY"] === undefined ? [] : [["wl-copy"]] satisfies ReadonlyArray<Command>),
    ...(env["DISPLAY"] === undefined
      ? []
      : [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]] satisfies ReadonlyArray<Command>),
    ["clip.exe"]
  ]
}

const copyWith = ([name, ...args]: Command, text: string): Promise<boolean> =>
  new Promise((resolve) => {
    const child = spawn(name, args, { stdio: ["pipe", "ignore", "ignore"], timeout: patienceMillis })
    child.on("error", () => resolve(false))
    child.on("close", (code) => resolve(code === 0))
    child.stdin.on("error", () => resolve(false))
    child.stdin.end(text)
  })

/** How it was copied; undefined when it could not be, and the text has to be shown to be selected. */
export const copyText = async (text: string): Promise<string | undefined> => {
  for (const tool of tools(process.env)) {
    if (await copyWith(tool, text)) return `copied by ${tool[0]}`
  }
  const encoded = Buffer.from(text, "utf8").toString("base64")
  if (encoded.length > maxCopyBytes || deafTerminals.has(process.env["TERM"] ?? "")) return undefined
  process.stdout.write(`\u001b]52;c;${encoded}\u0007`)
  // No terminal says whether it took it.
  return "sent to the terminal's clipboard"
}
