/**
 * Whether contracts still hold for those who were built against earlier ones. Pure.
 *
 * A document whose major version is higher than before may break; event schemas carry their version in their name, so a
 * new version is a new file beside the old one.
 */
import { type Json, type JsonMap, textIn } from "./jsonSchema.ts"
import { type Direction, isMap, lookUp, schemaChanges } from "./schemaChanges.ts"

const mapOf = (value: Json | undefined): JsonMap => isMap(value) ? value : {}
const listOf = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value : []

const majorOf = (document: JsonMap): number => Number.parseInt(textIn(mapOf(document["info"])["version"] ?? "0"), 10)

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
const roles = ["viewer", "operator", "admin"]

/** Both sides of a comparison, with their documents. */
interface Both {
  readonly before: JsonMap
  readonly after: JsonMap
}

const compareSchema = (
  both: Both,
  old: Json | undefined,
  current: Json | undefined,
  direction: Direction,
  at: string
) => schemaChanges({ schema: old, document: both.before }, { schema: current, document: both.after }, direction, at)

const contentChanges = (
  both: Both,
  old: JsonMap,
  current: JsonMap,
  direction: Direction,
  at: string
): ReadonlyArray<string> =>
  Object.entries(old).flatMap(([type, content]) =>
    current[type] === undefined
      ? [`${at}: the media type ${type} is removed`]
      : compareSchema(both, mapOf(content)["schema"], mapOf(current[type])["schema"], direction, at)
  )

const named = (parameters: Json | undefined): ReadonlyMap<string, JsonMap> =>
  new Map(listOf(parameters).map(mapOf).map((each) => [`${textIn(each["in"])} ${textIn(each["name"])}`, each]))

const parameterChanges = (both: Both, old: JsonMap, current: JsonMap, at: string): ReadonlyArray<string> => {
  const were = named(old["parameters"])
  const are = named(current["parameters"])
  return [
    ...[...were].flatMap(([name, parameter]) => {
      const now = are.get(name)
      return now === undefined
        ? [`${at}: the parameter ${name} is removed`]
        : compareSchema(both, parameter["schema"], now["schema"], "request", `${at} ${name}`)
    }),
    ...[...are].filter(([name, parameter]) => parameter["required"] === true && were.get(name)?.["required"] !== true)
      .map(([name]) => `${at}: the parameter ${name} is newly required`)
  ]
}

const answerChanges = (both: Both, old: JsonMap, current: JsonMap, at: string): ReadonlyArray<string> => {
  const are = mapOf(current["responses"])
  return Object.entries(mapOf(old["responses"])).flatMap(([status, answer]) => {
    if (are[status] === undefined) return status.startsWith("2") ? [`${at}: the answer ${status} is removed`] : []
    const place = `${at} ${status}`
    return contentChanges(both, mapOf(mapOf(answer)["content"]), mapOf(mapOf(are[status])["content"]), "answer", place)
  })
}

const operationChanges = (both: Both, old: JsonMap, current: JsonMap, at: string): ReadonlyArray<string> => {
  const body = { before: mapOf(old["requestBody"]), after: mapOf(current["requestBody"]) }
  const rank = (operation: JsonMap) => roles.indexOf(textIn(operation["x-odto-role"]))
  return [
    ...parameterChanges(both, old, current, at),
    ...(body.after["required"] === true && body.before["required"] !== true ? [`${at}: a body is newly required`] : []),
    ...contentChanges(both, mapOf(body.before["content"]), mapOf(body.after["content"]), "request", `${at} body`),
    ...answerChanges(both, old, current, at),
    ...(rank(current) > rank(old) ? [`${at}: needs the role ${textIn(current["x-odto-role"])}`] : [])
  ]
}

const openApiChanges = (both: Both): ReadonlyArray<string> => {
  const are = mapOf(both.after["paths"])
  return Object.entries(mapOf(both.before["paths"])).flatMap(([path, item]) => {
    if (are[path] === undefined) return [`${path}: is removed`]
    const current = mapOf(are[path])
    return methods.flatMap((method) => {
      const old = mapOf(item)[method]
      if (old === undefined) return []
      const at = `${method.toUpperCase()} ${path}`
      return current[method] === undefined
        ? [`${at}: is removed`]
        : operationChanges(both, mapOf(old), mapOf(current[method]), at)
    })
  })
}

/** A message, or what the reference to it leads to. */
const messageOf = (document: JsonMap, message: Json | undefined): JsonMap => {
  const { $ref } = mapOf(message)
  return typeof $ref === "string" ? mapOf(lookUp(document, $ref)) : mapOf(message)
}

const messageChanges = (both: Both, old: Json | undefined, current: Json | undefined, at: string) => {
  const was = messageOf(both.before, old)
  const is = messageOf(both.after, current)
  return [
    ...(was["contentType"] === is["contentType"] ? [] : [`${at}: the content type is changed`]),
    ...compareSchema(both, was["headers"], is["headers"], "answer", `${at} headers`),
    ...compareSchema(both, was["payload"], is["payload"], "answer", `${at} payload`)
  ]
}

const channelChanges = (both: Both, old: JsonMap, current: JsonMap, at: string): ReadonlyArray<string> => [
  ...(old["address"] === current["address"] ? [] : [`${at}: the address becomes ${textIn(current["address"])}`]),
  ...Object.entries(mapOf(old["messages"])).flatMap(([name, message]) => {
    const now = mapOf(current["messages"])[name]
    return now === undefined
      ? [`${at}: the message ${name} is removed`]
      : messageChanges(both, message, now, `${at} ${name}`)
  })
]

const asyncApiChanges = (both: Both): ReadonlyArray<string> => {
  const are = mapOf(both.after["channels"])
  return Object.entries(mapOf(both.before["channels"])).flatMap(([name, channel]) =>
    are[name] === undefined
      ? [`channel ${name}: is removed`]
      : channelChanges(both, mapOf(channel), mapOf(are[name]), `channel ${name}`)
  )
}

const documentChanges = (both: Both, direction: Direction): ReadonlyArray<string> => {
  if (majorOf(both.after) > majorOf(both.before)) return []
  if (both.before["openapi"] !== undefined) return openApiChanges(both)
  if (both.before["asyncapi"] !== undefined) return asyncApiChanges(both)
  return compareSchema(both, both.before, both.after, direction, "")
}

/**
 * Every change that breaks somebody, with its file. `requests` are the files that clients write by. Schemas on their own
 * have the version of the interface that they belong to: when that one is raised, they may change with it.
 */
export const breakingChanges = (
  before: ReadonlyMap<string, JsonMap>,
  after: ReadonlyMap<string, JsonMap>,
  requests: ReadonlySet<string>
): ReadonlyArray<string> => {
  const versions = (files: ReadonlyMap<string, JsonMap>) => Math.max(0, ...[...files.values()].map(majorOf))
  const raised = versions(after) > versions(before)
  return [...before].flatMap(([file, old]) => {
    const current = after.get(file)
    const isVersioned = old["info"] !== undefined
    if (raised && !isVersioned) return []
    if (current === undefined) return [`${file}: is removed`]
    const direction = requests.has(file) ? "request" : "answer"
    return documentChanges({ before: old, after: current }, direction).map((change) => `${file}: ${change}`)
  })
}
