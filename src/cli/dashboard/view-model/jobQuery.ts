/**
 * The filter language of jobs: the parameters of the API as `name:value`, several values with commas or by repetition.
 *
 *     status:dead,retrying type:http.request queue:mail tag:invoice created-after:2026-01-01T00:00:00Z
 *
 * The flags of the command line are spelt the same. Other words are not asked of the API: they narrow what is held.
 */
import { CorrelationId, IdempotencyKey, JobTypeName, QueueName, Tag } from "#domain/Job.ts"
import { JobStatus } from "#domain/JobStatus.ts"
import { type DateTime, Option, Schema } from "effect"

export interface JobQuery {
  readonly status: ReadonlyArray<JobStatus>
  readonly type: ReadonlyArray<JobTypeName>
  readonly queue: ReadonlyArray<QueueName>
  readonly tag: ReadonlyArray<string>
  readonly correlationId: string | undefined
  readonly idempotencyKey: string | undefined
  readonly createdAfter: DateTime.Utc | undefined
  readonly createdBefore: DateTime.Utc | undefined
  /** Free words, lower case. */
  readonly words: ReadonlyArray<string>
  /** What is wrong with the text; such parts restrict nothing. */
  readonly problems: ReadonlyArray<string>
}

export const everything: JobQuery = {
  status: [],
  type: [],
  queue: [],
  tag: [],
  correlationId: undefined,
  idempotencyKey: undefined,
  createdAfter: undefined,
  createdBefore: undefined,
  words: [],
  problems: []
}

/** Names of the API, and of the flags where they are spelt otherwise. */
export const filterNames = [
  "status",
  "type",
  "queue",
  "tag",
  "correlation-id",
  "idempotency-key",
  "created-after",
  "created-before"
] as const

const camel = (name: string): string => name.replace(/-([a-z])/gu, (_, letter: string) => letter.toUpperCase())

type Reading = (query: JobQuery, value: string) => JobQuery | undefined

const several = <A>(schema: Schema.Codec<A, string>, add: (query: JobQuery, value: A) => JobQuery): Reading => {
  const decode = Schema.decodeUnknownOption(schema)
  return (query, text) =>
    text.split(",").reduce<JobQuery | undefined>(
      (sofar, value) =>
        sofar && Option.match(decode(value), { onNone: () => undefined, onSome: (read) => add(sofar, read) }),
      query
    )
}
const one = <A>(schema: Schema.Codec<A, string>, set: (query: JobQuery, value: A) => JobQuery): Reading => {
  const decode = Schema.decodeUnknownOption(schema)
  return (query, text) => Option.match(decode(text), { onNone: () => undefined, onSome: (value) => set(query, value) })
}

const readings: Readonly<Record<string, Reading>> = {
  status: several(JobStatus, (query, value) => ({ ...query, status: [...query.status, value] })),
  type: several(JobTypeName, (query, value) => ({ ...query, type: [...query.type, value] })),
  queue: several(QueueName, (query, value) => ({ ...query, queue: [...query.queue, value] })),
  tag: several(Tag, (query, value) => ({ ...query, tag: [...query.tag, value] })),
  correlationId: one(CorrelationId, (query, correlationId) => ({ ...query, correlationId })),
  idempotencyKey: one(IdempotencyKey, (query, idempotencyKey) => ({ ...query, idempotencyKey })),
  createdAfter: one(Schema.DateTimeUtcFromString, (query, createdAfter) => ({ ...query, createdAfter })),
  createdBefore: one(Schema.DateTimeUtcFromString, (query, createdBefore) => ({ ...query, createdBefore }))
}

/** `name:value`, `name:"a value with blanks"` or a word. */
const part = /(?:([A-Za-z-]+):)?(?:"([^"]*)"|(\S+))/gu

export const parseQuery = (text: string): JobQuery => {
  const words: Array<string> = []
  const problems: Array<string> = []
  let query = everything
  for (const [whole, name, quoted, bare] of text.matchAll(part)) {
    const value = quoted ?? bare ?? ""
    const reading = name === undefined ? undefined : readings[camel(name)]
    const read = reading?.(query, value)
    if (name === undefined) words.push(value.toLowerCase())
    else if (reading === undefined) problems.push(`${name}: is no filter; there are ${filterNames.join(", ")}`)
    else if (read === undefined) problems.push(`${whole} does not fit`)
    else query = read
  }
  return { ...query, words, problems }
}

/** What the API is asked. */
export const parametersOf = (query: JobQuery) => ({
  ...(query.status.length === 0 ? {} : { status: query.status }),
  ...(query.type.length === 0 ? {} : { type: query.type }),
  ...(query.queue.length === 0 ? {} : { queue: query.queue }),
  ...(query.tag.length === 0 ? {} : { tag: query.tag }),
  ...(query.correlationId === undefined ? {} : { correlationId: query.correlationId }),
  ...(query.idempotencyKey === undefined ? {} : { idempotencyKey: query.idempotencyKey }),
  ...(query.createdAfter === undefined ? {} : { createdAfter: query.createdAfter }),
  ...(query.createdBefore === undefined ? {} : { createdBefore: query.createdBefore })
})

/** A text that means the same as this filter: what a view adds to a filter that is there. */
export const withPart = (filter: string, addition: string): string => `${filter} ${addition}`.trim()
