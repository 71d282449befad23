/** First step: the programs are there, Docker's engine answers, and nobody else has the ports. Changes nothing. */
import { Effect } from "effect"
import { exitCodes } from "../exitCodes.ts"
import { commandText, type Prerequisite, troubles } from "../prerequisites/Prerequisite.ts"
import { ports, tools } from "../prerequisites/probes.ts"
import * as Nodes from "./Nodes.ts"
import { done, Trouble } from "./Steps.ts"

const trouble = (found: ReadonlyArray<Prerequisite>, otherwise: string) => {
  const commands = found.flatMap(({ command }) => command === undefined ? [] : [commandText(command)])
  return new Trouble({
    cause: found.map(({ detail, name, state }) => `${name} is ${state}: ${detail}`).join("; "),
    remedy: commands.length === 0 ? otherwise : `run: ${commands.join(" && ")}`,
    exitCode: exitCodes.unavailable
  })
}

/** An offset that moves every port out of the way of what usually listens on a machine. */
const offeredOffset = 20_000

export const checkPrerequisites = (offset: number) =>
  Effect.gen(function*() {
    const found = yield* tools
    const lacking = troubles(found)
    if (lacking.length > 0) return yield* trouble(lacking, "set it up as its page says, then run it again")
    const hasCluster = yield* Nodes.exists
    // A cluster that is there has its ports already, and they stay as they are.
    const taken = hasCluster ? [] : troubles(yield* ports(false, offset))
    if (taken.length > 0) {
      return yield* trouble(
        taken,
        `end that process, or move all ports with: odd-dashboard up --cluster --port-offset ${offset + offeredOffset}` +
          ` (or ODTO_CLUSTER_PORT_OFFSET)`
      )
    }
    const versions = found.map(({ detail, name }) => `${name} ${detail}`).join(", ")
    return { ...done(versions), hasCluster }
  })
