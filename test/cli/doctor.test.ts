/** What `doctor` says of real servers, before and after the schema is made. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { command } from "../support/CommandLine.ts"
import { freshFolder } from "../support/Embedded.ts"
import { describeWithServers, freshDatabase, freshMongoDatabase, freshRedis, freshVhost } from "../support/Servers.ts"

interface Finding {
  readonly subject: string
  readonly state: string
  readonly detail: string
  readonly fix?: string
}

describeWithServers(["postgres", "rabbitmq", "redis", "mongodb"], "doctor on real servers", () => {
  it.live("tells their versions, and that the schema is to be made until it is", () =>
    Effect.gen(function*() {
      const settings = {
        ODTO_HOME: yield* freshFolder,
        ODTO_GATEWAY_PORT: "0",
        ODTO_READ_MODEL_PORT: "0",
        ODTO_DATABASE_URL: yield* freshDatabase,
        ODTO_AMQP_URL: (yield* freshVhost).url,
        ODTO_REDIS_URL: yield* freshRedis,
        ODTO_MONGODB_URL: yield* freshMongoDatabase
      }

      const before = yield* command(["doctor", "--json"], { settings })
      const migrated = yield* command(["migrate"], { settings })
      const after = yield* command(["doctor", "--json"], { settings })

      const wrong = ({ stdout }: { readonly stdout: string }) => {
        const { findings }: { readonly findings: ReadonlyArray<Finding> } = JSON.parse(stdout)
        return findings.filter(({ state }) => state === "wrong")
      }
      assert.deepStrictEqual(
        [before.code, migrated.code, after.code],
        [1, 0, 0],
        before.stderr + migrated.stderr + after.stdout
      )
      assert.deepStrictEqual(wrong(before).map(({ fix, subject }) => [subject, fix]), [
        ["ODTO_DATABASE_URL", "bring it up to date with: odd-dashboard migrate"]
      ])
      for (const said of [/PostgreSQL \d+/, /RabbitMQ \d+\.\d+/, /Redis \d+\.\d+/, /MongoDB \d+\.\d+/]) {
        assert.match(after.stdout, said)
      }
    }))
})
