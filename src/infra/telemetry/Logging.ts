/**
 * Logs go to stderr: JSON lines when nobody watches, readable ones on a terminal. Standard output is for answers.
 *
 * A call says one sentence and may add objects: their fields stand beside the annotations, so that a log store can look
 * for them by name.
 */
import { Context, Layer, Logger, type LogLevel, Predicate, References, Tracer } from "effect"

/** The sentence, and the fields of the objects that came with it. */
const partsOf = (message: unknown): readonly [text: unknown, fields: Record<string, unknown>] => {
  const [text, ...rest]: ReadonlyArray<unknown> = Array.isArray(message) ? message : [message]
  const fields = rest.map((part, index) => Predicate.isObject(part) ? part : { [`detail${index || ""}`]: part })
  return [text, Object.assign({}, ...fields)]
}

/** One line per message on stderr. */
const toStderr = (lineOf: (options: Logger.Options<unknown>) => string) =>
  Logger.make((options) => {
    process.stderr.write(`${lineOf(options)}\n`)
  })

const json = (options: Logger.Options<unknown>): string => {
  const { annotations, message, ...rest } = Logger.formatStructured.log(options)
  const [text, fields] = partsOf(message)
  const span = Context.getOrUndefined(options.fiber.context, Tracer.ParentSpan)
  return JSON.stringify({
    ...rest,
    message: text,
    annotations: { ...annotations, ...fields },
    ...(span === undefined ? {} : { traceId: span.traceId, spanId: span.spanId })
  })
}

const readable = (options: Logger.Options<unknown>): string => {
  const [text, fields] = partsOf(options.message)
  const told = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return Logger.formatLogFmt.log({ ...options, message: [[text, ...told].join(" ")] })
}

export const layer = (options: { readonly json: boolean; readonly level: LogLevel.LogLevel }) =>
  Layer.mergeAll(
    Logger.layer([toStderr(options.json ? json : readable)]),
    Layer.succeed(References.MinimumLogLevel, options.level)
  )
