/** Lua scripts, sent by their hash; a server that does not know one (new, restarted, flushed) is sent its text. */
import type { Redis as Client } from "ioredis"
import { createHash } from "node:crypto"

export interface Script {
  readonly lua: string
  readonly sha: string
}

export const script = (lua: string): Script => ({ lua, sha: createHash("sha1").update(lua).digest("hex") })

/** With one key, which names the cluster slot of all others. */
export const evaluate = async (
  client: Client,
  { lua, sha }: Script,
  key: string,
  args: ReadonlyArray<string | number>
): Promise<unknown> => {
  try {
    return await client.evalsha(sha, 1, key, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error
    return client.eval(lua, 1, key, ...args)
  }
}
