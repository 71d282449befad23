/**
 * One run of the integration harness: what it sets out to prove, what came of it, and where its artefacts are.
 *
 * The decision is written whatever happens, and is `passed` only when every path has passed within the budget. A path
 * that was never reached counts against it.
 */
import { Cause, Context, Effect, Exit, Layer } from "effect"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** From before the first server starts until the last path ends. */
export const budgetMillis = 90_000

/** What a run has to show, in this order. */
export const planned = {
  P1: "a submitted job is accepted, and request and answer match the contract",
  P2: "its events reach the archive, and match theirs",
  P3: "it reads back as completed, with its result",
  P4: "its metrics are exposed, by value",
  duplicate: "a job that is submitted twice is one job",
  poison: "a message that nobody can read is kept and harms nothing",
  worker: "the jobs of a killed worker run again, once",
  alert: "an alert is delivered, shown and taken back",
  broker: "a broker that is restarted loses nothing",
  books: "everything that was accepted has ended, and all stores agree"
} as const
export type PathId = keyof typeof planned

export type Evidence = Readonly<Record<string, unknown>>

export interface PathResult {
  readonly id: string
  readonly title: string
  readonly verdict: "passed" | "failed" | "not run"
  readonly tookMillis: number
  readonly evidence: Evidence
  readonly error?: string
}

export interface Decision {
  readonly verdict: "passed" | "failed"
  readonly stage: string
  readonly startedAt: string
  readonly tookMillis: number
  readonly budgetMillis: number
  readonly withinBudget: boolean
  readonly paths: ReadonlyArray<PathResult>
}

export class Run extends Context.Service<Run, {
  /** Runs a path, which answers its evidence, and keeps what came of it. */
  readonly path: <E, R>(id: PathId, proof: Effect.Effect<Evidence, E, R>) => Effect.Effect<void, E, R>
  /** How things stand. */
  readonly decide: () => Decision
  /** Writes an artefact; the name may have folders. */
  readonly keep: (name: string, text: string) => void
}>()("test/integration/Run") {
  /** `stage`: what it plays on. `clock`: milliseconds. */
  static readonly layer = (folder: string, stage = "server processes", clock: () => number = Date.now) =>
    Layer.effect(
      Run,
      Effect.gen(function*() {
        rmSync(folder, { recursive: true, force: true })
        const startedAt = clock()
        let endedAt = startedAt
        const results = new Map<string, PathResult>()

        const keep = (name: string, text: string) => {
          const file = join(folder, name)
          mkdirSync(join(file, ".."), { recursive: true })
          writeFileSync(file, text)
        }
        const decide = (): Decision => {
          const paths = Object.entries(planned).map(([id, title]): PathResult =>
            results.get(id) ?? { id, title, verdict: "not run", tookMillis: 0, evidence: {} }
          )
          const tookMillis = endedAt - startedAt
          const withinBudget = tookMillis <= budgetMillis
          return {
            verdict: withinBudget && paths.every(({ verdict }) => verdict === "passed") ? "passed" : "failed",
            stage,
            startedAt: new Date(startedAt).toISOString(),
            tookMillis,
            budgetMillis,
            withinBudget,
            paths
          }
        }
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => keep("decision.json", `${JSON.stringify(decide(), null, 2)}\n`))
        )

        return Run.of({
          keep,
          decide,
          path: (id, proof) =>
            Effect.suspend(() => {
              const began = clock()
              return Effect.onExit(proof, (exit) =>
                Effect.sync(() => {
                  endedAt = clock()
                  const common = { id, title: planned[id], tookMillis: endedAt - began }
                  results.set(
                    id,
                    Exit.isSuccess(exit)
                      ? { ...common, verdict: "passed", evidence: exit.value }
                      : { ...common, verdict: "failed", evidence: {}, error: Cause.pretty(exit.cause) }
                  )
                }))
            }).pipe(Effect.asVoid)
        })
      })
    )
}
