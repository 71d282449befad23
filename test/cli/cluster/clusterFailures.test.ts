/** How each step of a start fails: the cause that is told, and what to do about it. */
import { exitCodes } from "#cli/exitCodes.ts"
import { failureOf } from "#cli/failure.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { calls, change, type Fault, shortly } from "../../support/cluster/Machine.ts"
import { toolMachine } from "../../support/cluster/StandIns.ts"
import { errorOf, freeOffset, packageOf, upOn, type UpOnOptions } from "../../support/cluster/upOn.ts"

/** The step that failed on a machine with this fault, with cause and remedy. */
const failing = (fault: Fault, options: UpOnOptions = {}) =>
  Effect.gen(function*() {
    const machine = yield* toolMachine({ faults: [fault] })
    const { failed, outcome } = yield* upOn(machine, options)
    return { machine, failed, error: errorOf(outcome) }
  })

/** What the tool says, and what is made of it. */
const failures: ReadonlyArray<
  readonly [name: string, step: string, fault: Fault, cause: RegExp, remedy: RegExp]
> = [
  [
    "an engine that does not run",
    "prerequisites",
    { match: "docker info", stderr: "Cannot connect to the Docker daemon at unix:///var/run/docker.sock." },
    /^docker engine is stopped: Cannot connect to the Docker daemon/u,
    /docker/u
  ],
  [
    "an engine that refuses this user",
    "prerequisites",
    { match: "docker info", stderr: "permission denied while trying to connect to the docker API" },
    /^docker engine is refused: permission denied/u,
    /docker/u
  ],
  [
    "a kubectl that is too old for the manifests",
    "prerequisites",
    { match: "kubectl version", code: 0, stdout: `Client Version: version.Info{Major:"1", GitVersion:"v1.20.5"}` },
    /^kubectl is old: v1\.20\.5 is there, 1\.27 or newer is needed; see https/u,
    /run it again/u
  ],
  [
    "a port that was taken meanwhile",
    "cluster",
    {
      match: "kind create",
      stderr: "ERROR: failed to create cluster: Bind for 127.0.0.1:3000 failed: port is already allocated"
    },
    /^cannot create the cluster: ERROR: failed to create cluster: .*already allocated$/u,
    /--port-offset/u
  ],
  [
    "a full disk",
    "cluster",
    { match: "kind create", stderr: "ERROR: failed to create cluster: no space left on device" },
    /no space left/u,
    /docker system prune/u
  ],
  [
    "too few watches for a node",
    "cluster",
    { match: "kind create", stderr: "ERROR: failed to create cluster: too many open files" },
    /too many open files/u,
    /max_user_instances/u
  ],
  [
    "a node image that cannot be pulled",
    "cluster",
    {
      match: "kind create",
      // As kind 0.33 says it on a machine with the first version of cgroups.
      stderr: `cgroup v1 is deprecated in Kubernetes
 • Ensuring node image (kindest/node:v1) 🖼  ...
 ✗ Ensuring node image (kindest/node:v1) 🖼
ERROR: failed to create cluster: failed to pull image "kindest/node:v1": command failed with error: exit status 1
Command Output: Error response from daemon: lookup registry: no such host
`
    },
    /^cannot create the cluster: ERROR: failed to create cluster: failed to pull image .* \| Command Output: .*such host$/u,
    /Docker Hub/u
  ],
  [
    "a broken build",
    "images",
    {
      match: "buildx bake",
      stderr: "#9 CACHED\nERROR: failed to solve: process \"/bin/sh -c node x\" did not complete"
    },
    /^cannot build the images: ERROR: failed to solve/u,
    /docker/u
  ],
  [
    "a base image that cannot be had",
    "images",
    { match: "buildx bake", stderr: "ERROR: failed to resolve source metadata for docker.io/library/node:24" },
    /failed to resolve/u,
    /base image/u
  ],
  [
    "nodes that take no images",
    "load",
    { match: "kind load", stderr: "ERROR: failed to load image: ctr: content digest sha256:1: not found" },
    /^cannot load the images into the cluster: .*content digest/u,
    /containerd image store/u
  ],
  [
    "secrets that are not taken",
    "secrets",
    { match: "apply .*--filename -", stderr: "Error from server (Forbidden): secrets is forbidden" },
    /^cannot make the secrets: Error from server \(Forbidden\)/u,
    /kubectl/u
  ],
  [
    "manifests that are refused",
    "manifests",
    { match: "apply .*--kustomize", stderr: "The Job \"migrate\" is invalid: spec.template: field is immutable" },
    /^cannot apply the manifests: .*field is immutable/u,
    /down --cluster/u
  ]
]

describe("A start of a cluster fails", () => {
  for (const [name, step, fault, cause, remedy] of failures) {
    it.live(`at ${step}, by ${name}, with cause and remedy`, () =>
      Effect.gen(function*() {
        const { error, failed } = yield* failing(fault)

        assert.strictEqual(failed?.step, step)
        assert.match(failed?.cause ?? "", cause)
        assert.match(failed?.remedy ?? "", remedy)
        assert.strictEqual(error.cause, failed?.cause, "the command ends with it")
      }))
  }

  for (const tool of ["docker", "kubectl", "kind"]) {
    it.live(`before anything is made, where ${tool} is not installed`, () =>
      Effect.gen(function*() {
        const machine = yield* toolMachine()
        const { failed, outcome, steps } = yield* upOn(machine, { absent: [tool] })

        assert.deepStrictEqual(steps, ["prerequisites failed"])
        assert.match(failed?.cause ?? "", new RegExp(`\\b${tool} is missing: not found`, "u"))
        assert.isNotEmpty(failed?.remedy)
        assert.strictEqual(failureOf(errorOf(outcome)).exitCode, exitCodes.unavailable)
      }))
  }

  it.live("before anything is made, where somebody else has a port, and names who", () =>
    Effect.gen(function*() {
      const machine = yield* toolMachine()
      const portOffset = yield* freeOffset
      const taken = 3002 + portOffset
      const holder = createServer()
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void holder.listen(taken, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.sync(() => holder.close())
      )
      const { failed, steps } = yield* upOn(machine, { portOffset })

      assert.deepStrictEqual(steps, ["prerequisites failed"])
      assert.match(failed?.cause ?? "", new RegExp(`^port ${taken} is taken: (process ${process.pid}|another)`, "u"))
      assert.match(failed?.remedy ?? "", /end that process, or move all ports with: .*--port-offset \d+/u)
      assert.notInclude(calls(machine.folder).map(shortly).join(), "create")
    }))

  it.live("at images, where the package has no programs for them, and says how they are made", () =>
    Effect.gen(function*() {
      const machine = yield* toolMachine()
      const { failed, outcome } = yield* upOn(machine, {
        onEvent: ({ state, step }) => {
          if (step === "images" && state === "started") rmSync(join(packageOf(machine), "dist"), { recursive: true })
        }
      })

      assert.match(failed?.cause ?? "", /dist\/image is not there/u)
      assert.strictEqual(failed?.remedy, "npm run build")
      assert.strictEqual(failureOf(errorOf(outcome)).exitCode, exitCodes.configuration)
    }))

  it.live("at images, where no image of this version is published", () =>
    Effect.gen(function*() {
      const { failed } = yield* failing({
        match: "crictl pull",
        stderr: "failed to resolve reference \"docker.io/oddessentials/odto-gateway:9\": not found"
      }, { pull: true })

      assert.strictEqual(failed?.step, "images")
      assert.match(failed?.remedy ?? "", /leave --pull out/u)
    }))

  it.live("when the time is up, and says at which step", () =>
    Effect.gen(function*() {
      const endedCalls: Array<string> = []
      const { error, failed } = yield* failing({ match: "kind load", hangs: true }, {
        timeoutSeconds: 1,
        onEnd: (call) => endedCalls.push(call)
      })

      assert.strictEqual(failed?.step, "load")
      assert.strictEqual(failed?.cause, "not done within 1 s")
      assert.strictEqual(failureOf(error).exitCode, exitCodes.tryAgain)
      assert.match(endedCalls.join(), /^kind load/u, "what ran was ended")
    }))

  it.live("at a cluster that was not finished, which the next start makes again", () =>
    Effect.gen(function*() {
      const machine = yield* toolMachine({
        faults: [{ match: "kind create", isDone: true, stderr: "ERROR: killed", times: 1 }, { match: "buildx bake" }]
      })
      yield* upOn(machine)
      const { steps } = yield* upOn(machine)

      assert.deepStrictEqual(steps, ["prerequisites done", "cluster done", "images failed"])
      assert.deepStrictEqual(
        calls(machine.folder).map(shortly).filter((call) => /^kind (create|delete)/u.test(call)),
        ["kind create cluster --name odto", "kind delete cluster --name odto", "kind create cluster --name odto"]
      )
    }))

  it.live("at a cluster that stands still, by a port that was taken since, which an offset does not change any more", () =>
    Effect.gen(function*() {
      const machine = yield* toolMachine({ faults: [{ match: "buildx bake" }] })
      yield* upOn(machine)
      change(machine.folder, {
        cluster: "stopped",
        faults: [{ match: "docker start", stderr: "Error response from daemon: address already in use" }]
      })
      const { failed } = yield* upOn(machine)

      assert.strictEqual(failed?.step, "cluster")
      assert.match(failed?.remedy ?? "", /^end what listens there, or make the cluster anew .*down --cluster/u)
    }))

  it.live("at a cluster that cannot be reached, and never deletes one that may have data", () =>
    Effect.gen(function*() {
      const machine = yield* toolMachine({ faults: [{ match: "buildx bake" }] })
      yield* upOn(machine)
      change(machine.folder, {
        faults: [{ match: "export kubeconfig", stderr: "ERROR: could not read /etc/kubernetes" }]
      })
      const { failed } = yield* upOn(machine)

      assert.strictEqual(failed?.step, "cluster")
      assert.match(failed?.remedy ?? "", /down --cluster/u)
      assert.notInclude(calls(machine.folder).map(shortly).join(), "kind delete")
      assert.isFalse(existsSync(join(machine.home, "cluster", "unfinished")))
    }))

  it.live("at manifests only when the cluster goes on to refuse: one that begins is asked again", () =>
    Effect.gen(function*() {
      const { failed, machine } = yield* failing({
        match: "apply .*--kustomize",
        stderr: "Error from server: etcdserver: request timed out",
        times: 1
      }, { timeoutSeconds: 5 })

      assert.strictEqual(failed?.step, "proof", "nothing listens where the proof would go")
      assert.lengthOf(calls(machine.folder).filter(({ args }) => args.includes("--kustomize")), 2)
    }))

  it.live("at the proof, when no job gets through, and is no success before", () =>
    Effect.gen(function*() {
      const machine = yield* toolMachine()
      const { failed, outcome, steps } = yield* upOn(machine, { timeoutSeconds: 3 })

      assert.strictEqual(steps.at(-1), "proof failed")
      assert.strictEqual(outcome._tag, "Failure")
      assert.match(
        failed?.cause ?? "",
        /^not done within 3 s; at last: the gateway at http\S+ takes no job: no answer/u
      )
      assert.isNotEmpty(failed?.remedy)
    }))
})
