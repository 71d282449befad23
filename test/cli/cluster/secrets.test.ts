/** Passwords and tokens of a system on servers: what they look like, and that they stay. */
import { complete, environmentLines, kubernetesList, lacking } from "#cli/cluster/secrets.ts"
import { isPlausible } from "#infra/http/bearerToken.ts"
import { assert, describe, it } from "@effect/vitest"
import { randomBytes } from "node:crypto"

const made = complete(randomBytes)

describe("Secrets", () => {
  it("are in the form that each server and program takes", () => {
    const password = /^[0-9a-f]{48}$/u
    const { key } = made["odto-signing"] ?? {}

    for (const name of ["odto-postgres", "odto-rabbitmq", "odto-redis", "odto-mongodb"]) {
      assert.match(made[name]?.["password"] ?? "", password)
      const url = new URL(made[name]?.["url"] ?? "")
      assert.strictEqual(url.password, made[name]?.["password"], "no character of it needs an escape")
      assert.strictEqual(url.username, made[name]?.["username"] ?? "")
    }
    assert.match(made["odto-mongodb"]?.["url"] ?? "", /@mongodb:27017\/odto\?authSource=admin$/u)
    assert.match(made["odto-redis"]?.["url"] ?? "", /^redis:\/\/:[^@]+@redis:6379$/u)
    assert.isTrue(isPlausible(made["odto-tokens"]?.["admin-token"] ?? ""))
    assert.isTrue(isPlausible(made["odto-tokens"]?.["webhook-token"] ?? ""))
    assert.match(key ?? "", /^whsec_/u)
    assert.lengthOf(Buffer.from((key ?? "").slice("whsec_".length), "base64"), 32)
  })

  it("are different ones every time, and different from each other", () => {
    const values = [made, complete(randomBytes)].flatMap((secrets) =>
      Object.values(secrets).flatMap((data) => Object.values(data)).filter((value) => value.length > 10)
    )

    assert.isAbove(values.length, 20)
    assert.strictEqual(new Set(values).size, values.length)
  })

  it("stay when they are there; what is missing of one is made to fit the rest", () => {
    const { password } = made["odto-postgres"] ?? {}
    const present = { "odto-postgres": { password: password ?? "", note: "mine" }, other: { key: "x" } }
    const again = complete(randomBytes, present)

    assert.strictEqual(again["odto-postgres"]?.["password"], password)
    assert.strictEqual(again["odto-postgres"]?.["note"], "mine")
    assert.strictEqual(new URL(again["odto-postgres"]?.["url"] ?? "").password, password)
    assert.include(Object.keys(lacking(present, again)), "odto-postgres")
    assert.deepStrictEqual(lacking(again, complete(randomBytes, again)), {})
    assert.notProperty(again, "other", "what is not ours is left alone")
  })

  it("are given to a cluster and to compose under the names that they go by there", () => {
    const items: ReadonlyArray<
      { readonly metadata: { readonly name: string }; readonly data: Record<string, string> }
    > = JSON.parse(JSON.stringify(kubernetesList(made))).items
    const variables = environmentLines(made).map((line) => line.split("=", 1)[0])

    assert.deepStrictEqual(items.map(({ metadata }) => metadata.name), Object.keys(made))
    assert.strictEqual(
      Buffer.from(items[0]?.data["url"] ?? "", "base64").toString("utf8"),
      made["odto-postgres"]?.["url"]
    )
    assert.deepStrictEqual(variables.map((name) => name?.replace("ODTO_", "")), [
      "POSTGRES_PASSWORD",
      "RABBITMQ_PASSWORD",
      "REDIS_PASSWORD",
      "MONGODB_PASSWORD",
      "ADMIN_TOKEN",
      "ALERT_WEBHOOK_TOKEN",
      "GRAFANA_PASSWORD",
      "SIGNING_KEY"
    ])
    assert.isTrue(environmentLines(made).every((line) => /=\S{16,}$/u.test(line)))
  })
})
