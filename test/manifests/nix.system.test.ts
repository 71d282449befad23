/** flake.nix, as far as it can be looked at without a network: evaluated against names that nixpkgs has. Nothing is built. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describeUnless } from "../support/Servers.ts"
import { findProgram } from "../support/servers/machine.ts"

const root = join(import.meta.dirname, "../..")
const nix = findProgram("nix")

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "odto-nix-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** In a store of its own, so that it needs no rights on the machine's and leaves nothing there. */
const evaluate = Effect.fnUntraced(function*(change: (flake: string) => string, ...args: ReadonlyArray<string>) {
  const work = yield* folder
  const flake = join(work, "flake")
  mkdirSync(flake)
  writeFileSync(join(flake, "flake.nix"), change(readFileSync(join(root, "flake.nix"), "utf8")))
  cpSync(join(root, "test/fixtures/nixpkgs"), join(work, "nixpkgs"), { recursive: true })
  const features = ["--extra-experimental-features", "nix-command flakes"]
  return yield* Effect.callback<{ readonly code: number; readonly output: string }>((resume) => {
    execFile(
      nix ?? "nix",
      [
        ...features,
        ...args,
        "--no-write-lock-file",
        "--override-input",
        "nixpkgs",
        `path:${join(work, "nixpkgs")}`,
        `path:${flake}`
      ],
      { env: { ...process.env, HOME: work, NIX_REMOTE: `local?root=${join(work, "store")}` } },
      (error, stdout, stderr) => resume(Effect.succeed({ code: error === null ? 0 : 1, output: stdout + stderr }))
    )
  })
})

const asItIs = (flake: string) => flake

describeUnless(nix === undefined ? ["nix: it is not installed"] : [], "flake.nix", () => {
  it.live("has a shell and a program to run, of names that there are", () =>
    Effect.gen(function*() {
      const { code, output } = yield* evaluate(asItIs, "flake", "check", "--no-build")
      assert.strictEqual(code, 0, output)
      const shown = yield* evaluate(asItIs, "flake", "show", "--json")
      assert.strictEqual(shown.code, 0, shown.output)
      assert.match(shown.output, /"devShells":.*"apps":|"apps":.*"devShells":/su)
    }))

  it.live("would not pass with a name that there is not", () =>
    Effect.gen(function*() {
      const { code, output } = yield* evaluate(
        (flake) => flake.replace("pkgs.postgresql_15", "pkgs.postgresql_fifteen"),
        "flake",
        "check",
        "--no-build"
      )
      assert.strictEqual(code, 1)
      assert.include(output, "postgresql_fifteen")
    }))
})
