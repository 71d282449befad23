/** Making, listing and revoking bearer tokens over HTTP. */
import { CurrentActor } from "#domain/contract/Authorization.ts"
import { CreateToken, GatewayApi } from "#domain/contract/GatewayApi.ts"
import { TokenNameTaken, UnknownToken } from "#domain/contract/Problems.ts"
import { TokenStore } from "#services/ports/TokenStore.ts"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import * as bearerToken from "./bearerToken.ts"
import * as Problems from "./Problems.ts"
import { decoded } from "./requestBody.ts"

const creation = decoded(CreateToken)

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "tokens",
  Effect.fn(function*(handlers) {
    const tokens = yield* TokenStore
    return handlers
      .handle("list", () =>
        tokens.list.pipe(
          Effect.map((list) => ({ tokens: list })),
          Effect.catch(Problems.ofReading)
        ))
      .handleRaw(
        "create",
        Effect.fnUntraced(function*({ request }) {
          const { name, role } = yield* Problems.unbroken(creation(request))
          const { hash, token } = bearerToken.make()
          const view = yield* tokens.create({ name, role, hash }, yield* CurrentActor).pipe(
            Effect.catchTags({
              TokenNameTaken: (error) => Effect.fail(new TokenNameTaken({ detail: error.message, name })),
              StoreError: Problems.ofStore
            })
          )
          return HttpServerResponse.jsonUnsafe({ ...view, token }, { status: 201 })
        })
      )
      .handle(
        "revoke",
        Effect.fnUntraced(function*({ params: { name } }) {
          yield* tokens.revoke(name, yield* CurrentActor).pipe(
            Effect.catchTags({
              TokenNotFound: (error) => Effect.fail(new UnknownToken({ detail: error.message, name })),
              StoreError: Problems.ofStore
            })
          )
        })
      )
  })
)
