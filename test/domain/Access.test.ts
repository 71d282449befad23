import { permits, Role, TokenName } from "#domain/Access.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

describe("Access", () => {
  it("lets every role do what the roles before it may, and no more", () => {
    const roles: ReadonlyArray<Role> = ["viewer", "operator", "admin"]
    const allowed = roles.map((has) => roles.filter((needs) => permits(has, needs)))

    assert.deepStrictEqual(allowed, [["viewer"], ["viewer", "operator"], ["viewer", "operator", "admin"]])
  })

  it.prop(
    "orders roles: of two roles one permits the other, both only when equal",
    { a: Role, b: Role },
    ({ a, b }) => {
      assert.isTrue(permits(a, b) || permits(b, a))
      assert.strictEqual(permits(a, b) && permits(b, a), a === b)
    }
  )

  it("takes token names that are safe in a shell, a URL and a log line", () => {
    const isName = Schema.is(TokenName)

    assert.isTrue(["ci", "a", "Ada.L-1_x", "9", "a".repeat(63)].every((name) => isName(name)))
    assert.isFalse(["", "-a", ".a", "a b", "a/b", "a\n", "é", "a".repeat(64)].some((name) => isName(name)))
  })
})
