/** The commands of a cluster as processes of an installed package, with docker, kind and kubectl on a PATH of their own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { installed, tokenIn, until } from "../../support/cluster/installed.ts"
import { calls, change, type Fault, read, shortly } from "../../support/cluster/Machine.ts"
import { provingSystem } from "../../support/cluster/ProvingSystem.ts"
import { ended, type ToolMachine } from "../../support/cluster/StandIns.ts"
import { freeOffset } from "../../support/cluster/upOn.ts"
import { pod, waiting } from "../../support/cluster/workloads.ts"
import { jsonLines } from "../../support/CommandLine.ts"
import { keys, open } from "../../support/terminal/Terminal.ts"

/**
 * A start that is broken off when the token is there, and goes on when the system runs that it proves itself with; to
 * which the ports of the cluster lead from then on.
 */
const broughtUp = Effect.fnUntraced(function*(...more: ReadonlyArray<string>) {
  const { machine, run } = yield* installed
  change(machine.folder, { faults: [{ match: "apply .*--kustomize", hangs: true, times: 1 }] })
  const offset = yield* freeOffset
  const first = yield* Effect.forkChild(run(["up", "--cluster", "--port-offset", String(offset), ...more]))
  yield* until(() => read(machine.folder).faults[0]?.times === 0)
  yield* Fiber.interrupt(first)
  const { ports } = yield* provingSystem(tokenIn(machine))
  change(machine.folder, { ports: { ...read(machine.folder).ports, ...ports } })
  return { machine, run, offset, ports, ran: yield* run(["up", "--cluster", ...more]) }
})

const faulty = (machine: ToolMachine, ...faults: ReadonlyArray<Fault>) =>
  change(machine.folder, { faults: [...faults] })

describe("An installed package", () => {
  it.live("starts a cluster, proves it by a job, and says where everything is", () =>
    Effect.gen(function*() {
      const { machine, offset, ports, ran } = yield* broughtUp("--json")
      const lines = jsonLines(ran)
      const result = lines.at(-1)

      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.strictEqual(ran.stderr, "")
      assert.strictEqual(result.result, "ready")
      assert.strictEqual(result.addresses.gateway, `http://127.0.0.1:${ports["30000"]}`)
      assert.strictEqual(result.addresses.grafana, `http://127.0.0.1:${3002 + offset}`)
      assert.deepStrictEqual(result.credentials.adminToken, { secret: "odto-tokens", key: "admin-token" })
      assert.notInclude(ran.stdout, tokenIn(machine))
      for (const line of lines.slice(0, -1)) {
        assert.containsAllKeys(line, ["step", "state", "seconds"])
        assert.isNumber(line.seconds)
      }
      assert.include(lines.map(({ state, step }) => `${step} ${state}`), "proof done")
      assert.deepStrictEqual(
        calls(machine.folder).filter(({ stdin }) => stdin.includes("hostPort")).map(({ stdin }) =>
          /hostPort: (\d+)/u.exec(stdin)?.[1]
        ),
        [String(3000 + offset)],
        "the cluster was made once, with its ports moved"
      )
    }), 120_000)

  it.live("shows people the steps, and credentials only when they ask", () =>
    Effect.gen(function*() {
      const { machine, ran, run } = yield* broughtUp()
      const shown = yield* run(["status", "--cluster", "--show-credentials"])
      const status = yield* run(["status", "--cluster", "--json"])
      const log = yield* run(["logs", "--cluster", "gateway"])

      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.match(ran.stderr, /^✓ run a job as proof/mu)
      assert.match(ran.stdout, /^The task observatory runs in the kind cluster odto, and has run a job\.$/mu)
      assert.notInclude(ran.stdout + ran.stderr, tokenIn(machine))
      assert.include(shown.stdout, tokenIn(machine))
      assert.match(shown.stdout, /^gateway +program +ready +1\/1$/mu)
      assert.strictEqual(status.code, 0, status.stderr)
      assert.strictEqual(jsonLines(status)[0].workloads.length, 12)
      assert.notInclude(status.stdout, tokenIn(machine))
      assert.strictEqual(log.code, 66, "no pods are told of here")
    }), 120_000)

  it.live("ends what it has started when it is interrupted, and says that it goes on", () =>
    Effect.gen(function*() {
      const { machine, run } = yield* installed
      faulty(machine, { match: "kind load", hangs: true, stderr: "Image: not yet present, loading...\n" })
      const offset = yield* freeOffset
      const ran = yield* run(["up", "--cluster", "--json", "--port-offset", String(offset)], {
        interruptAt: /"step":"load","state":"progress"/u
      })

      assert.strictEqual(ran.code, 130)
      assert.deepStrictEqual(jsonLines(ran).at(-1)?.result, "interrupted")
      assert.deepStrictEqual(ended(machine), ["kind"])
    }), 60_000)

  it.live("ends with a problem document and a last line that says how it failed", () =>
    Effect.gen(function*() {
      const { machine, run } = yield* installed
      faulty(machine, { match: "buildx bake", stderr: "ERROR: no space left on device" })
      const offset = yield* freeOffset
      const ran = yield* run(["up", "--cluster", "--json", "--port-offset", String(offset)])
      const lines = jsonLines(ran)

      assert.strictEqual(ran.code, 1)
      assert.strictEqual(lines.at(-2).state, "failed")
      assert.deepStrictEqual(lines.at(-1), {
        result: "failed",
        cause: "cannot build the images: ERROR: no space left on device",
        remedy: "free disk space, for example with: docker system prune"
      })
      assert.strictEqual(JSON.parse(ran.stderr).type, "urn:odto:cli:cluster-trouble")
    }), 60_000)

  it.live("refuses flags that it would pass over, before anything is looked at", () =>
    Effect.gen(function*() {
      const { machine, run } = yield* installed
      const wrong = yield* Effect.forEach([
        ["up", "--minimal"],
        ["up", "--cluster", "--home", "x"],
        ["logs", "--previous"],
        ["logs", "gateway"],
        ["up", "--cluster", "--timeout", "0"]
      ], (args) => run(args))

      assert.deepStrictEqual(wrong.map(({ code }) => code), [64, 64, 64, 64, 64])
      assert.deepStrictEqual(calls(machine.folder), [])
    }), 60_000)
})

describe("On a machine with a cluster", () => {
  it.live("status says what is not ready and why, and does not succeed", () =>
    Effect.gen(function*() {
      const { machine, run } = yield* installed
      const says = { reason: "CreateContainerConfigError", message: `secret "odto-redis" not found` }
      change(machine.folder, { cluster: "running", isEverReady: false, pods: [pod("redis", waiting(says))] })
      const ran = yield* run(["status", "--cluster"])

      assert.strictEqual(ran.code, 69)
      assert.match(ran.stdout, /^redis +server +not ready +0\/1 +its container cannot be made: .*secret "odto-redis"/mu)
      assert.match(ran.stderr, /not ready: redis; .*: odd-dashboard logs --cluster redis\n$/u)
    }), 60_000)

  it.live("logs are those of the pods of a program, with what kubectl is told", () =>
    Effect.gen(function*() {
      const { machine, run } = yield* installed
      change(machine.folder, { cluster: "running", pods: [pod("gateway", {}), pod("redis", {})] })
      const one = yield* run(["logs", "--cluster", "gateway", "--follow", "--tail", "7"])
      const none = yield* run(["logs", "--cluster", "nothing"])
      const follow = calls(machine.folder).find(({ args }) => args.includes("logs"))

      assert.strictEqual(one.stdout, "starting\nfatal: no such table\n")
      assert.includeMembers([...follow?.args ?? []], [
        "gateway-5f-abcde",
        "--all-containers",
        "--tail",
        "7",
        "--follow"
      ])
      assert.strictEqual(none.code, 66)
      assert.include(none.stderr, "no nothing in the cluster; there are: gateway, redis")
    }), 60_000)

  it.live(
    "logs of a run before are those of the containers that had one, which kubectl wants named",
    () =>
      Effect.gen(function*() {
        const { machine, run } = yield* installed
        const began = {
          initContainerStatuses: [{ name: "wait-for-migration", restartCount: 0 }],
          containerStatuses: [{ name: "program", restartCount: 2 }]
        }
        const steady = { containerStatuses: [{ name: "server", restartCount: 0 }] }
        change(machine.folder, { cluster: "running", pods: [pod("gateway", began), pod("redis", steady)] })
        const previous = yield* run(["logs", "--cluster", "--previous"])
        const none = yield* run(["logs", "--cluster", "redis", "--previous"])
        const asked = calls(machine.folder).filter(({ args }) => args.includes("logs")).map(({ args }) =>
          args.join(" ")
        )

        assert.strictEqual(previous.code, 0, previous.stderr)
        assert.lengthOf(asked, 1)
        assert.match(asked[0] ?? "", / logs gateway-5f-abcde --container program --tail 200 --previous$/u)
        assert.strictEqual(none.code, 66)
        assert.include(none.stderr, "nothing in redis-0 has begun anew yet: leave --previous out")
      }),
    60_000
  )

  it.live("logs of all tell why one says nothing, and what the others say", () =>
    Effect.gen(function*() {
      const { machine, run } = yield* installed
      change(machine.folder, { cluster: "running", pods: [pod("gateway", {}), pod("redis", {})] })
      const says = {
        stderr: `Error from server (BadRequest): container "program" is waiting to start: PodInitializing`
      }
      faulty(machine, { match: "logs gateway", ...says })
      const all = yield* run(["logs", "--cluster"])
      const one = yield* run(["logs", "--cluster", "gateway"])

      assert.strictEqual(all.code, 0)
      assert.match(all.stdout, /^redis-0 {2}fatal: no such table$/mu)
      assert.match(all.stderr, /cannot read the log of gateway-5f-abcde: .*waiting to start/u)
      assert.strictEqual(one.code, 1)
      assert.match(one.stderr, /waiting to start.*status --cluster/u)
    }), 60_000)

  it.live(
    "down asks for a yes where there is no terminal, then says what it removes and removes it",
    () =>
      Effect.gen(function*() {
        const { machine, run } = yield* installed
        change(machine.folder, { cluster: "running" })
        const asked = yield* run(["down", "--cluster"])
        const before = calls(machine.folder).map(shortly)
        const done = yield* run(["down", "--cluster", "--yes"])
        const again = yield* run(["down", "--cluster", "--yes"])

        assert.strictEqual(asked.code, 64)
        assert.notInclude(before.join(), "delete")
        assert.strictEqual(done.code, 0, done.stderr)
        assert.match(done.stderr, /removes the kind cluster odto \(odto-control-plane\) with jobs, history, passwords/u)
        assert.include(calls(machine.folder).map(shortly), "kind delete cluster --name odto")
        assert.isFalse(existsSync(join(machine.home, "cluster")))
        assert.strictEqual(again.code, 69)
      }),
    60_000
  )

  it.live("every command says what to do where there is none", () =>
    Effect.gen(function*() {
      const { run } = yield* installed
      const ran = yield* Effect.forEach([["status", "--cluster"], ["logs", "--cluster"]], (args) => run(args))

      for (const { code, stderr } of ran) {
        assert.strictEqual(code, 69)
        assert.match(stderr, /there is no kind cluster odto; make one with: odd-dashboard up --cluster\n$/u)
      }
    }), 60_000)
})

describe("On a terminal", () => {
  it.live(
    "a start shows how it goes, is ended by Ctrl-C with what it runs, and down asks before it removes",
    () =>
      Effect.gen(function*() {
        const { machine, program, settings } = yield* installed
        faulty(machine, { match: "kind load", hangs: true, stderr: "not yet present, loading...\n" })
        const show = (...args: ReadonlyArray<string>) =>
          open({ command: process.execPath, args: [program, ...args], cwd: "/", env: settings, columns: 100, rows: 30 })
        const up = yield* show("up", "--cluster", "--port-offset", String(yield* freeOffset))
        yield* up.until("its progress", (text) => text.includes("… load the images into the cluster: not yet present"))
        const before = up.text()
        yield* up.type(keys.ctrlC)
        const { code } = yield* up.ended
        const down = yield* show("down", "--cluster")
        yield* down.until("the question", (text) => text.includes("Delete the cluster odto with all its data?"))
        const asked = calls(machine.folder).map(shortly)
        yield* down.type("y")
        yield* down.until("its end", (text) => text.includes("the cluster odto is deleted"))

        assert.match(before, /^✓ kind cluster +\S+ \S+ {2}odto is made$/mu)
        assert.strictEqual(code, 130)
        assert.include(up.text(), "interrupted; this goes on where it was: odd-dashboard up --cluster")
        assert.deepStrictEqual(ended(machine), ["kind"])
        assert.notInclude(asked.join(), "kind delete")
        assert.strictEqual(read(machine.folder).cluster, "absent")
      }),
    60_000
  )
})
