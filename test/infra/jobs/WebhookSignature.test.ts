import { parseSigningKey, signatureHeaders } from "#infra/jobs/WebhookSignature.ts"
import { assert, describe, it } from "@effect/vitest"

describe("The signature of webhooks", () => {
  it("is that of the specification's example", () =>
    assert.deepStrictEqual(
      signatureHeaders(parseSigningKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestampSeconds: 1_614_265_330,
        body: `{"test": 2432232314}`
      }),
      {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
      }
    ))

  it.each(["secret", "whsec_", `whsec_${btoa("x".repeat(23))}`, `whsec_${btoa("x".repeat(65))}`])(
    "is made with no key such as %s",
    (text) => assert.throws(() => parseSigningKey(text), /ODTO_SIGNING_KEY/u)
  )
})
