/**
 * The system for programs that submit jobs and look at them: promises and async iterables over its HTTP interfaces.
 *
 * Every call fails with `ObservatoryProblem` when the system refuses and with `ConnectionLost` when it does not answer.
 */
import type {
  AcceptedJob,
  BatchResult,
  Cancellation,
  EventType,
  Job,
  JobFilter,
  JobPage,
  NewJob,
  QueueList,
  QueuePaused,
  QueueResumed,
  Replay,
  Stats,
  StreamItem,
  Timeline
} from "./Answers.ts"
import { follow } from "./eventStream.ts"
import { isPassing } from "./Problem.ts"
import { type Answer, type Call, pause, transport } from "./Transport.ts"

export interface ConnectOptions {
  /** Default: `http://127.0.0.1:3000`. */
  readonly gatewayUrl?: string | undefined
  /** Default: `http://127.0.0.1:8080`. */
  readonly readModelUrl?: string | undefined
  /** Bearer token; not needed on loopback without tokens. */
  readonly token?: string | undefined
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

export interface SubmitOptions extends CallOptions {
  /** The same key and the same job make no second job. Default: a new key, which makes the client's own repetition safe. */
  readonly idempotencyKey?: string
}

export interface EventsOptions extends CallOptions {
  /** `id` of the last item seen: the stream goes on after it. Default: from now on. */
  readonly lastEventId?: string
  readonly jobId?: string
  readonly type?: EventType | ReadonlyArray<EventType>
  readonly queue?: string
}

export interface Client {
  /** Resolves when the job is committed. Tries once more, under the same key, when the connection breaks. */
  submit(job: NewJob, options?: SubmitOptions): Promise<AcceptedJob>
  /** Up to 5,000 jobs; each is accepted or refused by itself, the results are in the order of the jobs. */
  submitBatch(jobs: ReadonlyArray<NewJob>, options?: CallOptions): Promise<ReadonlyArray<BatchResult>>
  cancel(jobId: string, options?: CallOptions): Promise<Cancellation>
  /** Runs a dead job again, with no failures against it. */
  replay(jobId: string, options?: CallOptions): Promise<Replay>
  job(jobId: string, options?: CallOptions): Promise<Job>
  /** One page. */
  jobs(filter?: JobFilter, options?: CallOptions): Promise<JobPage>
  /** Page after page, to the end. */
  jobPages(filter?: JobFilter, options?: CallOptions): AsyncIterable<JobPage>
  timeline(jobId: string, options?: CallOptions): Promise<Timeline>
  stats(options?: CallOptions): Promise<Stats>
  queues(options?: CallOptions): Promise<QueueList>
  /** No job of the queue starts; what runs goes on. */
  pauseQueue(name: string, options?: CallOptions): Promise<QueuePaused>
  resumeQueue(name: string, options?: CallOptions): Promise<QueueResumed>
  /**
   * Resolves when the job is completed, dead or cancelled; look at its `status`. Waits without limit unless told, also
   * while the read model is away.
   */
  waitFor(jobId: string, options?: CallOptions): Promise<Job>
  /** Events as they happen, across broken connections, until the signal aborts or the loop is left. */
  events(options?: EventsOptions): AsyncIterable<StreamItem>
}

const defaults = { gatewayUrl: "http://127.0.0.1:3000", readModelUrl: "http://127.0.0.1:8080" }
/** `waitFor` asks soon at first, for short jobs, and then ever more rarely. */
const firstLookMillis = 20
const rarestLookMillis = 1_000

const newKey = (): string => crypto.randomUUID()
const jobPath = (jobId: string) => `/jobs/${encodeURIComponent(jobId)}`
const queuePath = (name: string) => `/queues/${encodeURIComponent(name)}`

const json = async <A>(answer: Promise<Answer>): Promise<A> => JSON.parse((await answer).text)

/** Makes the calls; nothing is sent before the first of them. */
export const connect = (options: ConnectOptions = {}): Client => {
  const gateway = transport(options.gatewayUrl ?? defaults.gatewayUrl, options.token)
  const readModel = transport(options.readModelUrl ?? defaults.readModelUrl, options.token)

  const read = <A>(path: string, query: NonNullable<Call["query"]>, { signal }: CallOptions = {}): Promise<A> =>
    json(readModel.send({ path, query, signal, repeatable: true }))

  /** Done twice it would be refused the second time, so it is not repeated. */
  const act = <A>(path: string, { signal }: CallOptions = {}): Promise<A> =>
    json(gateway.send({ method: "POST", path, signal, repeatable: false }))

  const jobs: Client["jobs"] = (filter = {}, more) => read("/jobs", { ...filter }, more)

  return {
    submit: async (job, { idempotencyKey, signal } = {}) => {
      const { headers, text } = await gateway.send({
        method: "POST",
        path: "/jobs",
        body: job,
        headers: { "idempotency-key": idempotencyKey ?? job.idempotencyKey ?? newKey() },
        signal,
        repeatable: true
      })
      const said: Omit<AcceptedJob, "replayed"> = JSON.parse(text)
      return { ...said, replayed: headers.get("idempotency-replayed") === "true" }
    },
    submitBatch: async (all, { signal } = {}) => {
      const keyed = all.map((job) => ({ ...job, idempotencyKey: job.idempotencyKey ?? newKey() }))
      const { results } = await json<{ readonly results: ReadonlyArray<BatchResult> }>(
        gateway.send({ method: "POST", path: "/jobs/batch", body: { jobs: keyed }, signal, repeatable: true })
      )
      return results
    },
    cancel: (jobId, more) => act(`${jobPath(jobId)}/cancel`, more),
    replay: (jobId, more) => act(`${jobPath(jobId)}/replay`, more),
    job: (jobId, more) => read(jobPath(jobId), {}, more),
    jobs,
    jobPages: async function*(filter = {}, more) {
      let cursor: string | null | undefined = filter.cursor
      do {
        const page: JobPage = await jobs(cursor === undefined ? filter : { ...filter, cursor }, more)
        yield page
        cursor = page.next
      } while (cursor !== null)
    },
    timeline: (jobId, more) => read(`${jobPath(jobId)}/timeline`, {}, more),
    stats: (more) => read("/stats", {}, more),
    queues: (more) => read("/queues", {}, more),
    pauseQueue: (name, more) => act(`${queuePath(name)}/pause`, more),
    resumeQueue: (name, more) => act(`${queuePath(name)}/resume`, more),
    waitFor: async (jobId, { signal } = {}) => {
      let wait = firstLookMillis
      for (;;) {
        // A read model that is away for a while says nothing about the job.
        const job = await read<Job>(jobPath(jobId), {}, { signal }).catch((trouble: unknown) => {
          if (signal?.aborted === true || !isPassing(trouble)) throw trouble
          return undefined
        })
        if (job?.status === "completed" || job?.status === "dead" || job?.status === "cancelled") return job
        await pause(wait, signal)
        wait = Math.min(rarestLookMillis, wait * 2)
      }
    },
    events: ({ jobId, lastEventId, queue, signal, type } = {}) =>
      follow(readModel, { query: { jobId, type, queue }, signal, lastEventId })
  }
}
