import * as GatewayServer from "#infra/http/GatewayServer.ts"
import { TokenStore } from "#services/ports/TokenStore.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { createServer, type Server } from "node:http"
import * as Programs from "./Programs.ts"

describe("A server that cannot start", () => {
  it.live("beyond loopback asks for a first token before it listens", () =>
    Effect.gen(function*() {
      const failure = yield* Programs.gateway({ host: "0.0.0.0" }).pipe(
        Layer.provide(Layer.fresh(Programs.ports)),
        Layer.build,
        Effect.flip
      )

      assert.strictEqual(failure._tag, "NoTokenYet")
      assert.include(failure.message, "odd-dashboard token create")
    }))

  it.live("counts a revoked token as none", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.gen(function*() {
        const tokens = yield* TokenStore
        yield* Programs.tokenOf("admin", "gone")
        yield* tokens.revoke("gone", { name: "test", role: "admin" })
        return yield* Effect.flip(Layer.build(Programs.gateway({ host: "0.0.0.0" })))
      }).pipe(Effect.provide(Layer.fresh(Programs.ports)))

      assert.strictEqual(failure._tag, "NoTokenYet")
    }))

  it.live("names the taken port and the variable that chooses another", () =>
    Effect.gen(function*() {
      const holder = yield* Effect.acquireRelease(
        Effect.callback<Server>((resume) => {
          const server = createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => void server.close())
      )
      const address = holder.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const failure = yield* GatewayServer.layer({ port, portVariable: "ODTO_GATEWAY_PORT" }).pipe(
        Layer.provide(Layer.fresh(Programs.gatewayNeeds)),
        Layer.build,
        Effect.flip
      )

      assert.deepInclude(failure, { _tag: "CannotListen", port, code: "EADDRINUSE", portVariable: "ODTO_GATEWAY_PORT" })
      assert.strictEqual(failure.message, `port ${port} is taken; choose another one with ODTO_GATEWAY_PORT`)
    }))
})
