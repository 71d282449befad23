/**
 * What the proof paths play on: the five programs, with two processors, on servers of their own, watched by Prometheus
 * and Alertmanager. Logs and the last metrics of every part are kept, however the run ends.
 */
import type { ProgramName } from "#cli/programs/identity.ts"
import { Context, Effect, Layer, Scope } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { addressOf, monitoring } from "../support/Monitoring.ts"
import { ownServer } from "../support/Servers.ts"
import type { Kind } from "../support/servers/kinds.ts"
import { serve, settingsOf, untilReady } from "../support/System.ts"
import { composeStage } from "./composeStage.ts"
import { Run } from "./Run.ts"

/** Everything that the paths submit is in this queue, so that it can be counted. */
export const queue = "proof"
const webhookToken = "the-token-of-the-harness"
/** Sixty seconds of the shipped alerts take one. */
const speed = 60

const pageOf = (url: string) => fetch(`${url}/metrics`).then((response) => response.text(), String)

/** Programs and servers as processes of this machine. */
const processStage = Effect.gen(function*() {
  const run = yield* Run
  const scope = yield* Effect.scope

  const server = (kind: Kind) =>
    Effect.tap(
      ownServer(kind),
      ({ directory }) =>
        Effect.addFinalizer(() =>
          Effect.sync(() => run.keep(`logs/${kind}.log`, readFileSync(join(directory, "log"), "utf8")))
        )
    )
  const [postgres, rabbitmq, redis, mongodb] = yield* Effect.all(
    [server("postgres"), server("rabbitmq"), server("redis"), server("mongodb")],
    { concurrency: "unbounded" }
  )
  const urls = { database: postgres.url, amqp: rabbitmq.url, redis: redis.url, mongodb: mongodb.url }
  const settings = { ...settingsOf(urls), ODTO_ALERT_WEBHOOK_TOKEN: webhookToken, ODTO_CONCURRENCY: "20" }

  /** `as`: the name of its artefacts. It lives as long as the stage. */
  const begin = (name: ProgramName, as: string, port?: number) =>
    Effect.gen(function*() {
      let output = () => ""
      // In reverse: the metrics while it runs, then it is stopped, then all that it has said.
      yield* Effect.addFinalizer(() => Effect.sync(() => run.keep(`logs/${as}.log`, output())))
      const program = yield* serve(name, settings, port)
      output = program.output
      yield* Effect.addFinalizer(() =>
        Effect.map(Effect.promise(() => pageOf(program.url)), (page) => run.keep(`metrics/${as}.prom`, page))
      )
      return program
    }).pipe(Scope.provide(scope))

  const programs = yield* Effect.all({
    gateway: begin("gateway", "gateway"),
    dispatcher: begin("dispatcher", "dispatcher"),
    processors: Effect.all([begin("processor", "processor-1"), begin("processor", "processor-2")]),
    metricsEngine: begin("metrics-engine", "metrics-engine"),
    readModel: begin("read-model", "read-model")
  })
  const { dispatcher, gateway, metricsEngine, processors, readModel } = programs
  yield* Effect.forEach([gateway, dispatcher, ...processors, metricsEngine, readModel], untilReady, {
    concurrency: "unbounded"
  })
  return {
    ...programs,
    /** After it was killed, on the port that it had. */
    firstProcessorAgain: begin("processor", "processor-1-again", Number(new URL(processors[0].url).port)),
    rabbitmq,
    urls,
    webhookToken
  }
})

/** ODTO_TEST_STAGE=compose: in containers of compose.yaml, for which Docker and the images have to be there. */
export const inCompose = process.env.ODTO_TEST_STAGE === "compose"

const make = Effect.gen(function*() {
  const run = yield* Run
  const stage = yield* inCompose ? composeStage : processStage
  const { dispatcher, gateway, metricsEngine, processors, rabbitmq, readModel, webhookToken } = stage
  const broker = [addressOf(rabbitmq.metricsUrl ?? "")]
  const { ask } = yield* monitoring({
    targets: {
      gateway: [addressOf(gateway.url)],
      dispatcher: [addressOf(dispatcher.url)],
      processor: processors.map(({ url }) => addressOf(url)),
      "metrics-engine": [addressOf(metricsEngine.url)],
      "read-model": [addressOf(readModel.url)],
      rabbitmq: broker,
      "rabbitmq-detailed": broker
    },
    readModelUrl: readModel.url,
    webhookToken,
    speed
  })

  /** Jobs whose timelines are artefacts. */
  const jobIds: Array<string> = []
  yield* Effect.addFinalizer(() =>
    Effect.map(
      Effect.forEach(jobIds, (id) =>
        Effect.promise(() =>
          fetch(`${readModel.url}/jobs/${id}/timeline`).then((answer) => answer.json(), String)
        )),
      (timelines) => run.keep("timeline.json", `${JSON.stringify(timelines, null, 2)}\n`)
    )
  )
  return { ...stage, ask, jobIds }
})

export class Stage extends Context.Service<Stage, Effect.Success<typeof make>>()("test/integration/Stage") {
  static readonly layer = Layer.effect(Stage, make)
}
