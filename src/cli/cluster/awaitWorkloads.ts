/** Waits until everything runs, tells how far it is, and gives up early on what does not heal. */
import { Clock, Effect, Option } from "effect"
import { exitCodes } from "../exitCodes.ts"
import { asks, inCluster, namespace, type Place } from "./place.ts"
import { judge, type Known, type PodTrouble } from "./podTroubles.ts"
import { type Budget, done, type Say, Trouble } from "./Steps.ts"
import { readObjects, waitingFor, type Workload, workloadsOf } from "./Workloads.ts"

const lookEvery = "2 seconds"
/** Lines of a container's last words that are read, and of those that are told. */
const readLines = 20
const toldLines = 5
/** An API server that is busy may fail to answer so often in a row. */
const maxMissedLooks = 5

/** Of the run that ended; else of the one at hand. */
const lastWordsOf = (place: Place, { container, pod }: PodTrouble) => {
  const ask = (...more: ReadonlyArray<string>) =>
    asks({
      tool: "kubectl",
      args: [
        ...inCluster(place),
        "--namespace",
        namespace,
        "logs",
        pod,
        ...(container === undefined ? ["--all-containers"] : ["--container", container]),
        "--tail",
        String(readLines),
        ...more
      ],
      timeoutMillis: 15_000
    })
  return Effect.map(
    Effect.flatMap(ask("--previous"), (said) => Option.isSome(said) ? Effect.succeed(said) : ask()),
    (said) =>
      Option.getOrElse(said, () => "").split("\n").map((line) => line.trim()).filter((line) => line !== "")
        .slice(-toldLines)
  )
}

const troubleOf = (place: Place, found: PodTrouble) =>
  Effect.gen(function*() {
    const words = found.hasLog && found.pod !== "" ? yield* lastWordsOf(place, found) : []
    const said = words.length === 0 ? "" : `; its last words: ${words.join(" | ")}`
    return new Trouble({ cause: `${found.workload}: ${found.cause}${said}`, remedy: found.remedy })
  })

/** What was seen last; for the message when the time is up. */
interface Seen {
  readonly workloads: ReadonlyArray<Workload>
  readonly troubles: ReadonlyArray<PodTrouble>
}

export const outOfTime = ({ troubles, workloads }: Seen, { seconds }: Budget) => {
  const [first] = troubles
  const waiting = waitingFor(workloads)
  const slow = workloads.find(({ isReady }) => !isReady)
  return new Trouble({
    cause: `not everything runs after ${seconds} s${waiting === "" ? "" : `; still missing: ${waiting}`}${
      first === undefined ? "" : `; ${first.workload}: ${first.cause}`
    }`,
    remedy: first?.remedy ??
      `run it again, it goes on where it was; --timeout gives it more seconds${
        slow === undefined ? "" : `, and this may tell more: odd-dashboard logs --cluster ${slow.name}`
      }`,
    exitCode: exitCodes.tryAgain
  })
}

export const awaitWorkloads = (place: Place, say: Say, onSeen: (seen: Seen) => void) =>
  Effect.gen(function*() {
    let known: Known = new Map()
    let missed = 0
    let lastSaid = ""
    for (;;) {
      const objects = yield* readObjects(place).pipe(
        Effect.map(Option.some),
        Effect.catch((trouble) => ++missed > maxMissedLooks ? Effect.fail(trouble) : Effect.succeedNone)
      )
      if (Option.isSome(objects)) {
        missed = 0
        const workloads = workloadsOf(objects.value)
        const judged = judge(known, objects.value, yield* Clock.currentTimeMillis)
        known = judged.known
        onSeen({ workloads, troubles: judged.all })
        if (judged.last !== undefined) return yield* yield* troubleOf(place, judged.last)
        const waiting = waitingFor(workloads)
        if (workloads.length > 0 && waiting === "") return done(`${workloads.length} workloads run`)
        const ready = workloads.filter(({ isReady }) => isReady).length
        const said = `${ready} of ${workloads.length} run; waiting for ${waiting}`
        if (said !== lastSaid) say(said)
        lastSaid = said
      }
      yield* Effect.sleep(lookEvery)
    }
  })
