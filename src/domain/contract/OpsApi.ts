/** What every server program answers to those who run it. Needs no token: probes and Prometheus have none. */
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { ProblemAnswers } from "./Authorization.ts"

export const DependencyState = Schema.Struct({
  name: Schema.String,
  state: Schema.Literals(["up", "down"]),
  /** Whether the program cannot work without it. */
  required: Schema.Boolean,
  /** What is wrong while it is down. */
  detail: Schema.optionalKey(Schema.String),
  /** How long the dependency took to answer. */
  tookMillis: Schema.Int
}).annotate({ identifier: "DependencyState" })
export type DependencyState = typeof DependencyState.Type

/** `degraded`: something is down that the program can do without for now. */
export const Readiness = Schema.Struct({
  status: Schema.Literals(["ready", "degraded", "not-ready"]),
  program: Schema.String,
  version: Schema.String,
  dependencies: Schema.Array(DependencyState)
}).annotate({ identifier: "Readiness" })
export type Readiness = typeof Readiness.Type

export const Alive = Schema.Struct({ status: Schema.Literal("alive"), program: Schema.String, version: Schema.String })
  .annotate({ identifier: "Alive" })

export class OpsGroup extends HttpApiGroup.make("ops")
  .add(
    HttpApiEndpoint.get("healthz", "/healthz", { success: Alive })
      .annotateMerge(OpenApi.annotations({ summary: "Whether the process is alive" })),
    HttpApiEndpoint.get("readyz", "/readyz", {
      success: Readiness,
      error: Readiness.annotate({ identifier: "NotReady" }).pipe(HttpApiSchema.status(503))
    }).annotateMerge(
      OpenApi.annotations({ summary: "Whether each dependency answers; 503 when one that is required does not" })
    ),
    HttpApiEndpoint.get("metrics", "/metrics", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4; charset=utf-8" }))
    }).annotateMerge(OpenApi.annotations({ summary: "Numbers for Prometheus" }))
  )
  .middleware(ProblemAnswers)
  .annotateMerge(OpenApi.annotations({ title: "Operations" }))
{}

/** The programs without an API of their own. */
export class OpsApi extends HttpApi.make("ops")
  .add(OpsGroup)
  .annotateMerge(OpenApi.annotations({ title: "Task observatory: operations", version: "1.0.0" }))
{}
