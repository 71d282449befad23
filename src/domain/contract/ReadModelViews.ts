/** What the read side answers: each group of numbers with its source and age. Instants are ISO 8601 strings. */
import { Schema } from "effect"
import { AlertView } from "../Alert.ts"
import { JobId, JobTypeName } from "../Job.ts"
import { CloudEvent, EventType } from "../JobEvent.ts"
import { JobCursor } from "../JobFilter.ts"
import { JobTypeDescription } from "../JobType.ts"
import { AttemptView, JobSummary, JobView } from "../JobView.ts"
import { QueueView, StateCounts } from "../Queue.ts"
import { WorkerView } from "../Worker.ts"
import { Freshness, section } from "./Freshness.ts"

const freshness = Freshness

export const JobList = Schema.Struct({
  jobs: Schema.Array(JobSummary),
  /** Where to go on; null at the end. */
  next: Schema.NullOr(JobCursor),
  /** True when the row budget ended the page before it was full: go on from `next`. */
  partial: Schema.Boolean,
  freshness
}).annotate({ identifier: "JobList" })
export type JobList = typeof JobList.Type

export const JobDetail = Schema.Struct({ ...JobView.fields, freshness }).annotate({ identifier: "JobDetail" })
export type JobDetail = typeof JobDetail.Type

export const RecentJobs = Schema.Struct({
  jobs: Schema.Array(Schema.Struct({
    jobId: Schema.String,
    type: Schema.String,
    queue: Schema.String,
    /** The newest event of the job. */
    event: Schema.String,
    at: Schema.String
  })),
  freshness
}).annotate({ identifier: "RecentJobs" })

/** One thing that happened to a job, and how long after the one before it. */
export const TimelineStep = Schema.Struct({
  at: Schema.String,
  /** An event of the history, or what the attempt says where the history does not reach yet. */
  from: Schema.Literals(["event", "attempt"]),
  what: EventType,
  /** Place in the history; null for what only the attempt says. */
  sequence: Schema.NullOr(Schema.Int),
  attempt: Schema.NullOr(Schema.Int),
  /** Program and instance that wrote it. */
  program: Schema.NullOr(Schema.String),
  worker: Schema.NullOr(Schema.String),
  /** Milliseconds since the step before; null for the first. */
  sincePreviousMillis: Schema.NullOr(Schema.Int),
  /** Milliseconds since the first step. */
  sinceStartMillis: Schema.Int,
  detail: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))
}).annotate({ identifier: "TimelineStep" })
export type TimelineStep = typeof TimelineStep.Type

/** The job is no longer in the store of truth; its history is still in the archive. */
export const Pruned = Schema.Struct({ status: Schema.Literal("pruned"), source: Schema.String }).annotate({
  identifier: "Pruned"
})

export const JobTimeline = Schema.Struct({
  jobId: JobId,
  steps: Schema.Array(TimelineStep),
  /** What the store of truth says. */
  job: Schema.Union([
    section("TimelineJob", {
      state: JobSummary.fields.status,
      /** Events that the history must have. */
      sequence: Schema.Int,
      attempts: Schema.Array(AttemptView)
    }),
    Pruned
  ]),
  /** What the archive has. */
  history: section("TimelineHistory", {
    events: Schema.Int,
    /** Sequence numbers that the archive does not have yet, the first hundred. */
    missing: Schema.Array(Schema.Int)
  })
}).annotate({ identifier: "JobTimeline" })
export type JobTimeline = typeof JobTimeline.Type

/** Quantiles are upper bounds of histogram buckets, in milliseconds; null without observations or past the last bound. */
export const LatencySummary = Schema.Struct({
  count: Schema.Int,
  p50Millis: Schema.NullOr(Schema.Int),
  p95Millis: Schema.NullOr(Schema.Int),
  p99Millis: Schema.NullOr(Schema.Int)
}).annotate({ identifier: "LatencySummary" })
export type LatencySummary = typeof LatencySummary.Type

export const Stats = Schema.Struct({
  /** accepted = completed + dead + cancelled + pruned + running + waiting. */
  jobs: section("JobTotals", { accepted: Schema.Int, pruned: Schema.Int, counts: StateCounts }),
  workers: section("WorkerTotals", { live: Schema.Int, slots: Schema.Int, running: Schema.Int }),
  /** How far the event log is relayed to the spine. */
  relay: section("RelayState", {
    epoch: Schema.Int,
    closed: Schema.String,
    relayed: Schema.String,
    lagMillis: Schema.Int
  }),
  latencies: section("Latencies", {
    types: Schema.Array(Schema.Struct({
      type: Schema.String,
      /** Due to claimed. */
      wait: LatencySummary,
      /** Claimed to ended. */
      run: LatencySummary
    })),
    /** True while the live numbers are being rebuilt from the archive. */
    rebuilding: Schema.Boolean
  }),
  broker: section("BrokerState", { connected: Schema.Boolean })
}).annotate({ identifier: "Stats" })
export type Stats = typeof Stats.Type

export const ThroughputPointView = Schema.Struct({
  /** Start of the bucket. */
  at: Schema.String,
  created: Schema.Int,
  started: Schema.Int,
  completed: Schema.Int,
  failed: Schema.Int,
  dead: Schema.Int,
  cancelled: Schema.Int
}).annotate({ identifier: "ThroughputPoint" })

export const Throughput = Schema.Struct({
  /** Length of a bucket. */
  bucketSeconds: Schema.Int,
  /** Oldest first, without gaps. */
  points: Schema.Array(ThroughputPointView),
  rebuilding: Schema.Boolean,
  freshness
}).annotate({ identifier: "Throughput" })

/** Present, and true, when the answer holds as many as one answer can: there may be more. */
const partial = Schema.optionalKey(Schema.Literal(true))

export const QueueList = Schema.Struct({ queues: Schema.Array(QueueView), partial, freshness }).annotate({
  identifier: "QueueList"
})
export const WorkerList = Schema.Struct({ workers: Schema.Array(WorkerView), partial, freshness }).annotate({
  identifier: "WorkerList"
})

export const TypeList = Schema.Struct({
  types: Schema.Array(Schema.Struct({
    ...JobTypeDescription.fields,
    name: JobTypeName,
    /** Live workers that run it. */
    liveWorkers: Schema.Int
  })),
  freshness
}).annotate({ identifier: "TypeList" })

export const AuditLog = Schema.Struct({
  entries: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      at: Schema.String,
      actor: Schema.String,
      action: Schema.String,
      subject: Schema.String,
      detail: Schema.Record(Schema.String, Schema.Json)
    }).annotate({ identifier: "AuditEntry" })
  ),
  next: Schema.NullOr(Schema.String),
  freshness
}).annotate({ identifier: "AuditLog" })

export const EventList = Schema.Struct({
  /** Newest first. */
  events: Schema.Array(CloudEvent),
  next: Schema.NullOr(Schema.String),
  freshness
}).annotate({ identifier: "EventList" })

export const AlertList = Schema.Struct({ alerts: Schema.Array(AlertView), freshness }).annotate({
  identifier: "AlertList"
})

/**
 * The stream cannot go on from the position that the client named: read the state anew, then go on from `position`.
 * `expired`: the log no longer reaches back so far. `epoch`: the store was restored since. `unknown`: not a position of
 * this log.
 */
export const StreamReset = Schema.Struct({
  reason: Schema.Literals(["expired", "epoch", "unknown"]),
  position: Schema.String
}).annotate({ identifier: "StreamReset" })
export type StreamReset = typeof StreamReset.Type
