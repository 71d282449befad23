/** The archive's collection and indexes, made where they are missing. Safe when several programs do it at once. */
import { type Db, type IndexDescription, MongoServerError } from "mongodb"

const daySeconds = 24 * 60 * 60
const retentionIndex = "retention"

const indexNotFound = 27
const indexOptionsConflict = [85, 86]

/** Newest first, with a tie broken the same way everywhere: the order of a search. */
const newestFirst = { at: -1, epoch: -1, id: -1 } as const

const indexes: Array<IndexDescription> = [
  // With `at`, so that walking over the rows reads the index alone.
  { name: "walk", key: { epoch: 1, id: 1, at: 1 } },
  { name: "history", key: { jobs: 1, epoch: 1, id: 1 } },
  { name: "newest", key: newestFirst },
  { name: "newest_of_type", key: { types: 1, ...newestFirst } },
  { name: "newest_of_queue", key: { queues: 1, ...newestFirst } }
]

/** Another program may have done the same a moment ago. */
const ignoring = async (codes: ReadonlyArray<number>, run: () => Promise<unknown>): Promise<void> => {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof MongoServerError && codes.includes(Number(error.code)))) throw error
  }
}

/** Making an index makes the collection. */
export const prepareCollection = async (database: Db, name: string, retentionDays: number | undefined) => {
  const rows = database.collection(name)
  await rows.createIndexes(indexes)

  const expireAfterSeconds = retentionDays === undefined ? undefined : retentionDays * daySeconds
  const retention = (await rows.indexes()).find((index) => index.name === retentionIndex)
  const isAsWanted = retention === undefined
    ? expireAfterSeconds === undefined
    : Number(retention.expireAfterSeconds) === expireAfterSeconds
  if (isAsWanted) return
  if (retention !== undefined) await ignoring([indexNotFound], () => rows.dropIndex(retentionIndex))
  if (expireAfterSeconds !== undefined) {
    await ignoring(
      indexOptionsConflict,
      () => rows.createIndex({ at: 1 }, { name: retentionIndex, expireAfterSeconds })
    )
  }
}
