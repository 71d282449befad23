/**
 * Real servers for tests: PostgreSQL, RabbitMQ, Redis, MongoDB, Prometheus and Alertmanager.
 *
 * They are started by the test run on free ports with temporary data, or taken from ODTO_TEST_DATABASE_URL, _AMQP_URL,
 * _REDIS_URL and _MONGODB_URL; a server that happens to run on the machine is never touched. The test files share one
 * server of each kind, and each file takes a fresh place on it: a database, a virtual host. What is acquired here is
 * gone at the end of the scope.
 */
import { describe, inject, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { randomUUID } from "node:crypto"
import { dropMongoDatabase } from "./mongodb/dropDatabase.ts"
import type { Endpoint } from "./servers/Keeper.ts"
import { type Kind, startNew } from "./servers/kinds.ts"
import { statement } from "./servers/postgres.ts"
import { manage } from "./servers/rabbitmq.ts"
import { emptyDatabase } from "./servers/redis.ts"

/**
 * A suite that needs servers. Where one is missing the suite is skipped and the end of the run says so; with
 * ODTO_TEST_SERVERS=required it fails instead.
 *
 * `own`: the tests start servers of their own with `ownServer`, so a server that is given does not help. Default: false.
 */
export const describeWithServers = (
  needed: ReadonlyArray<Kind>,
  name: string,
  tests: () => void,
  { own = false }: { readonly own?: boolean } = {}
): void => {
  const { missing, notStartable } = inject("servers")
  const absent = own ? notStartable : missing
  describeUnless(needed.flatMap((kind) => absent[kind] === undefined ? [] : [`${kind}: ${absent[kind]}`]), name, tests)
}

/** A suite for which something is missing, if so what; see `describeWithServers`. */
export const describeUnless = (leftOut: ReadonlyArray<string>, name: string, tests: () => void): void => {
  if (leftOut.length === 0) describe(name, tests)
  // oxlint-disable-next-line vitest/no-disabled-tests -- this is the one place that leaves suites out, and says so
  else if (process.env.ODTO_TEST_SERVERS !== "required") describe.skip(name, { meta: { leftOut } }, tests)
  else {
    describe(name, () => {
      it("has the servers that it needs", () => {
        throw new Error(leftOut.join("; "))
      })
    })
  }
}

/** The shared server of a kind, which starts now if nobody has asked before. */
const shared = (kind: Kind): Effect.Effect<Endpoint> =>
  Effect.promise(async () => {
    const response = await fetch(`${inject("servers").keeper}/servers/${kind}`)
    if (!response.ok) throw new Error(await response.text())
    const endpoint: Endpoint = JSON.parse(await response.text())
    return endpoint
  })

/** A name that nothing else has, for a place on a shared server. */
const freshName = Effect.sync(() => `odto_${randomUUID().replaceAll("-", "").slice(0, 16)}`)

/** The URL of an empty PostgreSQL database. */
export const freshDatabase: Effect.Effect<string, never, Scope.Scope> = Effect.gen(function*() {
  const { url } = yield* shared("postgres")
  const name = yield* freshName
  yield* Effect.acquireRelease(
    Effect.promise(() => statement(url, `create database ${name}`)),
    () => Effect.promise(() => statement(url, `drop database ${name} with (force)`))
  )
  return withPath(url, name)
})

/** An empty virtual host of RabbitMQ. */
export interface Vhost {
  readonly url: string
  readonly name: string
  /** Asks the management API, for instance `GET queues/NAME`. */
  readonly manage: (method: "GET" | "PUT" | "DELETE", path: string) => Effect.Effect<unknown>
}

export const freshVhost: Effect.Effect<Vhost, never, Scope.Scope> = Effect.gen(function*() {
  const { managementUrl = "", url } = yield* shared("rabbitmq")
  const ask: Vhost["manage"] = (method, path) => Effect.promise(() => manage(managementUrl, method, path))
  const name = yield* freshName
  yield* Effect.acquireRelease(ask("PUT", `vhosts/${name}`), () => ask("DELETE", `vhosts/${name}`))
  return { url: withPath(url, name), name, manage: ask }
})

/** The URL of a Redis that nobody else uses; of one that is given, a database of its own, emptied. */
export const freshRedis: Effect.Effect<string, never, Scope.Scope> = Effect.suspend(() => {
  const given = process.env.ODTO_TEST_REDIS_URL
  return given === undefined
    ? Effect.map(ownServer("redis"), ({ url }) => url)
    : Effect.tap(
      Effect.map(place("redis"), (database) => withPath(given, database)),
      (url) => Effect.promise(() => emptyDatabase(url))
    )
})

/** The URL of an empty MongoDB database, its name included. */
export const freshMongoDatabase: Effect.Effect<string, never, Scope.Scope> = Effect.gen(function*() {
  const { url } = yield* shared("mongodb")
  const own = withPath(url, yield* freshName)
  yield* Effect.addFinalizer(() => Effect.promise(() => dropMongoDatabase(own)))
  return own
})

/** A server of one test, to be killed and started again. Everything resolves when it is done. */
export interface OwnServer {
  readonly url: string
  /** Where its configuration and data are. */
  readonly directory: string
  /** RabbitMQ only: its HTTP API with user and password in the URL. */
  readonly managementUrl: string | undefined
  /** RabbitMQ only: where it answers Prometheus. */
  readonly metricsUrl: string | undefined
  /** The process that serves the URL, while there is one. */
  readonly pid: Effect.Effect<number | undefined>
  /** On the same port and data; done when it answers. */
  readonly start: Effect.Effect<void>
  /** In good order. */
  readonly stop: Effect.Effect<void>
  /** SIGKILL to all its processes at once. */
  readonly crash: Effect.Effect<void>
  /** SIGSTOP to all its processes: connections stay open and nothing answers, until `thaw`. */
  readonly freeze: Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
}

export const ownServer = (kind: Kind): Effect.Effect<OwnServer, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(Effect.promise(() => startNew(kind)), (server) => Effect.promise(server.dispose)),
    (server) => ({
      url: server.url,
      directory: server.directory,
      managementUrl: server.managementUrl,
      metricsUrl: server.metricsUrl,
      pid: Effect.sync(server.pid),
      start: Effect.promise(server.start),
      stop: Effect.promise(server.stop),
      crash: Effect.promise(server.crash),
      freeze: Effect.sync(server.freeze),
      thaw: Effect.sync(server.thaw)
    })
  )

/** A number that nobody else has until the scope ends. */
const place = (kind: Kind) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const { body } = await fetch(`${inject("servers").keeper}/places/${kind}`)
        if (body === null) throw new Error("the keeper answered nothing")
        const reader = body.getReader()
        return { reader, number: new TextDecoder().decode((await reader.read()).value).trim() }
      }),
      ({ reader }) => Effect.promise(() => reader.cancel())
    ),
    ({ number }) => number
  )

const withPath = (url: string, path: string): string => {
  const changed = new URL(url)
  changed.pathname = `/${path}`
  return changed.href
}
