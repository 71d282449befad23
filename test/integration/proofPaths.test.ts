/**
 * The integration harness: `npm run -s integration`. Everything that it needs it starts by itself; what it finds is in
 * .artifacts/integration, decision.json first.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { join } from "node:path"
import { describeWithServers } from "../support/Servers.ts"
import { accepted, archived, counted, readBack } from "./fourPaths.ts"
import { budgetMillis, type Evidence, type PathId, Run } from "./Run.ts"
import { inCompose, Stage } from "./Stage.ts"
import { alertDelivered, booksBalanced, brokerRestarted, poisoned, submittedTwice, workerKilled } from "./troubles.ts"

const artefacts = join(import.meta.dirname, "../../.artifacts/integration")
const servers = ["postgres", "rabbitmq", "redis", "mongodb"] as const
const watchers = ["prometheus", "alertmanager"] as const
const kinds = inCompose ? watchers : [...servers, ...watchers]
/** A path of its own may not eat up the whole budget. */
const pathMillis = 60_000

const path = <E, R>(id: PathId, proof: Effect.Effect<Evidence, E, R>) => Run.use((run) => run.path(id, proof))

describeWithServers(kinds, "The integration harness", () => {
  const stage = Stage.layer.pipe(Layer.provideMerge(Run.layer(artefacts, inCompose ? "compose" : "server processes")))
  layer(stage, { excludeTestServices: true, timeout: "120 seconds" })((it) => {
    it.effect(
      "P1: a submitted job is accepted, and request and answer match the contract",
      () => path("P1", accepted),
      pathMillis
    )
    it.effect("P2: its events reach the archive, and match theirs", () => path("P2", archived), pathMillis)
    it.effect("P3: it reads back as completed, with its result", () => path("P3", readBack), pathMillis)
    it.effect("P4: its metrics are exposed, by value", () => path("P4", counted), pathMillis)
    it.effect("a job that is submitted twice is one job", () => path("duplicate", submittedTwice), pathMillis)
    it.effect("a message that nobody can read is kept and harms nothing", () => path("poison", poisoned), pathMillis)
    it.effect("the jobs of a killed worker run again, once", () => path("worker", workerKilled), pathMillis)
    it.effect("an alert is delivered, shown and taken back", () => path("alert", alertDelivered), pathMillis)
    it.effect("a broker that is restarted loses nothing", () => path("broker", brokerRestarted), pathMillis)
    it.effect(
      "everything that was accepted has ended, and all stores agree",
      () => path("books", booksBalanced),
      pathMillis
    )
    it.effect("decides within its budget that everything is proven", () =>
      Effect.gen(function*() {
        const { decide } = yield* Run
        const decision = decide()

        assert.isAtMost(decision.tookMillis, budgetMillis)
        assert.strictEqual(decision.verdict, "passed")
      }))
  })
}, { own: true })
