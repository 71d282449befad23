/** What keeps pods from running: which of it is waited for, which ends a start, with which cause and remedy. */
import { judge, type Known } from "#cli/cluster/podTroubles.ts"
import { ObjectOfCluster, podsOf, waitingFor, workloadsOf } from "#cli/cluster/Workloads.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { calls, type State } from "../../support/cluster/Machine.ts"
import { toolMachine } from "../../support/cluster/StandIns.ts"
import { upOn } from "../../support/cluster/upOn.ts"
import { migrationJob, pod, unschedulable, waiting, workloads } from "../../support/cluster/workloads.ts"

const decode = Schema.decodeUnknownSync(Schema.Array(ObjectOfCluster))

/** Everything runs but what is named, whose pods are as given. */
const clusterWith = (
  pods: ReadonlyArray<object>,
  notReady: ReadonlyArray<string> = []
): ReadonlyArray<ObjectOfCluster> => decode([...workloads((name) => !notReady.includes(name)), ...pods])

/** What is judged at each of these seconds, with the same objects throughout. */
const judgedAt = (objects: ReadonlyArray<ObjectOfCluster>, ...seconds: ReadonlyArray<number>) => {
  let known: Known = new Map()
  return seconds.map((second) => {
    const judged = judge(known, objects, second * 1_000)
    known = judged.known
    return judged.last
  })
}

const crash = (restartCount: number) =>
  waiting({ reason: "CrashLoopBackOff", restartCount, last: { reason: "Error", exitCode: 78 } })

describe("A pod", () => {
  it("may pull its image for minutes, then its registry is named as the cause", () => {
    const objects = clusterWith([pod("postgres", waiting({ reason: "ImagePullBackOff", message: "i/o timeout" }))])
    const [first, later, last] = judgedAt(objects, 0, 170, 190)

    assert.isUndefined(first)
    assert.isUndefined(later)
    assert.match(last?.cause ?? "", /^its image postgres:17 cannot be had: ImagePullBackOff: i\/o timeout$/u)
    assert.match(last?.remedy ?? "", /network/u)
  })

  it("does not wait long for an image that does not exist", () => {
    const says = { reason: "ErrImagePull", message: "manifest unknown", image: "oddessentials/odto-gateway:9" }
    const [first, last] = judgedAt(clusterWith([pod("gateway", waiting(says))]), 0, 21)

    assert.isUndefined(first)
    assert.match(last?.remedy ?? "", /loads the images/u)
  })

  it("may begin anew while it waits for a server, and not for ever", () => {
    assert.isUndefined(judgedAt(clusterWith([pod("gateway", crash(3))]), 0)[0])
    const [last] = judgedAt(clusterWith([pod("gateway", crash(4))]), 0)

    assert.match(last?.cause ?? "", /^it ended 5 times, at last with exit code 78$/u)
    assert.match(last?.remedy ?? "", /logs --cluster gateway --previous/u)
  })

  it("is excused for ends before its servers ran", () => {
    const starting = clusterWith([pod("gateway", crash(9))], ["postgres", "gateway"])
    const before = judge(new Map(), starting, 0)
    const after = judge(before.known, clusterWith([pod("gateway", crash(10))], ["gateway"]), 1_000)
    const later = judge(after.known, clusterWith([pod("gateway", crash(11))], ["gateway"]), 2_000)

    assert.isUndefined(before.last)
    assert.isUndefined(after.last, "one more end proves nothing: it may have begun before")
    assert.strictEqual(later.last?.kind, "crash")
  })

  it("that wants too much memory is told from one that ends by itself", () => {
    const oom = (restartCount: number) =>
      waiting({ reason: "CrashLoopBackOff", restartCount, last: { reason: "OOMKilled", exitCode: 137 } })

    assert.isUndefined(judgedAt(clusterWith([pod("mongodb", oom(0))]), 0)[0], "once may be a peak")
    const [last] = judgedAt(clusterWith([pod("mongodb", oom(1))]), 0)
    assert.match(last?.cause ?? "", /OOMKilled/u)
    assert.match(last?.remedy ?? "", /more memory.*--minimal/u)
  })

  it("that no node takes is waited for, and then the scheduler's own words are the cause", () => {
    const objects = clusterWith([pod("processor", unschedulable("0/1 nodes are available: 1 Insufficient memory."))])
    const [first, last] = judgedAt(objects, 0, 61)

    assert.isUndefined(first)
    assert.match(last?.cause ?? "", /1 Insufficient memory/u)
    assert.match(last?.remedy ?? "", /--minimal/u)
  })

  it("whose secret is missing says which", () => {
    const says = { reason: "CreateContainerConfigError", message: `secret "odto-redis" not found` }
    const [first, last] = judgedAt(clusterWith([pod("redis", waiting(says))]), 0, 21)

    assert.isUndefined(first)
    assert.match(last?.cause ?? "", /secret "odto-redis" not found/u)
  })

  it("that healed meanwhile begins anew when it is in trouble again", () => {
    const bad = clusterWith([pod("postgres", waiting({ reason: "ImagePullBackOff" }))])
    const first = judge(new Map(), bad, 0)
    const healed = judge(first.known, clusterWith([]), 100_000)
    const again = judge(healed.known, bad, 190_000)

    assert.isUndefined(again.last)
  })

  it("of an earlier version is not judged: it goes", () => {
    const earlier = decode([{
      kind: "ReplicaSet",
      metadata: {
        name: "gateway-4a",
        annotations: { "deployment.kubernetes.io/revision": "1" },
        ownerReferences: [{ kind: "Deployment", name: "gateway" }]
      }
    }, {
      kind: "Pod",
      metadata: { name: "gateway-4a-x", ownerReferences: [{ kind: "ReplicaSet", name: "gateway-4a" }] },
      status: crash(40)
    }])
    const objects = [...clusterWith([]), ...earlier]

    assert.isUndefined(judgedAt(objects, 0)[0])
    assert.deepStrictEqual(podsOf(objects), [])
  })
})

describe("Workloads", () => {
  it("are ready when the newest of what was applied runs", () => {
    const [deployment] = decode([{
      kind: "Deployment",
      metadata: { name: "gateway", generation: 3 },
      spec: { replicas: 2 },
      status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }
    }])
    const seen = workloadsOf(deployment === undefined ? [] : [deployment])

    assert.strictEqual(seen[0]?.isReady, false, "the answer is about what was applied before")
    assert.strictEqual(waitingFor(seen), "gateway 2/2")
  })

  it("that are jobs of a schedule are not waited for", () => {
    const job = { ...migrationJob({}), metadata: { name: "x", ownerReferences: [{ kind: "CronJob", name: "x" }] } }

    assert.deepStrictEqual(workloadsOf(decode([job])), [])
  })
})

/** How a start ends on a machine in that state. */
const ending = (changes: Partial<State>, timeoutSeconds = 60) =>
  Effect.gen(function*() {
    const machine = yield* toolMachine({ isEverReady: false, ...changes })
    return { machine, ...(yield* upOn(machine, { timeoutSeconds })) }
  })

describe("A start of a cluster", () => {
  it.live("tells the last words of a program that does not stay up", () =>
    Effect.gen(function*() {
      const { failed, machine } = yield* ending({ pods: [pod("gateway", crash(5))] })
      const asked = calls(machine.folder).findLast(({ args }) => args.includes("logs"))

      assert.strictEqual(failed?.step, "workloads")
      assert.match(
        failed?.cause ?? "",
        /^gateway: it ended 6 times.*its last words: starting \| fatal: no such table$/u
      )
      assert.includeMembers([...asked?.args ?? []], ["gateway-5f-abcde", "main", "--previous"])
    }))

  it.live("tells why a migration has failed", () =>
    Effect.gen(function*() {
      const failedJob = migrationJob({}, "Failed")
      const { failed } = yield* ending({ pods: [failedJob, pod("migrate", {})] })

      assert.match(failed?.cause ?? "", /^migrate: the job has failed: .*backoff limit.*fatal: no such table$/u)
      assert.match(failed?.remedy ?? "", /logs --cluster migrate/u)
    }))

  it.live("tells what is missing when the time is up, with what stands in its way", () =>
    Effect.gen(function*() {
      const pods = [pod("processor", unschedulable("1 Insufficient cpu."))]
      const { failed } = yield* ending({ pods }, 2)

      assert.match(
        failed?.cause ?? "",
        /^not everything runs after 2 s; still missing: processor 0\/1.*1 Insufficient cpu/u
      )
      assert.match(failed?.remedy ?? "", /--minimal/u)
    }))

  it.live("passes over single answers that do not come, and gives up when none come", () =>
    Effect.gen(function*() {
      const match = "kubectl .*get deployments"
      const { failed, steps } = yield* ending({ isEverReady: true, faults: [{ match, times: 1 }] }, 4)
      assert.include(steps, "workloads done")
      assert.strictEqual(failed?.step, "proof")
    }))
})
