/** Who may enter a cluster, and where it is written: values are shown only to whoever asks for them, or sits at a terminal. */
import * as Output from "../Output.ts"
import { accessPoints, type Addresses } from "./accessPoints.ts"
import { namespace } from "./place.ts"
import type { Secrets } from "./secrets.ts"

const entries = [
  ["adminToken", "odto-tokens", "admin-token"],
  ["grafanaUser", "odto-grafana", "admin-user"],
  ["grafanaPassword", "odto-grafana", "admin-password"],
  ["rabbitmqUser", "odto-rabbitmq", "username"],
  ["rabbitmqPassword", "odto-rabbitmq", "password"]
] as const

/** For scripts: the values, or where they are. */
export const credentialsDocument = (secrets: Secrets, isShown: boolean) =>
  isShown
    ? Object.fromEntries(entries.map(([name, secret, key]) => [name, secrets[secret]?.[key] ?? ""]))
    : { namespace, ...Object.fromEntries(entries.map(([name, secret, key]) => [name, { secret, key }])) }

const pair = (secrets: Secrets, secret: string, user: string, password: string) =>
  `${secrets[secret]?.[user] ?? ""} / ${secrets[secret]?.[password] ?? ""}`

/** For people. */
export const credentialLines = (secrets: Secrets, isShown: boolean): ReadonlyArray<string> =>
  isShown
    ? [
      `  admin token   ${secrets["odto-tokens"]?.["admin-token"] ?? ""}`,
      `  Grafana       ${pair(secrets, "odto-grafana", "admin-user", "admin-password")}`,
      `  RabbitMQ      ${pair(secrets, "odto-rabbitmq", "username", "password")}`
    ]
    : ["  credentials are shown by: odd-dashboard status --cluster --show-credentials"]

export const addressLines = (addresses: Addresses): ReadonlyArray<string> =>
  accessPoints.flatMap(({ name, path, what }) =>
    addresses[name] === undefined ? [] : [`  ${what.padEnd(12)}  ${Output.style.cyan(`${addresses[name]}${path}`)}`]
  )
