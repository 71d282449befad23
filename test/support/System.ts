/** The five programs as processes on real servers, as an operator runs them: found by URL, told by environment. */
import type { ProgramName } from "#cli/programs/identity.ts"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { eventually, getJson, postJson, type Program, start } from "./Programs.ts"
import { freePort } from "./servers/machine.ts"
import { rowsOf } from "./servers/postgres.ts"

export interface ServerUrls {
  readonly database: string
  readonly amqp: string
  readonly redis: string
  readonly mongodb: string
}

export const settingsOf = (urls: ServerUrls) => ({
  ODTO_DATABASE_URL: urls.database,
  ODTO_AMQP_URL: urls.amqp,
  ODTO_REDIS_URL: urls.redis,
  ODTO_MONGODB_URL: urls.mongodb
})

export type Settings = Readonly<Record<string, string>>

export interface ServerProgram extends Program {
  readonly url: string
}

const portVariables: Partial<Record<ProgramName, string>> = {
  gateway: "ODTO_GATEWAY_PORT",
  "read-model": "ODTO_READ_MODEL_PORT"
}

/** Starts a program on a port that nobody uses, unless `port` is given, and does not wait for it. */
export const serve = (name: ProgramName, settings: Settings, port?: number) =>
  launch(["serve", name], portVariables[name] ?? "ODTO_OPS_PORT", settings, port)

/** Starts a worker with the job types of a module. */
export const startWorker = (module: string, settings: Settings) => launch(["worker", module], "ODTO_OPS_PORT", settings)

const launch = Effect.fnUntraced(
  function*(args: ReadonlyArray<string>, portVariable: string, settings: Settings, given?: number) {
    const port = given ?? (yield* Effect.promise(freePort))
    const program = yield* start(args, { ...settings, [portVariable]: String(port) })
    return { ...program, url: `http://127.0.0.1:${port}` }
  }
)

export interface Readiness {
  readonly status: string
  readonly program: string
  readonly dependencies: ReadonlyArray<
    { readonly name: string; readonly state: string; readonly required: boolean; readonly detail?: string }
  >
}

export const untilReady = (program: ServerProgram) =>
  eventually(
    "the program is ready",
    () => getJson<Readiness>(`${program.url}/readyz`),
    ({ status }) => status === "ready"
  )
    .pipe(Effect.tapCause(() => Effect.logError(program.output().slice(-4_000))))

export const kill = (program: Program) => Effect.andThen(Effect.sync(() => program.kill("SIGKILL")), program.ended)

export interface Counts {
  readonly scheduled: number
  readonly queued: number
  readonly running: number
  readonly retrying: number
  readonly completed: number
  readonly dead: number
  readonly cancelled: number
}

interface Stats {
  readonly jobs: { readonly accepted: number; readonly pruned: number; readonly counts: Counts }
}

/** What the read model counts. The books balance at every moment. */
export const countsOf = async (readModelUrl: string): Promise<Counts & { readonly accepted: number }> => {
  const { jobs: { accepted, counts, pruned } } = await getJson<Stats>(`${readModelUrl}/stats`)
  assert.strictEqual(
    accepted,
    Object.values(counts).reduce((sum: number, count: number) => sum + count, pruned),
    "accepted = completed + dead + cancelled + pruned + running + waiting"
  )
  return { accepted, ...counts }
}

/** Until no job of the whole system waits or runs, as the store of truth has it: what the read model says has an age. */
export const untilAllEnded = (databaseUrl: string, millis?: number) =>
  eventually(
    "every job has ended",
    () => rowsOf<{ open: number }>(databaseUrl, openJobs).then(([row]) => row?.open),
    (open) => open === 0,
    millis
  )

const openJobs = "SELECT count(*)::int AS open FROM job_state WHERE state NOT IN ('completed', 'dead', 'cancelled')"

interface Batch {
  readonly results: ReadonlyArray<{ readonly outcome: string; readonly jobId: string; readonly replayed?: boolean }>
}

/** Ids of the jobs, all of which are accepted. */
export const submit = (gatewayUrl: string, jobs: ReadonlyArray<object>) =>
  Effect.promise(async () => {
    const { body, status } = await postJson<Batch>(`${gatewayUrl}/jobs/batch`, { jobs })
    assert.strictEqual(status, 202, JSON.stringify(body))
    return body.results.map(({ jobId, outcome }) => {
      assert.strictEqual(outcome, "accepted")
      return jobId
    })
  })

export const times = (count: number, job: object): ReadonlyArray<object> => Array.from({ length: count }, () => job)
