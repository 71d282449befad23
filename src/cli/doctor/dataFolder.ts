/** Whether the embedded system can keep its data: who holds the folder, whether it can be written, how much fits. */
import { Effect, Option, Result } from "effect"
import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { homeOf } from "../home.ts"
import { type Finding, ok, wrong } from "./Finding.ts"

/** A new database takes 40 MB and its log as much again; below this a busy hour may fill the disk. */
const enoughBytes = 512 * 1024 * 1024

const subject = "data folder"
const megabytes = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MB`

/** The folder, or the one in which it would be made. */
const nearest = (path: string): string => existsSync(path) || dirname(path) === path ? path : nearest(dirname(path))

const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

const formatOf = (folder: string): number | undefined => {
  try {
    const read: unknown = JSON.parse(readFileSync(join(folder, "format.json"), "utf8"))
    return read instanceof Object && "format" in read && typeof read.format === "number" ? read.format : undefined
  } catch {
    return undefined
  }
}

export const dataFolder = Effect.gen(function*() {
  const { DataFolder, knownFormat } = yield* Effect.promise(() => import("#infra/pglite/DataFolder.ts"))
  const folder = resolve(yield* homeOf(Option.none()))
  const place = nearest(folder)
  if (!isWritable(place)) {
    return [wrong(subject, `${place} cannot be written`, "set ODTO_HOME to a folder of your own, or change its owner")]
  }
  const format = formatOf(folder)
  if (format !== undefined && format > knownFormat) {
    return [
      wrong(
        subject,
        `${folder} has format ${format}, this program knows ${knownFormat}`,
        "use the version that made it, or another folder in ODTO_HOME"
      )
    ]
  }
  const { bavail, bsize } = statfsSync(place)
  const free = bavail * bsize
  const space: Finding = free < enoughBytes
    ? wrong(
      "free space",
      `${megabytes(free)} at ${place}`,
      `free at least ${megabytes(enoughBytes)}, or set ODTO_HOME to a folder on another disk`
    )
    : ok("free space", `${megabytes(free)} at ${place}`)
  const holder = yield* Effect.result(DataFolder.holder(folder))
  if (Result.isFailure(holder)) {
    return [
      wrong(subject, holder.failure.message, "end the process that has it open, or set ODTO_HOME to another folder"),
      space
    ]
  }
  return [
    ok(
      subject,
      Option.match(holder.success, {
        onSome: ({ addresses, pid }) =>
          `${folder}, in use by process ${pid}${
            addresses === undefined ? ", which starts" : ` at ${addresses.gatewayUrl}`
          }`,
        onNone: () =>
          format === undefined ? `${folder}, to be made at the first start` : `${folder}, format ${format}, not in use`
      })
    ),
    space
  ]
})
