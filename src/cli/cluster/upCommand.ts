/** `up --cluster` as it is typed: tells of the steps, then says where everything is. */
import { Effect } from "effect"
import { asTyped, typed } from "../invocation.ts"
import * as Output from "../Output.ts"
import { clusterUp, type UpOptions, type UpResult } from "./clusterUp.ts"
import { addressLines, credentialLines, credentialsDocument } from "./credentials.ts"
import { layerJson, layerPeople } from "./listeners.ts"
import { clusterName } from "./place.ts"
import { Trouble } from "./Steps.ts"

export interface UpCommandOptions extends UpOptions {
  readonly showCredentials: boolean
}

/** Where commands look that are told nothing. */
const usualGateway = "http://127.0.0.1:3000"

const forPeople = ({ addresses, secrets }: UpResult, isShown: boolean): ReadonlyArray<string> => {
  const moved = addresses.gateway === usualGateway
    ? ""
    : `ODTO_GATEWAY_URL=${addresses.gateway ?? ""} ODTO_READ_MODEL_URL=${addresses.readModel ?? ""} `
  const token = isShown ? secrets["odto-tokens"]?.["admin-token"] ?? "" : "<admin token>"
  return [
    `The task observatory runs in the kind cluster ${clusterName}, and has run a job.`,
    "",
    ...addressLines(addresses),
    ...credentialLines(secrets, isShown).map(asTyped),
    "",
    `Try:   ${moved}ODTO_TOKEN=${token} ${typed("")}`.trimEnd(),
    `Stop:  ${typed("down --cluster")}`
  ]
}

/** The last line that scripts read says how it ended. */
const failed = (error: unknown) =>
  error instanceof Trouble
    ? Output.json({ result: "failed", cause: error.cause, remedy: error.remedy })
    : Effect.void

export const upCommand = ({ showCredentials, ...options }: UpCommandOptions) =>
  Effect.gen(function*() {
    const asJson = yield* Output.jsonFlag
    const result = yield* clusterUp(options).pipe(
      Effect.provide(asJson ? layerJson : layerPeople),
      Effect.onInterrupt(() =>
        asJson
          ? Output.json({ result: "interrupted", cause: "interrupted", remedy: typed("up --cluster") })
          : Output.note(`\ninterrupted; this goes on where it was: ${typed("up --cluster")}`)
      ),
      Effect.tapError((error) => asJson ? failed(error) : Effect.void)
    )
    if (asJson) {
      return yield* Output.json({
        result: "ready",
        addresses: result.addresses,
        credentials: credentialsDocument(result.secrets, showCredentials)
      })
    }
    yield* Output.lines(forPeople(result, showCredentials || process.stdout.isTTY))
  })
