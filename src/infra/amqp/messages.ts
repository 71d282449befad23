/**
 * What is on the wire.
 *
 *     hint    {"v":1,"jobs":[["<job id>",<dispatch count>], …]}    header traceparent
 *     spine   CloudEvents 1.0 as a JSON batch, one per log row     headers x-odto-*: the row's place, and the place before it
 *
 * What does not decode is poison: the reader is told why and goes on.
 */
import { JobId, type JobTypeName, type QueueName } from "#domain/Job.ts"
import { CloudEvent, fromCloudEvent, LogRow, toCloudEvent } from "#domain/JobEvent.ts"
import { storableText } from "#domain/Json.ts"
import * as Position from "#domain/Position.ts"
import type { Hint, SpineMessage, UndecodableMessage } from "#services/ports/Broker.ts"
import type { ConsumeMessage, Options } from "amqplib"
import { Option, Result, Schema } from "effect"

export interface Encoded {
  readonly body: Buffer
  readonly properties: Options.Publish
}

type Received = Pick<ConsumeMessage, "content" | "properties">

/** An exception would break the connection on which the message came, and it would come again for ever. */
const guarded = <A>(decode: () => Result.Result<A, string>): Result.Result<A, string> =>
  Result.getOrElse(Result.try({ try: decode, catch: String }), Result.fail)

export const HintBody = Schema.fromJsonString(Schema.Struct({
  v: Schema.Literal(1),
  jobs: Schema.NonEmptyArray(Schema.Tuple([JobId, Schema.Int]))
}))
const decodeHintBody = Schema.decodeUnknownResult(HintBody)

export const encodeHint = (hint: Hint): Encoded => ({
  body: Buffer.from(
    JSON.stringify({ v: 1, jobs: hint.jobs.map(({ dispatchCount, jobId }) => [jobId, dispatchCount]) })
  ),
  properties: {
    contentType: "application/json",
    type: "odto.hint.v1",
    ...(hint.traceparent === undefined ? {} : { headers: { traceparent: hint.traceparent } })
  }
})

export const decodeHint = (queue: QueueName, type: JobTypeName, message: Received): Result.Result<Hint, string> =>
  guarded(() =>
    Result.mapBoth(decodeHintBody(message.content.toString("utf8")), {
      onFailure: String,
      onSuccess: ({ jobs }) => {
        const traceparent: unknown = message.properties.headers?.["traceparent"]
        return {
          queue,
          type,
          jobs: jobs.map(([jobId, dispatchCount]) => ({ jobId, dispatchCount })),
          traceparent: typeof traceparent === "string" ? traceparent : undefined
        }
      }
    })
  )

export const SpineHeaders = Schema.Struct({
  "x-odto-epoch": Schema.Int,
  "x-odto-position": Position.PositionText,
  "x-odto-previous": Position.PositionText,
  "x-odto-at": Schema.Int,
  "x-odto-source": Schema.String
})
const decodeSpineHeaders = Schema.decodeUnknownResult(SpineHeaders)
const decodeCloudEvents = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Array(CloudEvent)))
const isLogRow = Schema.is(LogRow)

export const encodeSpine = ({ previous, row }: SpineMessage): Encoded => ({
  body: Buffer.from(JSON.stringify(row.events.map((event, index) => toCloudEvent(row, event, index)))),
  properties: {
    contentType: "application/cloudevents-batch+json",
    type: "odto.log-row.v1",
    headers: {
      "x-odto-epoch": row.epoch,
      "x-odto-position": Position.format(row.position),
      "x-odto-previous": Position.format(previous),
      "x-odto-at": row.at,
      "x-odto-source": row.source
    } satisfies typeof SpineHeaders.Type
  }
})

export const decodeSpine = (message: Received): Result.Result<SpineMessage, string> =>
  guarded(() =>
    Result.gen(function*() {
      const headers = yield* Result.mapError(decodeSpineHeaders(message.properties.headers), String)
      const events = yield* Result.mapError(decodeCloudEvents(message.content.toString("utf8")), String)
      const row = {
        epoch: headers["x-odto-epoch"],
        position: positionOf(headers["x-odto-position"]),
        at: headers["x-odto-at"],
        source: headers["x-odto-source"],
        events: events.map(fromCloudEvent)
      }
      return isLogRow(row)
        ? { row, previous: positionOf(headers["x-odto-previous"]) }
        : yield* Result.fail("a CloudEvent that is none of ours")
    })
  )

const positionOf = (text: string): Position.Position => Option.getOrThrow(Position.parse(text))

/** Bytes of an undecodable body that are kept: enough to see what it is. */
const keptBytes = 2_000

export const undecodable = (source: string, reason: string, message: Received): UndecodableMessage => ({
  source,
  reason: storableText(reason).slice(0, keptBytes),
  body: storableText(message.content.subarray(0, keptBytes).toString("utf8"))
})
