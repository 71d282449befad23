/** Answers go to standard output, everything else to standard error, so that output can be piped. */
import { Effect } from "effect"

export const lines = (text: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.sync(() => void process.stdout.write(`${text.join("\n")}\n`))

export const json = (value: unknown): Effect.Effect<void> =>
  Effect.sync(() => void process.stdout.write(`${JSON.stringify(value)}\n`))

/** For people who watch: progress, hints. */
export const note = (text: string): Effect.Effect<void> => Effect.sync(() => void process.stderr.write(`${text}\n`))
