/** `migrate`: brings the database to the version of this program, and holds back who needs it until it is there. */
import { isLoopback } from "#infra/http/Guard.ts"
import { Duration, Effect, Layer, Option, Schedule } from "effect"
import { Command, Flag } from "effect/cli"
import { ensureAdminToken } from "../firstToken.ts"
import * as Output from "../Output.ts"
import { adminToken, host, serverUrl } from "../Settings.ts"

/** Between two looks at a database that somebody else migrates. */
const lookAgainAfter = Duration.seconds(1)

const check = Flag.Boolean("check").pipe(
  Flag.withDescription(
    "Change nothing: exit with 0 when programs can start, which is when the database is at this version and, with ODTO_HOST beyond loopback, there is a token"
  ),
  Flag.withDefault(false)
)
const wait = Flag.Int("wait").pipe(
  Flag.withDescription(
    "Seconds to wait for the server and, with --check, for whoever migrates. Default: 15, with --check 0"
  ),
  Flag.withMetavar("SECONDS"),
  Flag.filter((seconds) => seconds >= 0, (seconds) => `--wait must not be below 0, and is ${seconds}`),
  Flag.optional
)

const storeTools = Effect.promise(() =>
  Promise.all([
    import("#infra/postgres/Postgres.ts"),
    import("#infra/postgres/PgTokenStore.ts"),
    import("#infra/postgres/Migrations.ts"),
    import("#infra/postgres/migrations/all.ts")
  ])
)

const bringUp = Effect.fnUntraced(function*(patience: Duration.Duration | undefined) {
  const url = yield* serverUrl("ODTO_DATABASE_URL")
  const first = yield* adminToken
  const [Postgres, PgTokenStore, Migrations, { migrations }] = yield* storeTools
  return yield* Effect.gen(function*() {
    const done = yield* Migrations.migrate(migrations)
    const token = Option.isNone(first) ? undefined : yield* ensureAdminToken(first.value)
    return { ...done, token: token === undefined ? null : { name: token.name, created: token.created } }
  }).pipe(
    Effect.provide(
      PgTokenStore.layer.pipe(Layer.provideMerge(Postgres.layer({ url, applicationName: "migrate", patience })))
    )
  )
})

const look = Effect.fnUntraced(function*() {
  const url = yield* serverUrl("ODTO_DATABASE_URL")
  const address = yield* host
  const [Postgres, PgTokenStore, Migrations, { migrations }] = yield* storeTools
  const { tokenExists } = yield* Effect.promise(() => import("#infra/http/ApiServer.ts"))
  const needed = Migrations.latestVersion(migrations)
  return yield* Effect.gen(function*() {
    yield* Migrations.requireVersion(needed)
    if (!isLoopback(address)) yield* tokenExists(address)
    return { version: needed }
  }).pipe(
    Effect.provide(
      PgTokenStore.layer.pipe(
        Layer.provideMerge(Postgres.layer({ url, applicationName: "migrate", patience: Duration.zero }))
      )
    )
  )
})

/** What somebody else may be about to mend. */
const mayPass = ({ _tag }: { readonly _tag: string }): boolean =>
  _tag === "PostgresUnavailable" || _tag === "SchemaTooOld" || _tag === "NoTokenYet" || _tag === "StoreError"

export const migrate = Command.make("migrate", { check, wait }, (flags) =>
  Effect.gen(function*() {
    const seconds = Option.getOrUndefined(flags.wait)
    if (flags.check) {
      const found = yield* look().pipe(
        Effect.retry({
          while: mayPass,
          schedule: Schedule.spaced(lookAgainAfter).pipe(Schedule.upTo({ duration: Duration.seconds(seconds ?? 0) }))
        })
      )
      return yield* Output.print(found, ({ version }) => [`ready at version ${version}`])
    }
    const done = yield* bringUp(seconds === undefined ? undefined : Duration.seconds(seconds))
    yield* Output.print(done, ({ applied, token, version }) => [
      applied.length === 0
        ? `up to date at version ${version}`
        : `applied ${applied.join(", ")}; now at version ${version}`,
      ...(token?.created === true ? [`the token in ODTO_ADMIN_TOKEN is good from now on, as ${token.name}`] : [])
    ])
  })).pipe(
    Command.withDescription("Bring the database of ODTO_DATABASE_URL to the version of this program"),
    Command.withExamples([
      { command: "odd-dashboard migrate", description: "Safe when several run at once" },
      {
        command: "odd-dashboard migrate --check --wait 300",
        description: "Before a program starts: waits for whoever migrates"
      }
    ])
  )
