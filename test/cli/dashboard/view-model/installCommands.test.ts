import {
  admissionCommand,
  engineCommand,
  installCommand,
  managerOf,
  type System
} from "#cli/prerequisites/installCommands.ts"
import { commandText } from "#cli/prerequisites/Prerequisite.ts"
import { assert, describe, it } from "@effect/vitest"

const debian: System = { manager: "apt", needsSudo: true, hasSystemd: true, user: "ann" }

describe("Install commands", () => {
  it("follow the family of the system, by what it says of itself", () => {
    assert.strictEqual(managerOf("linux", "NAME=\"Debian\"\nID=debian\n"), "apt")
    assert.strictEqual(managerOf("linux", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), "apt")
    assert.strictEqual(managerOf("linux", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"), "dnf")
    assert.strictEqual(managerOf("linux", "ID=arch\n"), "pacman")
    assert.strictEqual(managerOf("darwin", ""), "brew")
    assert.strictEqual(managerOf("win32", ""), "winget")
    assert.isUndefined(managerOf("linux", "ID=nixos\n"))
  })

  it("ask for root where the system needs it, and not elsewhere", () => {
    assert.deepStrictEqual(installCommand(debian, "docker"), ["sudo", "apt-get", "install", "-y", "docker.io"])
    assert.deepStrictEqual(installCommand({ ...debian, needsSudo: false }, "docker")?.[0], "apt-get")
    assert.deepStrictEqual(installCommand({ ...debian, manager: "brew" }, "kind"), ["brew", "install", "kind"])
  })

  it("are none where the package manager does not have the tool, or nothing is known of the system", () => {
    assert.isUndefined(installCommand(debian, "kind"))
    assert.deepStrictEqual(installCommand({ ...debian, manager: "dnf" }, "kubectl")?.at(-1), "kubernetes-client")
    assert.isUndefined(installCommand({ ...debian, manager: undefined }, "docker"))
    assert.isUndefined(engineCommand({ ...debian, manager: undefined }))
    assert.isUndefined(admissionCommand({ ...debian, user: undefined }))
  })

  it("let this user in where the engine refuses them", () => {
    assert.deepStrictEqual(admissionCommand(debian), ["sudo", "usermod", "-aG", "docker", "ann"])
    assert.isUndefined(admissionCommand({ ...debian, manager: "brew" }))
  })

  it("start the engine by whatever starts services", () => {
    assert.deepStrictEqual(engineCommand(debian), ["sudo", "systemctl", "start", "docker"])
    assert.deepStrictEqual(engineCommand({ ...debian, hasSystemd: false, needsSudo: false }), [
      "service",
      "docker",
      "start"
    ])
    assert.deepStrictEqual(engineCommand({ ...debian, manager: "brew" }), ["open", "-a", "Docker"])
  })

  it("are spelt as somebody would type them", () => {
    assert.strictEqual(commandText(["a", "b c", "it's"]), "a 'b c' 'it'\\''s'")
  })
})
