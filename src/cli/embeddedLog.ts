/** What the embedded system says that the dashboard has started: it goes to a file in the data folder. */
import { Effect, Runtime, Schema } from "effect"
import { closeSync, openSync, readSync, statSync } from "node:fs"
import { join } from "node:path"
import { exitCodes } from "./exitCodes.ts"

export const logFile = (home: string): string => join(home, "up.log")

class NoLog extends Schema.TaggedError<NoLog>()("NoLog", { file: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.notFound
  override get message() {
    return `there is no ${this.file}: only a start by the dashboard writes one, ` +
      "an `up` in a terminal says everything there; the logs of a cluster are read with: odd-dashboard logs --cluster"
  }
}

/** Bytes that are read at once, and of the end that lines are taken from. */
const chunkBytes = 64 * 1024
const maxTailBytes = 4 * 1024 * 1024
const lookEvery = "250 millis"

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? -1

const readFrom = (file: string, from: number, bytes: number): Buffer => {
  const handle = openSync(file, "r")
  try {
    const buffer = Buffer.alloc(bytes)
    return buffer.subarray(0, readSync(handle, buffer, 0, bytes, from))
  } finally {
    closeSync(handle)
  }
}

/** Writes what is added to the file from there on; begins anew with a file that was begun anew. */
const follow = (file: string, from: number) =>
  Effect.gen(function*() {
    let at = from
    for (;;) {
      const size = sizeOf(file)
      if (size < at) at = 0
      while (size > at) {
        const read = readFrom(file, at, Math.min(chunkBytes, size - at))
        if (read.length === 0) break
        at += read.length
        process.stdout.write(read)
      }
      yield* Effect.sleep(lookEvery)
    }
  })

export const embeddedLog = (
  home: string,
  { isFollowed, tail }: { readonly isFollowed: boolean; readonly tail: number }
) =>
  Effect.gen(function*() {
    const file = logFile(home)
    const size = sizeOf(file)
    if (size < 0) return yield* new NoLog({ file })
    const bytes = Math.min(size, maxTailBytes)
    const lines = readFrom(file, size - bytes, bytes).toString("utf8").trimEnd().split("\n")
    const last = tail === 0 ? [] : lines.slice(-tail)
    if (last.length > 0) process.stdout.write(`${last.join("\n")}\n`)
    if (isFollowed) return yield* follow(file, size)
  })
