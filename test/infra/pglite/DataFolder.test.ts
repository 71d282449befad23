import { DataFolder } from "#infra/pglite/DataFolder.ts"
import { assert, it } from "@effect/vitest"
import { Effect, Option, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { freshFolder } from "../../support/Embedded.ts"

/** Another process that holds the folder, or has been refused and said why. */
const otherProcess = (home: string): Effect.Effect<
  { readonly child: ChildProcess; readonly said: string },
  never,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [join(import.meta.dirname, "holdFolder.ts"), home], {
          stdio: ["pipe", "pipe", "inherit"]
        })
      ),
      (child) => Effect.promise(() => end(child))
    )
    const [said] = yield* Effect.promise(() => once(child.stdout.setEncoding("utf8"), "data"))
    return { child, said: String(said).trim() }
  })

const end = async (child: ChildProcess) => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, "exit")
  child.kill("SIGKILL")
  await exited
}

const addresses = { gatewayUrl: "http://127.0.0.1:3000", readModelUrl: "http://127.0.0.1:8080" }

it.live("is held by one process; a second one learns who holds it, since when and where it serves", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    const { child } = yield* otherProcess(home)

    const refused = yield* Effect.flip(DataFolder.acquire(home))
    const holder = Option.getOrThrow(yield* DataFolder.holder(home))

    assert(refused._tag === "DataFolderHeld")
    assert.strictEqual(refused.pid, child.pid)
    assert.deepStrictEqual(refused.addresses, addresses)
    assert.strictEqual(holder.pid, child.pid)
    assert.deepStrictEqual(holder.startedAt, refused.startedAt)
    assert.include(refused.message, `process ${child.pid}`)
    assert.include(refused.message, addresses.gatewayUrl)
  }))

it.live("is taken over from a holder that was killed", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    const { child } = yield* otherProcess(home)
    yield* Effect.promise(() => end(child))

    assert.include(readFileSync(join(home, "holder.json"), "utf8"), String(child.pid))
    assert.deepStrictEqual(yield* DataFolder.holder(home), Option.none())
    yield* DataFolder.acquire(home)

    assert.strictEqual(Option.getOrThrow(yield* DataFolder.holder(home)).pid, process.pid)
    assert.include((yield* otherProcess(home)).said, `in use by process ${process.pid}`)
  }))

it.live("is held once within a process too, until the scope ends", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    yield* Effect.scoped(Effect.gen(function*() {
      yield* DataFolder.acquire(home)

      const refused = yield* Effect.flip(DataFolder.acquire(home))

      assert.strictEqual(refused._tag, "DataFolderHeld")
      assert.include((yield* otherProcess(home)).said, "in use")
    }))

    assert.deepStrictEqual(yield* DataFolder.holder(home), Option.none())
    yield* DataFolder.acquire(home)
  }))

it.live("tells the addresses to other processes once they are published", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    const held = yield* DataFolder.acquire(home)
    const before = Option.getOrThrow(yield* DataFolder.holder(home))

    yield* held.publish(addresses)
    const after = Option.getOrThrow(yield* DataFolder.holder(home))

    assert.isUndefined(before.addresses)
    assert.deepStrictEqual(after.addresses, addresses)
    assert.deepStrictEqual(after.startedAt, before.startedAt)
  }))

it.live("stays held while many ask who holds it", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    yield* DataFolder.acquire(home)

    const holders = yield* Effect.all(Array.from({ length: 50 }, () => DataFolder.holder(home)), {
      concurrency: "unbounded"
    })

    assert.isTrue(holders.every(Option.isSome))
    assert.include((yield* otherProcess(home)).said, "in use")
  }))

it.live("is open to its owner only", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    yield* DataFolder.acquire(home)

    assert.strictEqual(statSync(home).mode & 0o777, 0o700)
    assert.strictEqual(statSync(join(home, "holder.json")).mode & 0o777, 0o600)
  }))

it.live("has no holder when it does not exist", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* DataFolder.holder(yield* freshFolder), Option.none())
  }))

it.live("is left alone when a newer program made it", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    mkdirSync(home)
    writeFileSync(join(home, "format.json"), `{"format":2}`)

    const refused = yield* Effect.flip(DataFolder.acquire(home))

    assert(refused._tag === "DataFolderTooNew")
    assert.deepStrictEqual({ found: refused.found, known: refused.known }, { found: 2, known: 1 })
    assert.strictEqual(readFileSync(join(home, "format.json"), "utf8"), `{"format":2}`)
  }))

it.live("says why it cannot be used", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    writeFileSync(home, "a file")

    const notAFolder = yield* Effect.flip(DataFolder.acquire(join(home, "below")))
    const file = yield* Effect.flip(DataFolder.acquire(home))

    assert.strictEqual(notAFolder._tag, "DataFolderUnusable")
    assert.include(notAFolder.message, "ENOTDIR")
    assert.strictEqual(file._tag, "DataFolderUnusable")
  }))

it.live.skipIf(process.getuid?.() === 0)("says that it is not permitted to write", () =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    mkdirSync(home, { mode: 0o500 })

    const refused = yield* Effect.flip(DataFolder.acquire(home))

    assert.include(refused.message, "EACCES")
    assert.strictEqual(dirname(refused.path), dirname(home))
  }))
