/** The two APIs as the dashboard asks them: each source by its name. */
import { Role } from "#domain/Access.ts"
import type { GatewayApi } from "#domain/contract/GatewayApi.ts"
import type { Readiness } from "#domain/contract/OpsApi.ts"
import type { ReadModelApi } from "#domain/contract/ReadModelApi.ts"
import { JobId } from "#domain/Job.ts"
import { encodeCursor, type JobSort } from "#domain/JobFilter.ts"
import { Effect, Option, Runtime, Schema } from "effect"
import type { HttpApiClient } from "effect/http-api"
import { exitCodes } from "../../exitCodes.ts"
import { parametersOf, parseQuery } from "../view-model/jobQuery.ts"
import { pageRows } from "../view-model/JobTable.ts"
import type { Answer, SourceName } from "../view-model/sources.ts"

export interface Api {
  readonly gateway: HttpApiClient.ForApi<typeof GatewayApi>
  readonly readModel: HttpApiClient.ForApi<typeof ReadModelApi>
}

/** Seconds of the chart of rates, and of one of its points. */
const chartSeconds = 300
const bucketSeconds = 5
/** Rows of lists that are shown without going on. */
export const listRows = 200

/** A program that is not ready answers all the same, with what it lacks. */
const readiness = <E extends object, R>(readyz: Effect.Effect<Readiness, E, R>) =>
  Effect.catchIf(
    readyz,
    (error): error is E & Readiness => "dependencies" in error,
    (lacking) => Effect.succeed(lacking)
  )

/** Another program of ours answers at the address of this one: the two addresses are mixed up. */
class OtherProgram extends Schema.TaggedError<OtherProgram>()("OtherProgram", {
  wanted: Schema.String,
  found: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.configuration
  override get message() {
    return `where the ${this.wanted} should be the ${this.found} answers; see ODTO_GATEWAY_URL and ODTO_READ_MODEL_URL`
  }
}

const isOf = (wanted: "gateway" | "read-model", ready: Readiness) =>
  ready.program === wanted
    ? Effect.succeed(ready)
    : Effect.fail(new OtherProgram({ wanted: nameOf(wanted), found: nameOf(ready.program) }))

const nameOf = (program: string): string => program.replaceAll("-", " ")

/** Asks a source. `subject`: the job of `job` and `timeline`. */
export const ask = ({ gateway, readModel }: Api, source: SourceName, subject: string | undefined) => {
  const of = { params: { jobId: JobId.make(subject ?? "", { disableChecks: true }) } }
  const list = { query: { limit: listRows } }
  switch (source) {
    case "stats":
      return Effect.map(readModel.system.stats(), (data): Answer => ({ source, data }))
    case "throughput":
      return Effect.map(
        readModel.system.throughput({ query: { seconds: chartSeconds, bucketSeconds } }),
        (data): Answer => ({ source, data })
      )
    case "queues":
      return Effect.map(readModel.system.queues(), (data): Answer => ({ source, data }))
    case "workers":
      return Effect.map(readModel.system.workers(), (data): Answer => ({ source, data }))
    case "types":
      return Effect.map(readModel.system.types(), (data): Answer => ({ source, data }))
    case "alerts":
      return Effect.map(readModel.alerts.list(list), (data): Answer => ({ source, data }))
    case "audit":
      return Effect.map(readModel.system.audit(list), (data): Answer => ({ source, data }))
    case "job":
      return Effect.map(readModel.jobs.get(of), (data): Answer => ({ source, data }))
    case "timeline":
      return Effect.map(readModel.jobs.timeline(of), (data): Answer => ({ source, data }))
    case "gateway":
      return readiness(gateway.ops.readyz()).pipe(
        Effect.flatMap((ready) => isOf("gateway", ready)),
        Effect.map((data): Answer => ({ source, data }))
      )
    case "readModel":
      return readiness(readModel.ops.readyz()).pipe(
        Effect.flatMap((ready) => isOf("read-model", ready)),
        Effect.map((data): Answer => ({ source, data }))
      )
  }
}

/** A page of jobs; `after`: id of the last row before it. */
export const askJobs = (
  { readModel }: Api,
  { after, filter, sort }: { readonly filter: string; readonly sort: JobSort; readonly after: string | undefined }
) =>
  readModel.jobs.list({
    query: {
      ...parametersOf(parseQuery(filter)),
      sort,
      limit: after === undefined ? pageRows.first : pageRows.next,
      ...(after === undefined ? {} : { cursor: encodeCursor(JobId.make(after, { disableChecks: true })) })
    }
  })

const decodeRole = Schema.decodeUnknownOption(Role)

/**
 * The role of whoever asks, as the gateway sees it: it tells admins their tokens, and others which role they lack.
 * None when it knows no such caller; fails when it does not answer.
 */
export const askRole = ({ gateway }: Api) =>
  gateway.tokens.list().pipe(
    Effect.as(Option.some<Role>("admin")),
    Effect.catchTag("Forbidden", ({ role }) => Effect.succeed(decodeRole(role))),
    Effect.catchTag("Unauthorized", () => Effect.succeed(Option.none<Role>()))
  )
