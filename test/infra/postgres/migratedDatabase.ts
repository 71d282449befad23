import * as Migrations from "#infra/postgres/Migrations.ts"
import { migrations } from "#infra/postgres/migrations/all.ts"
import * as Postgres from "#infra/postgres/Postgres.ts"
import { Effect, Layer, Redacted } from "effect"
import { freshDatabase } from "../../support/Servers.ts"

/** A database of its own with the newest schema; `url` is its address. */
export const migratedDatabase = Effect.gen(function*() {
  const url = Redacted.make(yield* freshDatabase)
  const client = Postgres.layer({ url, applicationName: "odto-test" })
  return { url, layer: Layer.provideMerge(Layer.effectDiscard(Migrations.migrate(migrations)), client) }
})

export const layer = Layer.unwrap(Effect.map(migratedDatabase, (database) => database.layer))
