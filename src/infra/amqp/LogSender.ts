/** Sends log rows to the archive's queue, and, when they have arrived there, to whoever follows the live feed. */
import { type Broker, BrokerError } from "#services/ports/Broker.ts"
import { Effect } from "effect"
import type { Connection, Live } from "./Amqp.ts"
import { type Encoded, encodeSpine } from "./messages.ts"
import type { Outgoing, Publisher, Verdict } from "./Publisher.ts"
import { archiveKey, declareSpine, eventsExchange, liveKey, untilConsumersKnow } from "./topology.ts"

/** Log rows without a confirm at any time. */
const maxRowsTogether = 500
/** Bytes of log rows without a confirm at any time; one row has less than 1 MiB. */
const maxBytesTogether = 8 * 1024 * 1024

const operation = "send the event log"

const reasons: Record<Exclude<Verdict, "sent">, BrokerError["reason"]> = {
  refused: "refused",
  returned: "unroutable",
  silent: "timeout",
  lost: "unavailable"
}

export const logSender = (
  connection: Connection,
  publisher: Publisher,
  archiveRows: number
): Broker["Service"]["sendLog"] => {
  /** The connection on which the spine was last found in order. */
  let declaredOn: Live | undefined
  const declare = (live: Live) =>
    Effect.tap(declareSpine(live, archiveRows), () => {
      declaredOn = live
      return Effect.void
    })

  return Effect.fnUntraced(function*(messages) {
    for (const rows of inParts(messages.map(encodeSpine))) {
      const live = yield* connection.liveFor(operation)
      if (declaredOn !== live) yield* declare(live)
      const verdicts = yield* publisher.send(operation, rows.map((row) => toMessage(archiveKey, row)))
      const failure = verdicts.find((verdict) => verdict !== "sent")
      if (failure === undefined) {
        yield* publisher.announce(rows.map((row) => toMessage(liveKey, row)))
        continue
      }
      declaredOn = undefined
      if (failure === "returned") yield* Effect.andThen(Effect.sleep(untilConsumersKnow), declare(live))
      return yield* new BrokerError({ operation, reason: reasons[failure], cause: `log row ${failure}` })
    }
  })
}

const toMessage = (routingKey: string, row: Encoded): Outgoing => ({ exchange: eventsExchange, routingKey, ...row })

const inParts = (rows: ReadonlyArray<Encoded>): ReadonlyArray<ReadonlyArray<Encoded>> => {
  const parts: Array<Array<Encoded>> = []
  let bytes = 0
  for (const row of rows) {
    const last = parts.at(-1)
    if (last === undefined || last.length === maxRowsTogether || bytes + row.body.length > maxBytesTogether) {
      parts.push([row])
      bytes = row.body.length
    } else {
      last.push(row)
      bytes += row.body.length
    }
  }
  return parts
}
