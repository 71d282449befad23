import { makeTerminal } from "#cli/dashboard/terminal.ts"
import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, vi } from "vitest"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "odto-opener-"))
  vi.stubEnv("PATH", folder)
  vi.stubEnv("DISPLAY", ":0")
  vi.stubEnv("SSH_CONNECTION", undefined)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const opener = (script: string) => writeFileSync(join(folder, "xdg-open"), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
const browse = () => makeTerminal().browse("http://127.0.0.1:1/")

describe.runIf(process.platform === "linux")("An address", () => {
  it("is opened by what opens addresses here, whether it ends or stays", async () => {
    opener("exit 0")
    assert.isTrue(await browse())
    opener("exec /bin/sleep 2")
    assert.isTrue(await browse())
  })

  it("is not said to be opened where no browser is, nor over SSH", async () => {
    assert.isFalse(await browse())
    opener("exit 3")
    assert.isFalse(await browse())
    opener("exit 0")
    vi.stubEnv("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")
    assert.isFalse(await browse())
  })
})
