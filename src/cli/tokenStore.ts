/**
 * The tokens in the store itself: of the data folder that is named, of ODTO_DATABASE_URL, or of the usual data folder when
 * no system holds it. The first token has to be made this way: beyond loopback no program starts without one.
 */
import { TokenStore } from "#services/ports/TokenStore.ts"
import { Config, Effect, Layer, Option } from "effect"
import { homeOf } from "./home.ts"

/** `home`: the data folder, when one is named. */
export const layerStore = (home: Option.Option<string>) =>
  Layer.unwrap(
    Effect.gen(function*() {
      const Truth = yield* Effect.promise(() => import("./programs/truth.ts"))
      const url = yield* Config.option(Config.String("ODTO_DATABASE_URL"))
      const [{ DataFolder }, Pglite] = yield* Effect.promise(() =>
        Promise.all([import("#infra/pglite/DataFolder.ts"), import("#infra/pglite/Pglite.ts")])
      )
      const inFolder = Truth.layerOver({ source: "cli", archive: true }).pipe(
        Layer.provide(Pglite.layer()),
        Layer.provide(DataFolder.layer(yield* homeOf(home)))
      )
      const tokens = Layer.effect(TokenStore, TokenStore)
      return Option.isNone(home) && Option.isSome(url) && url.value !== ""
        ? tokens.pipe(Layer.provide(Truth.layerServer("cli")))
        : tokens.pipe(Layer.provide(inFolder))
    }).pipe(Effect.map((layer): Layer.Layer<TokenStore, unknown> => layer))
  )
