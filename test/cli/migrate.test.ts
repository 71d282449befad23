/** `migrate` as machines use it: the Job that sets a database up, and what waits for it before a program starts. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { query } from "../support/Books.ts"
import { command, jsonLines } from "../support/CommandLine.ts"
import { describeWithServers, freshDatabase } from "../support/Servers.ts"

const token = `odto_${"a".repeat(43)}`
const otherToken = `odto_${"b".repeat(43)}`

const beyondLoopback = { ODTO_HOST: "0.0.0.0" }

describeWithServers(["postgres"], "migrate", () => {
  it.live("makes the token of ODTO_ADMIN_TOKEN an administrator's, once, and another value another one", () =>
    Effect.gen(function*() {
      const settings = { ODTO_DATABASE_URL: yield* freshDatabase }
      const runs = yield* Effect.forEach(
        [token, token, otherToken],
        (value) => command(["migrate", "--json"], { settings: { ...settings, ODTO_ADMIN_TOKEN: value } })
      )
      for (const { code, stderr } of runs) assert.strictEqual(code, 0, stderr)
      const answers = runs.flatMap(jsonLines)
      assert.deepStrictEqual(answers.map((answer) => answer.token.created), [true, false, true])
      const held = yield* query(settings.ODTO_DATABASE_URL, "SELECT name, role FROM token ORDER BY created_at")
      assert.deepStrictEqual(held, [
        { name: answers[0].token.name, role: "admin" },
        { name: answers[2].token.name, role: "admin" }
      ])
      assert.notInclude(JSON.stringify(runs), token, "a token is nobody's output")

      yield* command(["token", "revoke", answers[0].token.name, "--direct"], { settings })
      const revoked = yield* command(["migrate"], { settings: { ...settings, ODTO_ADMIN_TOKEN: token } })
      assert.strictEqual(revoked.code, 78, revoked.stderr)
      assert.include(revoked.stderr, `revoked as ${answers[0].token.name}`)
    }))

  it.live("refuses a token that could never be one, before it touches the database", () =>
    Effect.gen(function*() {
      const settings = { ODTO_DATABASE_URL: yield* freshDatabase, ODTO_ADMIN_TOKEN: "secret" }
      const { code, stderr } = yield* command(["migrate"], { settings })
      assert.strictEqual(code, 78, stderr)
      assert.include(stderr, "ODTO_ADMIN_TOKEN is not valid")
      assert.notInclude(stderr, "secret")
      assert.deepStrictEqual(
        yield* query(settings.ODTO_DATABASE_URL, "SELECT to_regclass('odto_migrations') AS made"),
        [{ made: null }]
      )
    }))

  it.live("--check says whether programs can start, and changes nothing", () =>
    Effect.gen(function*() {
      const settings = { ODTO_DATABASE_URL: yield* freshDatabase, ...beyondLoopback }
      const check = command(["migrate", "--check"], { settings })

      const empty = yield* check
      assert.strictEqual(empty.code, 78, empty.stderr)
      assert.include(empty.stderr, "has schema 0")

      yield* command(["migrate"], { settings })
      const withoutToken = yield* check
      assert.strictEqual(withoutToken.code, 78, withoutToken.stderr)
      assert.include(withoutToken.stderr, "needs a token")
      const onLoopback = yield* command(["migrate", "--check"], { settings: { ...settings, ODTO_HOST: "127.0.0.1" } })
      assert.strictEqual(onLoopback.code, 0, onLoopback.stderr)

      yield* command(["migrate"], { settings: { ...settings, ODTO_ADMIN_TOKEN: token } })
      assert.strictEqual((yield* check).code, 0)
    }))

  it.live("--check --wait goes on as soon as somebody else has migrated", () =>
    Effect.gen(function*() {
      const settings = { ODTO_DATABASE_URL: yield* freshDatabase, ...beyondLoopback }
      const waiting = yield* Effect.forkScoped(command(["migrate", "--check", "--wait", "60"], { settings }))
      const asked = yield* command(["migrate", "--check", "--wait", "1"], { settings })
      assert.strictEqual(asked.code, 78, asked.stderr)
      yield* command(["migrate"], { settings: { ...settings, ODTO_ADMIN_TOKEN: token } })
      const { code, stderr, stdout } = yield* Fiber.join(waiting)
      assert.strictEqual(code, 0, stderr)
      assert.include(stdout, "ready at version")
    }))
})
