/** A whole start of a cluster, from a clean machine to a job that has run, with stand-ins for docker, kind and kubectl. */
import { contextName } from "#cli/cluster/place.ts"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { calls, change, read, shortly, type State } from "../../support/cluster/Machine.ts"
import { version } from "../../support/cluster/packageFolder.ts"
import { knownToken, ProvingSystem } from "../../support/cluster/ProvingSystem.ts"
import { type ToolMachine, toolMachine } from "../../support/cluster/StandIns.ts"
import { packageOf, upOn } from "../../support/cluster/upOn.ts"

/** A machine whose cluster would lead to the system that runs for the tests. */
const machineWith = (changes: Partial<State> = {}) =>
  Effect.flatMap(ProvingSystem, ({ ports }) => toolMachine({ ports: { ...ports }, ...changes }))

/** What was told to the tools that changes something. */
const changesOf = ({ folder }: ToolMachine) =>
  calls(folder).map(shortly).filter((call) =>
    !/^(docker (--version|info|inspect|image inspect|exec|buildx version)|kind (version|get)|kubectl (version|get))\b/u
      .test(call)
  )

const forget = ({ folder }: ToolMachine) => rmSync(join(folder, "calls.ndjson"))

const allDone = [
  "prerequisites done",
  "cluster done",
  "images done",
  "load done",
  "secrets done",
  "manifests done",
  "workloads done",
  "proof done"
]

layer(ProvingSystem.layer, { excludeTestServices: true, timeout: 120_000 })("A start of a cluster", (it) => {
  it.effect("makes everything on a clean machine, and is done when a job has run", () =>
    Effect.gen(function*() {
      const { gatewayUrl, readModelUrl } = yield* ProvingSystem
      const machine = yield* machineWith()
      const { events, outcome, steps, succeeded } = yield* upOn(machine)

      assert.deepStrictEqual(steps, allDone, JSON.stringify(outcome))
      assert.deepStrictEqual(changesOf(machine), [
        "kind create cluster --name odto",
        "docker buildx bake --file manifests…",
        "kind load docker-image --name odto",
        "kubectl create --filename -",
        "kubectl apply --server-side --force-conflicts --filename",
        "kubectl apply --server-side --force-conflicts --kustomize"
      ])
      assert.strictEqual(succeeded?.addresses.gateway, gatewayUrl)
      assert.strictEqual(succeeded?.addresses.readModel, readModelUrl)
      assert.strictEqual(succeeded?.secrets["odto-tokens"]?.["admin-token"], knownToken)
      assert.match(events.at(-1)?.detail ?? "", /^job \S+ is completed$/u)
    }))

  it.effect("tells of each step when it starts, how it goes and how it ends, with its time", () =>
    Effect.gen(function*() {
      const machine = yield* machineWith({ looksUntilReady: 1 })
      const { events } = yield* upOn(machine)
      const ofWorkloads = events.filter(({ step }) => step === "workloads")

      assert.deepStrictEqual(ofWorkloads.map(({ state }) => state), ["started", "progress", "done"])
      assert.match(ofWorkloads[1]?.detail ?? "", /^0 of 12 run; waiting for gateway 0\/1, .*migrate 0\/1$/u)
      assert.strictEqual(ofWorkloads[2]?.detail, "12 workloads run")
      assert.isAtLeast(ofWorkloads[2]?.seconds ?? 0, 2)
      assert.include(events.map(({ detail }) => detail), "Preparing nodes 📦", "kind's own progress is passed on")
    }))

  it.effect("speaks to its own cluster by its own kubeconfig in every call, and to no other", () =>
    Effect.gen(function*() {
      const machine = yield* machineWith()
      yield* upOn(machine)
      const told = calls(machine.folder)
      const kubeconfig = join(machine.home, "cluster", "kubeconfig")
      const ofCluster = told.filter(({ args, tool }) => tool === "kubectl" && args[0] !== "version")

      assert.isAbove(ofCluster.length, 5)
      assert.deepStrictEqual(
        ofCluster.filter(({ args }) =>
          args.slice(0, 4).join(" ") !== `--kubeconfig ${kubeconfig} --context ${contextName}`
        ),
        []
      )
      for (const { args } of told.filter(({ args, tool }) => tool === "kind" && args[0] === "create")) {
        assert.strictEqual(args[args.indexOf("--kubeconfig") + 1], kubeconfig)
      }
    }))

  it.effect("gives secrets to nobody but the cluster: not to a command line, not to a file", () =>
    Effect.gen(function*() {
      const machine = yield* machineWith()
      const { events } = yield* upOn(machine)
      const { secrets } = read(machine.folder)
      const values = Object.values(secrets).flatMap((data) =>
        Object.values(data).map((value) => Buffer.from(value, "base64").toString("utf8"))
      ).filter((value) => value.length > 10)
      const commandLines = calls(machine.folder).map(({ args, env }) => JSON.stringify([args, env])).join("\n")
      const written = ["kustomization.yaml", "kubeconfig"].map((name) =>
        readFileSync(join(machine.home, "cluster", name), "utf8")
      ).join("\n")

      assert.isAbove(values.length, 8)
      for (const value of values) {
        assert.notInclude(commandLines, value)
        assert.notInclude(written, value)
        assert.notInclude(JSON.stringify(events), value)
      }
    }))

  it.effect("does almost nothing the second time, and proves it all the same", () =>
    Effect.gen(function*() {
      const machine = yield* machineWith()
      yield* upOn(machine)
      const { secrets } = read(machine.folder)
      forget(machine)
      const { outcome, steps } = yield* upOn(machine)

      assert.deepStrictEqual(steps, [
        "prerequisites done",
        "cluster skipped",
        "images skipped",
        "load skipped",
        "secrets skipped",
        "manifests done",
        "workloads done",
        "proof done"
      ], JSON.stringify(outcome))
      assert.deepStrictEqual(changesOf(machine), [
        "kind export kubeconfig --name odto",
        "kubectl apply --server-side --force-conflicts --kustomize"
      ])
      assert.deepStrictEqual(read(machine.folder).secrets, secrets)
    }))

  it.effect("builds and rolls out anew when the programs have changed, with another migration", () =>
    Effect.gen(function*() {
      const machine = yield* machineWith()
      yield* upOn(machine)
      const before = readFileSync(join(machine.home, "cluster", "kustomization.yaml"), "utf8")
      forget(machine)
      const { steps } = yield* upOn(machine, {
        onEvent: ({ state, step }) => {
          // After the package was laid out.
          if (step === "prerequisites" && state === "started") {
            writeFileSync(join(packageOf(machine), "dist/image/cli.mjs"), "process.exit(1)\n")
          }
        }
      })
      const after = readFileSync(join(machine.home, "cluster", "kustomization.yaml"), "utf8")

      assert.deepStrictEqual(steps.slice(1, 5), ["cluster skipped", "images done", "load done", "secrets skipped"])
      assert.include(changesOf(machine), "kubectl delete job migrate --ignore-not-found")
      assert.notStrictEqual(before, after)
      assert.match(after, new RegExp(`"newTag": "${version}-[0-9a-f]{12}"`, "u"))
    }))

  it.effect("builds target by target where Docker has no buildx", () =>
    Effect.gen(function*() {
      const machine = yield* machineWith({ hasBuildx: false })
      const { steps } = yield* upOn(machine)
      const builds = calls(machine.folder).filter(({ args }) => args[0] === "build")

      assert.deepStrictEqual(steps, allDone)
      assert.deepStrictEqual(
        builds.map(({ args }) => args[args.indexOf("--target") + 1]),
        ["odto-gateway", "odto-dispatcher", "odto-processor", "odto-metrics-engine", "odto-read-model"]
      )
      assert.isTrue(builds.every(({ args }) => args.includes("PROGRAMS=packed")))
    }))

  it.effect("has the nodes pull published images of this version instead, when it is told to", () =>
    Effect.gen(function*() {
      const machine = yield* machineWith()
      const { steps } = yield* upOn(machine, { pull: true, overlay: "minimal" })
      const kustomization = readFileSync(join(machine.home, "cluster", "kustomization.yaml"), "utf8")

      assert.deepStrictEqual(steps, allDone.map((step) => step === "load done" ? "load skipped" : step))
      assert.sameMembers(
        calls(machine.folder).filter(({ args }) => args[0] === "exec" && args[3] === "pull").map(({ args }) =>
          args.at(-1)
        ),
        ["gateway", "dispatcher", "processor", "metrics-engine", "read-model"].map((program) =>
          `docker.io/oddessentials/odto-${program}:${version}`
        )
      )
      assert.notMatch(changesOf(machine).join(), /bake|kind load/u)
      assert.include(kustomization, `"newTag": "${version}"`)
      assert.include(kustomization, "./manifests/overlays/minimal")
    }))

  it.effect("starts a cluster that stands still, with its data", () =>
    Effect.gen(function*() {
      const machine = yield* machineWith()
      yield* upOn(machine)
      change(machine.folder, { cluster: "stopped" })
      forget(machine)
      const { events, outcome } = yield* upOn(machine)

      assert.strictEqual(outcome._tag, "Success", JSON.stringify(outcome))
      assert.include(changesOf(machine), "docker start odto-control-plane")
      assert.include(events.map(({ detail }) => detail), "started again")
      assert.notInclude(changesOf(machine).join(), "delete cluster")
    }))

  const interruptions = [
    ["kind create cluster", "cluster"],
    ["docker buildx bake", "images"],
    ["kind load", "load"],
    ["kubectl .*apply .*--filename -", "secrets"],
    ["kubectl .*apply .*--kustomize", "manifests"],
    ["kubectl .*get deployments", "workloads"]
  ] as const
  for (const [match, step] of interruptions) {
    it.effect(`ends what runs when it is broken off at ${step}, and goes on where it was`, () =>
      Effect.gen(function*() {
        // What it was told may have been done when it is ended, or in part.
        const machine = yield* machineWith({ faults: [{ match, hangs: true, times: 1, isDone: step === "cluster" }] })
        const reached = yield* Deferred.make<void>()
        const endedCalls: Array<string> = []
        const broken = yield* Effect.forkChild(upOn(machine, {
          onEvent: (event) => {
            if (event.step === step && event.state === "started") Deferred.doneUnsafe(reached, Effect.void)
          },
          onEnd: (call) => endedCalls.push(call)
        }))
        yield* Deferred.await(reached)
        const hangs = Effect.sync(() => read(machine.folder).faults[0]?.times === 0)
        yield* Effect.repeat(Effect.tap(hangs, () => Effect.sleep("10 millis")), { until: (isReached) => isReached })
        yield* Fiber.interrupt(broken)
        const isMarked = changesOf(machine).length
        const { outcome, steps } = yield* upOn(machine)

        assert.lengthOf(endedCalls, 1)
        assert.match(endedCalls[0] ?? "", new RegExp(match, "u"))
        assert.strictEqual(outcome._tag, "Success", JSON.stringify(outcome))
        assert.strictEqual(steps.at(-1), "proof done")
        assert.lengthOf(
          changesOf(machine).slice(isMarked).filter((call) => call.startsWith("kind create")),
          step === "cluster" ? 1 : 0,
          "only a cluster that was not finished is made again"
        )
      }))
  }
})
