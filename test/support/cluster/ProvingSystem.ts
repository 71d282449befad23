/** A real system on free ports that knows a token: the proof of a start runs through it. */
import { layerStore } from "#cli/tokenStore.ts"
import { TokenName } from "#domain/Access.ts"
import { hash } from "#infra/http/bearerToken.ts"
import { TokenStore } from "#services/ports/TokenStore.ts"
import { Context, Effect, Layer, Option, type Scope } from "effect"
import { freshFolder } from "../Embedded.ts"
import { eventually, freePorts, start } from "../Programs.ts"

export interface Proving {
  readonly gatewayUrl: string
  readonly readModelUrl: string
  /** As the node of a cluster would map them. */
  readonly ports: Readonly<Record<string, number>>
  readonly token: string
}

const name = TokenName.make("cluster")

/** Starts one that knows the token; it ends with the scope. */
export const provingSystem = (token: string): Effect.Effect<Proving, never, Scope.Scope> =>
  Effect.gen(function*() {
    const home = yield* freshFolder
    yield* TokenStore.use((store) =>
      store.create({ name, role: "admin", hash: hash(token) }, { name: "test", role: "admin" })
    ).pipe(Effect.provide(layerStore(Option.some(home))), Effect.orDie)
    const { gatewayUrl, readModelUrl, settings } = yield* freePorts
    const program = yield* start(["up"], { ODTO_HOME: home, ...settings })
    yield* eventually("the system runs", async () => program.output(), (said) => said.includes("is running")).pipe(
      Effect.orDie
    )
    const portOf = (url: string) => Number(new URL(url).port)
    return {
      gatewayUrl,
      readModelUrl,
      ports: { "30000": portOf(gatewayUrl), "30080": portOf(readModelUrl) },
      token
    }
  })

/** Bytes that are the same every time, so that the token is known before. */
export const knownBytes = (size: number): Uint8Array => new Uint8Array(size).fill(7)
export const knownToken = `odto_${Buffer.from(knownBytes(32)).toString("base64url")}`

export class ProvingSystem extends Context.Service<ProvingSystem, Proving>()("test/ProvingSystem") {
  static readonly layer = Layer.effect(ProvingSystem, provingSystem(knownToken))
}
