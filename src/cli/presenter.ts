/** Help goes to standard output; what is wrong with a command line is told by `failure.ts`, in one line without the help. */
import { Effect } from "effect"
import { CliOutput } from "effect/cli"

export const layerPresenter = CliOutput.layerPresenter({
  present: (event) => event._tag === "InvalidInvocation" ? Effect.void : CliOutput.defaultPresenter.present(event)
})
