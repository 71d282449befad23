/** What a MongoDB server says of itself, for whoever looks for what is wrong. Changes nothing. */
import { Effect, type Redacted } from "effect"
import { Mongo } from "./Mongo.ts"

export const inspectMongo = (url: Redacted.Redacted) =>
  Mongo.use((mongo) => mongo.use("say its version", (database) => database.command({ buildInfo: 1 }))).pipe(
    Effect.map(({ version }) => ({ version: typeof version === "string" ? version : "unknown" })),
    Effect.provide(Mongo.layer(url))
  )
