/**
 * Makes the template of a new database, for the build: PostgreSQL takes 2 s for a new database and our tables 0.3 s more,
 * which a first start cannot wait for.
 */
import { PGlite } from "@electric-sql/pglite"
import { Effect, Layer, References } from "effect"
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { promisify } from "node:util"
import { constants, zstdCompress } from "node:zlib"
import { migrate, type Migrations } from "../postgres/Migrations.ts"
import { DataFolder } from "./DataFolder.ts"
import * as Pglite from "./Pglite.ts"

/** 1.8 MB in 0.2 s; the highest level saves a quarter of it and takes 3 s. */
const compressionLevel = 9

/** Writes a database with these migrations to `file`, which is there completely or not at all. */
export const makeTemplate = async (file: string, migrations: Migrations): Promise<void> => {
  const scratch = await mkdtemp(join(tmpdir(), "odto-template-"))
  try {
    const bare = Pglite.layer({ template: undefined }).pipe(Layer.provideMerge(DataFolder.layer(scratch)))
    const folder = await Effect.andThen(migrate(migrations), DataFolder).pipe(
      Effect.provide(bare),
      Effect.provideService(References.MinimumLogLevel, "Warn"),
      Effect.runPromise
    )
    const unfinished = `${file}.${basename(scratch)}`
    await writeFile(unfinished, await pack(folder.database))
    await rename(unfinished, file)
  } finally {
    await rm(scratch, { recursive: true })
  }
}

const pack = async (folder: string): Promise<Buffer> => {
  const database = await PGlite.create(folder)
  try {
    const archive = Buffer.from(await (await database.dumpDataDir("none")).arrayBuffer())
    return await promisify(zstdCompress)(archive, { params: { [constants.ZSTD_c_compressionLevel]: compressionLevel } })
  } finally {
    await database.close()
  }
}
