/** Who is calling: bearer tokens looked up in the token store, and what their roles permit. */
import { type Actor, localActor, permits, type Role } from "#domain/Access.ts"
import { Authorization, CurrentActor, NeededRole, WebhookAuthorization } from "#domain/contract/Authorization.ts"
import { Forbidden, TooManyRequests, Unauthorized, Unavailable } from "#domain/contract/Problems.ts"
import { TokenStore } from "#services/ports/TokenStore.ts"
import { Cache, Clock, Context, Duration, Effect, Exit, Layer, Option, Redacted } from "effect"
import { HttpServerRequest } from "effect/http"
import { timingSafeEqual } from "node:crypto"
import * as bearerToken from "./bearerToken.ts"
import { CurrentExchange } from "./Exchange.ts"
import * as RateLimit from "./RateLimit.ts"

/** A revoked token is refused everywhere after this at the latest; a busy caller costs one lookup in it. */
const trustFor = Duration.seconds(3)
/** While the store is away nobody can revoke a token either, and what lives elsewhere can still be read. */
const trustWithoutStoreMillis = 5 * 60_000
/** Tokens that are remembered, good and bad. */
const maxRemembered = 1_000
/** Requests per second and caller, unless the program is told otherwise: more than one gateway can accept. */
const defaultPerSecond = 20_000
/** Tokens that were not good before, per second and address: each may cost a lookup. */
const strangersPerSecond = 20
const retryAfterSeconds = 1

export interface CallerOptions {
  /** Whether a caller without a token is refused. When not, it is the local administrator. */
  readonly requireTokens: boolean
  /** Default: 20,000. */
  readonly requestsPerSecond?: number | undefined
  /** A token of Alertmanager's own, good for the alert webhook only. */
  readonly webhookToken?: Redacted.Redacted | undefined
}

/** Whether the caller of the present request is still welcome; asked by answers that last. */
export const StillWelcome = Context.Reference<Effect.Effect<boolean>>("odto/infra/http/StillWelcome", {
  defaultValue: () => Effect.succeed(true)
})

const webhookActor: Actor = { name: "alertmanager", role: "operator" }

const equal = (a: string, b: string): boolean =>
  timingSafeEqual(Buffer.from(bearerToken.hash(a)), Buffer.from(bearerToken.hash(b)))

/** Looks tokens up, by their hash. */
const makeLookup = Effect.gen(function*() {
  const tokens = yield* TokenStore
  const lastSeen = new Map<string, { readonly actor: Actor; readonly atMillis: number }>()
  const remember = (hash: string, actor: Option.Option<Actor>, atMillis: number) => {
    lastSeen.delete(hash)
    if (Option.isNone(actor)) return
    const oldest = lastSeen.size < maxRemembered ? undefined : lastSeen.keys().next().value
    if (oldest !== undefined) lastSeen.delete(oldest)
    lastSeen.set(hash, { actor: actor.value, atMillis })
  }
  const cache = yield* Cache.makeWith(
    Effect.fnUntraced(function*(hash: string) {
      const actor = yield* tokens.find(hash)
      remember(hash, actor, yield* Clock.currentTimeMillis)
      return actor
    }),
    { capacity: maxRemembered, timeToLive: (exit) => Exit.isSuccess(exit) ? trustFor : Duration.zero }
  )
  const wasGood = (hash: string) => lastSeen.has(hash)
  const find = (hash: string) =>
    Cache.get(cache, hash).pipe(
      Effect.catch((error) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const seen = lastSeen.get(hash)
          return seen !== undefined && now - seen.atMillis < trustWithoutStoreMillis
            ? Effect.succeedSome(seen.actor)
            : Effect.fail(new Unavailable({ detail: error.message, source: "store of truth", retryAfterSeconds }))
        })
      )
    )
  return { find, wasGood }
})

export const layer = (options: CallerOptions): Layer.Layer<Authorization | WebhookAuthorization, never, TokenStore> =>
  Layer.effectContext(Effect.gen(function*() {
    const { find, wasGood } = yield* makeLookup
    const callerLimit = RateLimit.make({ perSecond: options.requestsPerSecond ?? defaultPerSecond })
    const strangerLimit = RateLimit.make({ perSecond: strangersPerSecond, burst: 5 * strangersPerSecond })

    const limited = (limit: RateLimit.RateLimit, caller: string) =>
      Effect.suspend(() => {
        const wait = limit(caller, performance.now())
        return wait === 0
          ? Effect.void
          : Effect.fail(new TooManyRequests({ detail: `${caller} asks too often`, retryAfterSeconds: Math.ceil(wait) }))
      })
    const refuse = (detail: string) => Effect.fail(new Unauthorized({ detail }))

    const holderOf = Effect.fnUntraced(function*(token: string) {
      const hash = bearerToken.hash(token)
      if (!wasGood(hash)) {
        const { remoteAddress } = yield* HttpServerRequest.HttpServerRequest
        yield* limited(strangerLimit, Option.getOrElse(remoteAddress, () => "an unknown address"))
      }
      const holder = bearerToken.isPlausible(token) ? yield* find(hash) : Option.none<Actor>()
      return Option.isSome(holder)
        ? holder.value
        : yield* refuse("The token is not known, or was revoked.")
    })
    const admit = Effect.fnUntraced(function*(actor: Actor, needs: Role) {
      const exchange = yield* CurrentExchange
      exchange.actor = actor.name
      yield* limited(callerLimit, actor.name)
      if (permits(actor.role, needs)) return actor
      return yield* new Forbidden({
        detail: `${actor.name} is ${actor.role}; this needs ${needs}`,
        role: actor.role,
        needs
      })
    })
    const stillHeld = (token: string) =>
      Effect.orElseSucceed(Effect.map(find(bearerToken.hash(token)), Option.isSome), () => true)

    const authorization = Authorization.of({
      bearer: Effect.fnUntraced(function*(httpEffect, { credential, endpoint }) {
        const token = Redacted.value(credential)
        const needs = Context.get(endpoint.annotations, NeededRole)
        if (token === "") {
          if (options.requireTokens) return yield* refuse("Send `Authorization: Bearer <token>`.")
          return yield* Effect.provideService(httpEffect, CurrentActor, yield* admit(localActor, needs))
        }
        const actor = yield* admit(yield* holderOf(token), needs)
        return yield* httpEffect.pipe(
          Effect.provideService(CurrentActor, actor),
          Effect.provideService(StillWelcome, stillHeld(token))
        )
      })
    })
    const webhookAuthorization = WebhookAuthorization.of({
      webhookBearer: Effect.fnUntraced(function*(httpEffect, { credential, endpoint }) {
        const token = Redacted.value(credential)
        const own = options.webhookToken === undefined ? undefined : Redacted.value(options.webhookToken)
        if (token === "") {
          return yield* refuse(
            "The webhook always needs a token: of an operator, or the one in ODTO_ALERT_WEBHOOK_TOKEN."
          )
        }
        const caller = own !== undefined && equal(token, own) ? webhookActor : yield* holderOf(token)
        const actor = yield* admit(caller, Context.get(endpoint.annotations, NeededRole))
        return yield* Effect.provideService(httpEffect, CurrentActor, actor)
      })
    })
    return Context.make(Authorization, authorization).pipe(Context.add(WebhookAuthorization, webhookAuthorization))
  }))
