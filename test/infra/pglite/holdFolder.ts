/** A process of its own that holds the folder of its first argument until it is killed, and says whether it does. */
import { DataFolder } from "#infra/pglite/DataFolder.ts"
import { Effect } from "effect"

const hold = Effect.gen(function*() {
  const folder = yield* DataFolder.acquire(process.argv[2] ?? "")
  yield* folder.publish(
    { gatewayUrl: "http://127.0.0.1:3000", readModelUrl: "http://127.0.0.1:8080" }
  )
  process.stdout.write("held\n")
  yield* Effect.callback<void>((resume) => {
    process.stdin.once("close", () => resume(Effect.void)).resume()
  })
})

await Effect.scoped(hold).pipe(
  Effect.catch(({ message }) => Effect.sync(() => process.stdout.write(`${message}\n`))),
  Effect.runPromise
)
