/**
 * Passwords and tokens of a system on servers: made once, kept afterwards. A pure function of random bytes and of what is
 * there already.
 */

import * as bearerToken from "#infra/http/bearerToken.ts"

/** Values by key. */
export type SecretData = Readonly<Record<string, string>>
/** Data by the name of the secret. */
export type Secrets = Readonly<Record<string, SecretData>>
/** So many unguessable bytes. */
export type RandomBytes = (size: number) => Uint8Array

/** Bytes of a password: 192 bits. */
const passwordBytes = 24
/** Bytes of a signing key: 256 bits. */
const keyBytes = 32

const bearer = (random: RandomBytes): string => bearerToken.of(random(bearerToken.randomSize))

/** What each key is when it is not there yet; later ones may be made of earlier ones. */
type Recipe = Readonly<Record<string, (random: RandomBytes, others: SecretData) => string>>

/** Hex: some servers take their password as an argument, which must not begin like an option. */
const password = (random: RandomBytes): string => Buffer.from(random(passwordBytes)).toString("hex")
const named = (name: string) => () => name
const url = (scheme: string, host: string) => (_: RandomBytes, { password = "", username = "" }: SecretData): string =>
  `${scheme}://${username}:${password}@${host}`

const recipes: Readonly<Record<string, Recipe>> = {
  "odto-postgres": { username: named("odto"), password, url: url("postgres", "postgres:5432/odto") },
  "odto-rabbitmq": { username: named("odto"), password, url: url("amqp", "rabbitmq:5672") },
  "odto-redis": { password, url: url("redis", "redis:6379") },
  "odto-mongodb": { username: named("odto"), password, url: url("mongodb", "mongodb:27017/odto?authSource=admin") },
  "odto-tokens": { "admin-token": bearer, "webhook-token": bearer },
  "odto-grafana": { "admin-user": named("admin"), "admin-password": password },
  "odto-signing": { key: (random) => `whsec_${Buffer.from(random(keyBytes)).toString("base64")}` }
}

/** All secrets, with what is there kept as it is. */
export const complete = (random: RandomBytes, present: Secrets = {}): Secrets =>
  Object.fromEntries(
    Object.entries(recipes).map(([name, recipe]) => {
      const data: Record<string, string> = { ...present[name] }
      for (const [key, make] of Object.entries(recipe)) data[key] ??= make(random, data)
      return [name, data]
    })
  )

/** Those that have a key which is not there. */
export const lacking = (present: Secrets, wanted: Secrets): Secrets =>
  Object.fromEntries(
    Object.entries(wanted).filter(([name, data]) => Object.keys(data).some((key) => present[name]?.[key] === undefined))
  )

const manager = { "app.kubernetes.io/part-of": "odto", "app.kubernetes.io/managed-by": "odd-dashboard" }

/** As `kubectl apply -f -` reads them. */
export const kubernetesList = (secrets: Secrets): object => ({
  apiVersion: "v1",
  kind: "List",
  items: Object.entries(secrets).map(([name, values]) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, labels: manager },
    type: "Opaque",
    data: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Buffer.from(value, "utf8").toString("base64")])
    )
  }))
})

/** What the names of all settings begin with. */
const prefix = "ODTO_"

/** As the compose file reads them, line by line. */
export const environmentLines = (secrets: Secrets): ReadonlyArray<string> =>
  [
    ["POSTGRES_PASSWORD", "odto-postgres", "password"],
    ["RABBITMQ_PASSWORD", "odto-rabbitmq", "password"],
    ["REDIS_PASSWORD", "odto-redis", "password"],
    ["MONGODB_PASSWORD", "odto-mongodb", "password"],
    ["ADMIN_TOKEN", "odto-tokens", "admin-token"],
    ["ALERT_WEBHOOK_TOKEN", "odto-tokens", "webhook-token"],
    ["GRAFANA_PASSWORD", "odto-grafana", "admin-password"],
    ["SIGNING_KEY", "odto-signing", "key"]
  ].map(([variable = "", name = "", key = ""]) => `${prefix}${variable}=${secrets[name]?.[key] ?? ""}`)
