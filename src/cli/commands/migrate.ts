/** `migrate`: brings the database to the version of this program. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import * as Output from "../Output.ts"
import { serverUrl } from "../Settings.ts"

export const migrate = Command.make("migrate", {}, () =>
  Effect.gen(function*() {
    const url = yield* serverUrl("ODTO_DATABASE_URL")
    const [Postgres, Migrations, { migrations }] = yield* Effect.promise(() =>
      Promise.all([
        import("#infra/postgres/Postgres.ts"),
        import("#infra/postgres/Migrations.ts"),
        import("#infra/postgres/migrations/all.ts")
      ])
    )
    const done = yield* Migrations.migrate(migrations).pipe(
      Effect.provide(Postgres.layer({ url, applicationName: "migrate" }))
    )
    yield* Output.print(done, ({ applied, version }) => [
      applied.length === 0
        ? `up to date at version ${version}`
        : `applied ${applied.join(", ")}; now at version ${version}`
    ])
  })).pipe(
    Command.withDescription("Bring the database of ODTO_DATABASE_URL to the version of this program"),
    Command.withExamples([{ command: "odd-dashboard migrate", description: "Safe when several run at once" }])
  )
