/** How far the ports of a cluster are moved up on this machine: the flag, else ODTO_CLUSTER_PORT_OFFSET, else not at all. */
import { Config, Effect, Option, Schema } from "effect"
import { InvalidSetting } from "../Settings.ts"
import { maxPortOffset } from "./accessPoints.ts"

const variable = "ODTO_CLUSTER_PORT_OFFSET"

const setting = Config.schema(
  Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 0, maximum: maxPortOffset })),
  variable
)

export const portOffset = (flag: Option.Option<number>) =>
  Option.isSome(flag)
    ? Effect.succeed(flag.value)
    : Config.option(setting).pipe(
      Effect.map(Option.getOrElse(() => 0)),
      Effect.mapError(() => new InvalidSetting({ variable, detail: `it must be 0 to ${maxPortOffset}` }))
    )
