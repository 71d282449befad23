/** `token`: who may call. Against the running system, or straight in the store when there is none to ask yet. */
import { cliActor, Role, TokenName, type TokenView } from "#domain/Access.ts"
import * as bearerToken from "#infra/http/bearerToken.ts"
import { TokenStore } from "#services/ports/TokenStore.ts"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { gateway, isNamedOrRunning } from "../api.ts"
import * as Output from "../Output.ts"
import { layerStore } from "../tokenStore.ts"

const direct = Flag.Boolean("direct").pipe(
  Flag.withDescription(
    "In the store itself, that of ODTO_DATABASE_URL or of the data folder. Default: when no system runs on the data folder and no gateway is named"
  ),
  Flag.withDefault(false)
)
const home = Flag.String("home").pipe(
  Flag.withDescription("In this data folder, as `up --home` takes it. Default: none; see --direct"),
  Flag.withMetavar("FOLDER"),
  Flag.optional
)
const store = { direct, home }
/** Before the first token there may be no system to ask: programs beyond loopback do not start without one. */
const isDirect = (flags: { readonly direct: boolean; readonly home: Option.Option<string> }) =>
  flags.direct || Option.isSome(flags.home) ? Effect.succeed(true) : Effect.map(isNamedOrRunning, (known) => !known)

const name = Argument.String("name").pipe(Argument.withDescription("Name of the token"), Argument.withSchema(TokenName))

const create = Command.make("create", {
  name,
  role: Flag.Literals("role", Role.literals).pipe(
    Flag.withDescription("viewer reads, operator acts, admin manages tokens. Default: viewer"),
    Flag.withDefault("viewer")
  ),
  ...store
}, (flags) =>
  Effect.gen(function*() {
    const made = (yield* isDirect(flags))
      ? yield* Effect.gen(function*() {
        const tokens = yield* TokenStore
        const { hash, token } = bearerToken.make()
        return { ...(yield* tokens.create({ name: flags.name, role: flags.role, hash }, cliActor)), token }
      }).pipe(Effect.provide(layerStore(flags.home)))
      : yield* (yield* gateway).tokens.create({ payload: { name: flags.name, role: flags.role } })
    yield* Output.note("keep it now: only its hash is stored")
    yield* Output.print(made, ({ token }) => [token])
  })).pipe(
    Command.withDescription("Make a token; it is shown once"),
    Command.withExamples([{
      command: "ODTO_TOKEN=$(odd-dashboard token create ci --role operator)",
      description: "Only the token goes to standard output"
    }])
  )

const list = Command.make("list", store, (flags) =>
  Effect.gen(function*() {
    const tokens: ReadonlyArray<TokenView> = (yield* isDirect(flags))
      ? yield* TokenStore.use((store) => store.list).pipe(Effect.provide(layerStore(flags.home)))
      : (yield* (yield* gateway).tokens.list()).tokens
    yield* Output.print({ tokens }, () =>
      Output.table(
        ["NAME", "ROLE", "CREATED", "REVOKED"],
        tokens.map((token) => [token.name, token.role, token.createdAt, token.revokedAt ?? ""])
      ))
  })).pipe(
    Command.withDescription("List tokens"),
    Command.withExamples([{
      command: "odd-dashboard token list",
      description: "Names and roles; the tokens themselves are not kept"
    }])
  )

const revoke = Command.make("revoke", { name, ...store }, (flags) =>
  Effect.gen(function*() {
    yield* (yield* isDirect(flags))
      ? TokenStore.use((store) => store.revoke(flags.name, cliActor)).pipe(Effect.provide(layerStore(flags.home)))
      : Effect.flatMap(gateway, (api) => api.tokens.revoke({ params: { name: flags.name } }))
    yield* Output.print({ revoked: flags.name }, ({ revoked }) => [`revoked ${revoked}`])
  })).pipe(
    Command.withDescription("Revoke a token; it ends within seconds"),
    Command.withExamples([{ command: "odd-dashboard token revoke ci", description: "Its name is not free again" }])
  )

export const token = Command.make("token").pipe(
  Command.withDescription("Make, list and revoke bearer tokens"),
  Command.withExamples([
    { command: "odd-dashboard token create ci --role operator", description: "For a pipeline that submits jobs" },
    {
      command: "odd-dashboard token create admin --role admin --direct",
      description: "The first token, before a start beyond loopback"
    }
  ]),
  Command.withSubcommands([create, list, revoke])
)
