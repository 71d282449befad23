/** Logs go to stderr: JSON lines when nobody watches, readable ones on a terminal. Standard output is for answers. */
import { Layer, Logger, type LogLevel, References } from "effect"

/** One line per message on stderr. */
const toStderr = (format: Logger.Logger<unknown, string>) =>
  Logger.make((options) => {
    process.stderr.write(`${format.log(options)}\n`)
  })

export const layer = (options: { readonly json: boolean; readonly level: LogLevel.LogLevel }) =>
  Layer.mergeAll(
    Logger.layer([toStderr(options.json ? Logger.formatJson : Logger.formatLogFmt)]),
    Layer.succeed(References.MinimumLogLevel, options.level)
  )
