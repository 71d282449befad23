/**
 * The running system as commands see it: two typed HTTP clients.
 *
 * Which system: the flags, else ODTO_GATEWAY_URL and ODTO_READ_MODEL_URL, else the embedded system that holds the data
 * folder, else the ports of ODTO_GATEWAY_PORT and ODTO_READ_MODEL_PORT on this machine.
 */
import { GatewayApi } from "#domain/contract/GatewayApi.ts"
import { ReadModelApi } from "#domain/contract/ReadModelApi.ts"
import { Config, Effect, Option, Redacted } from "effect"
import { Flag, GlobalFlag } from "effect/cli"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { homeOf } from "./home.ts"
import { defaultGatewayPort, defaultReadModelPort, gatewayPort, readModelPort } from "./Settings.ts"

const url = (name: string, variable: string, what: string) =>
  Flag.String(name).pipe(
    Flag.withDescription(`Address of the ${what}. Default: ${variable}, else the system that runs here`),
    Flag.withMetavar("URL"),
    Flag.optional
  )

export const gatewayFlag = GlobalFlag.Setting("gateway")({ flag: url("gateway", "ODTO_GATEWAY_URL", "gateway") })
export const readModelFlag = GlobalFlag.Setting("read-model")({
  flag: url("read-model", "ODTO_READ_MODEL_URL", "read model")
})
export const tokenFlag = GlobalFlag.Setting("token")({
  flag: Flag.Redacted("token").pipe(
    Flag.withDescription("Bearer token. Default: ODTO_TOKEN"),
    Flag.withMetavar("TOKEN"),
    Flag.optional
  )
})

/** Where a system of this machine listens that is told nothing but these ports; 0 is any port, and says nothing. */
const defaults = Effect.gen(function*() {
  const at = (port: number, otherwise: number) => `http://127.0.0.1:${port === 0 ? otherwise : port}`
  return {
    gatewayUrl: at(yield* gatewayPort, defaultGatewayPort),
    readModelUrl: at(yield* readModelPort, defaultReadModelPort)
  }
})

/** Addresses of the embedded system that holds the data folder, when one does. */
const embedded = Effect.gen(function*() {
  const { DataFolder } = yield* Effect.promise(() => import("#infra/pglite/DataFolder.ts"))
  const holder = yield* DataFolder.holder(yield* homeOf(Option.none())).pipe(Effect.orElseSucceed(Option.none))
  return Option.flatMap(holder, ({ addresses }) => Option.fromUndefinedOr(addresses))
})

/** Where the gateway and the read model are. */
export const addresses = Effect.gen(function*() {
  const variables = {
    gateway: yield* Config.option(Config.String("ODTO_GATEWAY_URL")),
    readModel: yield* Config.option(Config.String("ODTO_READ_MODEL_URL"))
  }
  const gateway = Option.orElse(yield* gatewayFlag, () => variables.gateway)
  const readModel = Option.orElse(yield* readModelFlag, () => variables.readModel)
  const running = Option.isSome(gateway) && Option.isSome(readModel) ? Option.none() : yield* embedded
  const known = Option.isSome(running) ? running.value : yield* defaults
  return {
    gatewayUrl: Option.getOrElse(gateway, () => known.gatewayUrl).replace(/\/$/u, ""),
    readModelUrl: Option.getOrElse(readModel, () => known.readModelUrl).replace(/\/$/u, "")
  }
})

/** Whether somebody has said which gateway is meant. */
export const isNamed = Effect.gen(function*() {
  return Option.isSome(yield* gatewayFlag) || Option.isSome(yield* Config.option(Config.String("ODTO_GATEWAY_URL")))
})

/** Whether there is a gateway to ask: one that is named, or one of an embedded system that runs. */
export const isNamedOrRunning = Effect.gen(function*() {
  return (yield* isNamed) || Option.isSome(yield* embedded)
})

/** The bearer token of this command, when there is one. */
export const bearerToken = Effect.gen(function*() {
  const given = yield* tokenFlag
  return Option.isSome(given) ? given : yield* Config.option(Config.Redacted("ODTO_TOKEN"))
})

const bearer = Effect.gen(function*() {
  const token = yield* bearerToken
  return (request: HttpClientRequest.HttpClientRequest) =>
    Option.match(token, {
      onNone: () => request,
      onSome: (secret) => HttpClientRequest.bearerToken(request, Redacted.value(secret))
    })
})

/** The write side of the running system. */
export const gateway = Effect.gen(function*() {
  const { gatewayUrl: baseUrl } = yield* addresses
  return yield* HttpApiClient.make(GatewayApi, { baseUrl, transformClient: HttpClient.mapRequest(yield* bearer) })
})

/** The read side of the running system. */
export const readModel = Effect.gen(function*() {
  const { readModelUrl: baseUrl } = yield* addresses
  return yield* HttpApiClient.make(ReadModelApi, { baseUrl, transformClient: HttpClient.mapRequest(yield* bearer) })
})

/** What the clients call through. */
export const layerHttp = FetchHttpClient.layer
