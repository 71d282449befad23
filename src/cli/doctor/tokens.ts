/** Whether a program that others can reach would find the token without which it does not start. */
import { TokenStore } from "#services/ports/TokenStore.ts"
import { Config, Effect, Option, Result } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { messageOf } from "../failure.ts"
import { homeOf } from "../home.ts"
import { host } from "../Settings.ts"
import { layerStore } from "../tokenStore.ts"
import { type Finding, ok, wrong } from "./Finding.ts"

const subject = "tokens"
const fix = "make the first one with: odd-dashboard token create admin --role admin"

export const tokens = Effect.gen(function*() {
  const [{ isLoopback }, { DataFolder }] = yield* Effect.promise(() =>
    Promise.all([import("#infra/http/Guard.ts"), import("#infra/pglite/DataFolder.ts")])
  )
  const address = yield* host
  if (isLoopback(address)) return [ok(subject, `not needed: programs listen on ${address} only`)]
  const folder = yield* homeOf(Option.none())
  const url = yield* Config.option(Config.String("ODTO_DATABASE_URL"))
  const isEmbedded = Option.isNone(url) || url.value === ""
  const none: Finding = wrong(subject, `ODTO_HOST=${address} is beyond this machine, and there is no token`, fix)
  if (isEmbedded && !existsSync(join(folder, "postgres"))) return [none]
  const isHeld = yield* Effect.orElseSucceed(Effect.map(DataFolder.holder(folder), Option.isSome), () => true)
  if (isEmbedded && isHeld) return [ok(subject, "the running system has its tokens; see: odd-dashboard token list")]
  const list = yield* Effect.result(
    TokenStore.use((store) => store.list).pipe(Effect.provide(layerStore(Option.none())))
  )
  if (Result.isFailure(list)) {
    return [
      wrong(
        subject,
        `they cannot be read: ${messageOf(list.failure)}`,
        "correct what is wrong with the store first"
      )
    ]
  }
  const live = list.success.filter(({ revokedAt }) => revokedAt === null).length
  return [live === 0 ? none : ok(subject, `${live} for ODTO_HOST=${address}`)]
})
