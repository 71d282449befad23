/** The read side over HTTP: jobs and their history, numbers with source and age, the live stream, alerts. */
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { AlertmanagerMessage } from "../Alert.ts"
import { Instant } from "../Instant.ts"
import { JobId, QueueName } from "../Job.ts"
import { CloudEvent, EventType } from "../JobEvent.ts"
import { JobCursor, jobFilterQuery, JobSort, pageLimit } from "../JobFilter.ts"
import { apiVersion, describe, license, strict, tidy } from "./apiDocument.ts"
import { Authorization, ProblemAnswers, WebhookAuthorization } from "./Authorization.ts"
import { OpsGroup } from "./OpsApi.ts"
import { bodyProblems, OutcomeUnknown, TooManyStreams, Unavailable, UnknownJob } from "./Problems.ts"
import {
  AlertList,
  AuditLog,
  EventList,
  JobDetail,
  JobList,
  JobTimeline,
  QueueList,
  RecentJobs,
  Stats,
  StreamReset,
  Throughput,
  TypeList,
  WorkerList
} from "./ReadModelViews.ts"

const between = (minimum: number, maximum: number) =>
  Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum, maximum })))
/** One value, or several by repeating the parameter. */
const severalOf = <S extends Schema.Top>(item: S) => Schema.optionalKey(Schema.Union([Schema.Array(item), item]))
/** Opaque: where the page before ended. */
const Cursor = Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_:.=-]{1,200}$/u)))

/** Filter of the event stream; absent fields do not restrict. */
export const streamQuery = {
  jobId: Schema.optionalKey(JobId),
  type: severalOf(EventType),
  queue: Schema.optionalKey(QueueName)
}

export class JobsGroup extends HttpApiGroup.make("jobs")
  .add(
    HttpApiEndpoint.get("list", "/jobs", {
      query: {
        ...jobFilterQuery,
        sort: Schema.optionalKey(JobSort),
        cursor: Schema.optionalKey(JobCursor),
        limit: between(1, pageLimit.maximum)
      },
      success: JobList,
      error: Unavailable
    }).annotateMerge(
      describe({
        summary: "List jobs",
        integers: { limit: [1, pageLimit.maximum] },
        description:
          `Newest first unless sorted otherwise, ${pageLimit.default} unless limited otherwise. Go on with \`cursor\` = \`next\`.`
      })
    ),
    HttpApiEndpoint.get("recent", "/jobs/recent", {
      query: { limit: between(1, 200) },
      success: RecentJobs,
      error: Unavailable
    }).annotateMerge(describe({ summary: "Jobs to which something happened last", integers: { limit: [1, 200] } })),
    HttpApiEndpoint.get("get", "/jobs/:jobId", {
      params: { jobId: JobId },
      success: JobDetail,
      error: [UnknownJob, Unavailable]
    }).annotateMerge(describe({ summary: "One job whole, with its attempts" })),
    HttpApiEndpoint.get("timeline", "/jobs/:jobId/timeline", {
      params: { jobId: JobId },
      success: JobTimeline,
      error: [UnknownJob, Unavailable]
    }).annotateMerge(describe({ summary: "What happened to a job, step by step, with the time between" }))
  )
  .middleware(Authorization)
  .middleware(ProblemAnswers)
  .annotateMerge(OpenApi.annotations({ title: "Jobs" }))
{}

export class SystemGroup extends HttpApiGroup.make("system")
  .add(
    HttpApiEndpoint.get("stats", "/stats", { success: Stats })
      .annotateMerge(
        describe({ summary: "Totals, latencies and lags; each group says where it comes from and how old it is" })
      ),
    HttpApiEndpoint.get("throughput", "/throughput", {
      query: { seconds: between(1, 3_600), bucketSeconds: between(1, 600) },
      success: Throughput,
      error: Unavailable
    }).annotateMerge(
      describe({
        summary: "Events per second, or per bucket, of the last seconds (default 300)",
        integers: { seconds: [1, 3_600], bucketSeconds: [1, 600] }
      })
    ),
    HttpApiEndpoint.get("queues", "/queues", { success: QueueList, error: Unavailable })
      .annotateMerge(describe({ summary: "Queues with their counts" })),
    HttpApiEndpoint.get("workers", "/workers", { success: WorkerList, error: Unavailable })
      .annotateMerge(describe({ summary: "Workers that are live or ended within the last hour" })),
    HttpApiEndpoint.get("types", "/types", { success: TypeList, error: Unavailable })
      .annotateMerge(describe({ summary: "Job types that workers registered" })),
    HttpApiEndpoint.get("audit", "/audit", {
      query: { cursor: Cursor, limit: between(1, 1_000) },
      success: AuditLog,
      error: Unavailable
    }).annotateMerge(describe({ summary: "Who did what to what, newest first", integers: { limit: [1, 1_000] } })),
    HttpApiEndpoint.post("rebuildLive", "/rebuild/live", {
      success: Schema.Struct({ status: Schema.Literal("rebuilding") }).annotate({ identifier: "Rebuilding" }).pipe(
        HttpApiSchema.status(202)
      ),
      error: [Unavailable, OutcomeUnknown]
    })
      .annotateMerge(
        describe({ role: "admin", summary: "Forget the live numbers and count them again from the archive" })
      )
  )
  .middleware(Authorization)
  .middleware(ProblemAnswers)
  .annotateMerge(OpenApi.annotations({ title: "System" }))
{}

export class EventsGroup extends HttpApiGroup.make("events")
  .add(
    HttpApiEndpoint.get("list", "/events", {
      query: {
        ...streamQuery,
        after: Schema.optionalKey(Instant),
        before: Schema.optionalKey(Instant),
        cursor: Cursor,
        limit: between(1, pageLimit.maximum)
      },
      success: EventList,
      error: Unavailable
    }).annotateMerge(
      describe({ summary: "Search the history, newest first", integers: { limit: [1, pageLimit.maximum] } })
    ),
    HttpApiEndpoint.get("stream", "/stream", {
      query: streamQuery,
      headers: { "last-event-id": Schema.optionalKey(Schema.String) },
      success: HttpApiSchema.StreamSse({
        events: Schema.Struct({
          id: Schema.optional(Schema.String),
          event: Schema.String,
          data: Schema.fromJsonString(Schema.Union([CloudEvent, StreamReset]))
        })
      }),
      error: [Unavailable, TooManyStreams]
    }).annotateMerge(
      describe({
        summary: "Follow events as they happen (server-sent events)",
        description:
          "With Last-Event-ID the stream goes on where it ended, without a gap, or says `event: reset` when it cannot."
      })
    )
  )
  .middleware(Authorization)
  .middleware(ProblemAnswers)
  .annotateMerge(OpenApi.annotations({ title: "Events" }))
{}

export class AlertsGroup extends HttpApiGroup.make("alerts")
  .add(
    HttpApiEndpoint.get("list", "/alerts", {
      query: { limit: between(1, pageLimit.maximum) },
      success: AlertList,
      error: Unavailable
    }).annotateMerge(describe({ summary: "Alerts, firing ones first", integers: { limit: [1, pageLimit.maximum] } }))
  )
  .middleware(Authorization)
  .middleware(ProblemAnswers)
  .annotateMerge(OpenApi.annotations({ title: "Alerts" }))
{}

export class WebhookGroup extends HttpApiGroup.make("webhook")
  .add(
    HttpApiEndpoint.post("alerts", "/webhook/alerts", {
      payload: AlertmanagerMessage,
      success: Schema.Struct({ received: Schema.Int }).annotate({ identifier: "AlertsReceived" }),
      error: [...bodyProblems, Unavailable, OutcomeUnknown]
    })
      .annotateMerge(
        describe({ role: "operator", summary: "Where Alertmanager delivers alerts (webhook receiver, version 4)" })
      )
  )
  .middleware(WebhookAuthorization)
  .middleware(ProblemAnswers)
  .annotateMerge(OpenApi.annotations({ title: "Webhook" }))
{}

export class ReadModelApi extends HttpApi.make("read-model")
  .add(JobsGroup, SystemGroup, EventsGroup, AlertsGroup, WebhookGroup, OpsGroup)
  .annotateMerge(strict)
  .annotateMerge(tidy)
  .annotateMerge(OpenApi.annotations({
    title: "Task observatory: read model",
    version: apiVersion,
    description: "The query side: jobs, history, numbers with source and age, the live stream, alerts.",
    license
  }))
{}
