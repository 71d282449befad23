/** The kinds of server that tests may ask for. */
import { rm } from "node:fs/promises"
import {
  account as mongoAccount,
  missing as mongoMissing,
  parentDirectory,
  prepare as mongo
} from "../mongodb/server.ts"
import * as Alertmanager from "./alertmanager.ts"
import { type LocalServer, localServer, type Recipe } from "./LocalServer.ts"
import { type Account, temporaryDirectory } from "./machine.ts"
import * as Postgres from "./postgres.ts"
import * as Prometheus from "./prometheus.ts"
import * as RabbitMq from "./rabbitmq.ts"
import * as Redis from "./redis.ts"

export type Kind = "postgres" | "rabbitmq" | "redis" | "mongodb" | "prometheus" | "alertmanager"

interface Definition {
  /** A server that somebody else runs, for the tests to use as they like; undefined where only one of their own will do. */
  readonly variable: `ODTO_TEST_${"DATABASE" | "AMQP" | "REDIS" | "MONGODB"}_URL` | undefined
  /** Why none can be started on this machine, if so. */
  readonly missing: () => string | undefined
  /** Makes the data of a new server in a directory that belongs to `account`. */
  readonly prepare: (directory: string) => Promise<Recipe>
  readonly account: () => Account
  readonly parentDirectory?: string
}

export const kinds: Record<Kind, Definition> = {
  postgres: { variable: "ODTO_TEST_DATABASE_URL", ...Postgres },
  rabbitmq: { variable: "ODTO_TEST_AMQP_URL", ...RabbitMq },
  redis: { variable: "ODTO_TEST_REDIS_URL", ...Redis, account: () => ({}) },
  mongodb: {
    variable: "ODTO_TEST_MONGODB_URL",
    missing: mongoMissing,
    prepare: mongo,
    account: mongoAccount,
    parentDirectory
  },
  prometheus: { variable: undefined, ...Prometheus, account: () => ({}) },
  alertmanager: { variable: undefined, ...Alertmanager, account: () => ({}) }
}

/** The URL of a server that somebody else runs. */
export const givenUrl = (kind: Kind): string | undefined => {
  const { variable } = kinds[kind]
  return variable === undefined ? undefined : process.env[variable]
}

export const isKind = (name: string): name is Kind => name in kinds

/** Why a kind is not there, by kind. */
export type Missing = Partial<Record<Kind, string>>

declare module "vitest" {
  interface ProvidedContext {
    servers: {
      readonly keeper: string
      /** Kinds that are neither given nor can be started. */
      readonly missing: Missing
      /** Kinds that cannot be started, given or not. */
      readonly notStartable: Missing
    }
  }
  interface TaskMeta {
    /** The reasons why a suite was left out. */
    leftOut?: ReadonlyArray<string>
  }
}

/** How often a start is tried: between the search for a free port and its use, another process may take it. */
const attempts = 3

/** A new server of the kind, running. */
export const startNew = async (kind: Kind): Promise<LocalServer> => {
  const reason = kinds[kind].missing()
  if (reason !== undefined) throw new Error(`${kind}: ${reason}`)
  return tryToStart(kind, attempts)
}

const tryToStart = async (kind: Kind, left: number): Promise<LocalServer> => {
  const { account, parentDirectory: parent, prepare } = kinds[kind]
  const directory = temporaryDirectory(account(), parent)
  try {
    const server = localServer(kind, directory, await prepare(directory))
    try {
      await server.start()
      return server
    } catch (error) {
      await server.crash()
      throw error
    }
  } catch (error) {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    if (left === 1) throw error
    return tryToStart(kind, left - 1)
  }
}
