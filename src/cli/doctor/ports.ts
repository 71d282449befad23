/** Whether the ports of gateway and read model are free, or held by whom. */
import { Effect } from "effect"
import { createServer } from "node:net"
import { portHolder } from "../portHolder.ts"
import { gatewayPort, host, readModelPort } from "../Settings.ts"
import { type Finding, ok, wrong } from "./Finding.ts"

/** A program of ours answers at once. */
const answerWithinMillis = 1_000

/** Undefined when a program could listen there. */
const refusal = (host: string, port: number) =>
  Effect.callback<string | undefined>((resume) => {
    const server = createServer()
    server.once("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? error.message)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resume(Effect.undefined)))
  })

/** The program of ours that answers there, if it is one. */
const programAt = (port: number) =>
  Effect.tryPromise(async (signal) => {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal })
    const body: unknown = await answer.json()
    return body instanceof Object && "program" in body && typeof body.program === "string" ? body.program : undefined
  }).pipe(Effect.timeout(answerWithinMillis), Effect.orElseSucceed(() => undefined))

const look = (variable: string, host: string, port: number, program: string): Effect.Effect<Finding> =>
  Effect.gen(function*() {
    if (port === 0) return ok(variable, "any free port")
    const code = yield* refusal(host, port)
    if (code === undefined) return ok(variable, `port ${port} is free`)
    if (code !== "EADDRINUSE") {
      return wrong(
        variable,
        `cannot listen on ${host}:${port} (${code})`,
        `set ODTO_HOST to an address of this machine, or ${variable} to a port above 1023`
      )
    }
    const holder = portHolder(port)
    const by = holder === undefined ? "" : ` by process ${holder.pid} (${holder.command})`
    return (yield* programAt(port)) === program
      ? ok(variable, `port ${port}: the ${program} runs there${by === "" ? "" : `,${by.slice(3)}`}`)
      : wrong(
        variable,
        `port ${port} is taken${by}`,
        `end that process, or set ${variable} to a free port, for example ${variable}=${port + 1}`
      )
  })

export const ports = Effect.gen(function*() {
  const address = yield* host
  return [
    yield* look("ODTO_GATEWAY_PORT", address, yield* gatewayPort, "gateway"),
    yield* look("ODTO_READ_MODEL_PORT", address, yield* readModelPort, "read-model")
  ]
})
