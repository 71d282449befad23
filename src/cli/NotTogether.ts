/** A flag that would be passed over in silence, because it is of the other kind of system: embedded, or in a cluster. */
import { Effect, Runtime, Schema } from "effect"
import { exitCodes } from "./exitCodes.ts"

export class NotTogether extends Schema.TaggedError<NotTogether>()("NotTogether", {
  command: Schema.String,
  flag: Schema.String,
  isCluster: Schema.Boolean
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
  override get message() {
    return `${this.flag} does not go ${
      this.isCluster ? "with" : "without"
    } --cluster; see: odd-dashboard ${this.command} --help`
  }
}

/** Fails with the first flag that is set and of the other kind. */
export const refuseForeign = (
  command: string,
  isCluster: boolean,
  flags: {
    readonly ofCluster: Readonly<Record<string, boolean>>
    readonly ofEmbedded: Readonly<Record<string, boolean>>
  }
) =>
  Effect.suspend(() => {
    const foreign = Object.entries(isCluster ? flags.ofEmbedded : flags.ofCluster).find(([, isSet]) => isSet)
    return foreign === undefined ? Effect.void : Effect.fail(new NotTogether({ command, flag: foreign[0], isCluster }))
  })
