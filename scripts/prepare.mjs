/**
 * Runs after `npm ci` in a clone: sees to it that npm scripts and npx find the Node that was installed, and builds, so
 * that the first start takes no longer than the second.
 *
 * The packages with Node for the platforms all bring a command `node`. Before npm 11, taking back those of the other
 * platforms takes the command of this one along.
 */
import { spawnSync } from "node:child_process"
import { existsSync, symlinkSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { installedNode } from "../bin/installedNode.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const commands = join(root, "node_modules", ".bin")
const node = installedNode()

if (process.platform !== "win32" && node !== undefined && existsSync(commands) && !existsSync(join(commands, "node"))) {
  symlinkSync(relative(commands, node), join(commands, "node"))
}

// Without the development dependencies there is nothing to build with, and whoever leaves them out has built before.
if (existsSync(join(root, "node_modules", "rolldown"))) {
  const build = [join(root, "scripts", "build.ts"), "--quiet"]
  const { status } = spawnSync(node ?? process.execPath, build, { cwd: root, stdio: "inherit" })
  if (status !== 0) {
    console.error(
      `odd-dashboard: not built. With a Node older than 20.19 (this is ${process.versions.node}) npm leaves out what ` +
        "builds: use a newer one for npm ci."
    )
  }
}
