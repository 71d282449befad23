import { checked, fieldsOf, jobOf } from "#cli/dashboard/view-model/form/fields.ts"
import type { Form, FormMessage } from "#cli/dashboard/view-model/form/Form.ts"
import { formLines } from "#cli/dashboard/view-model/form/formLines.ts"
import { pressInForm } from "#cli/dashboard/view-model/form/pressInForm.ts"
import { updateForm } from "#cli/dashboard/view-model/form/updateForm.ts"
import { glyph } from "#cli/dashboard/view-model/glyphs.ts"
import { lineWidth, textOf } from "#cli/dashboard/view-model/Line.ts"
import { JobTypeName, type JsonObject } from "#domain/Job.ts"
import type { JobTypeDescription } from "#domain/JobType.ts"
import { defaultBackoff } from "#domain/Retry.ts"
import * as AjvPayloadSchemas from "#infra/ajv/AjvPayloadSchemas.ts"
import { builtInTypes } from "#infra/jobs/builtIn.ts"
import { PayloadSchemas } from "#services/ports/PayloadSchemas.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { noon } from "../../../support/dashboard/Given.ts"

const typeOf = (payloadSchema: JsonObject): JobTypeDescription => ({
  name: JobTypeName.make("letter.send"),
  payloadSchema,
  maxAttempts: 7,
  backoff: defaultBackoff,
  timeoutMillis: 1_000
})

/** The form of the type, checked by what the gateway checks by. */
const open = (type: JobTypeDescription): Form => {
  const check = Effect.runSync(
    PayloadSchemas.use((schemas) => Effect.succeed(schemas.compile(type.payloadSchema))).pipe(
      Effect.provide(AjvPayloadSchemas.layer)
    )
  )
  assert.isTrue(Result.isSuccess(check))
  const form = updateForm(undefined, {
    _tag: "FormOpened",
    type,
    check: Result.getOrThrow(check),
    key: "key-1"
  })
  assert.isDefined(form)
  return form
}
const after = (form: Form, ...messages: ReadonlyArray<FormMessage>): Form => {
  const last = messages.reduce<Form | undefined>(updateForm, form)
  assert.isDefined(last)
  return last
}
const type = (text: string): FormMessage => ({ _tag: "FormTyped", text })
const next: FormMessage = { _tag: "FormMoved", by: 1 }

const letter: JsonObject = {
  type: "object",
  properties: {
    to: { type: "string", description: "whom it goes to", minLength: 3 },
    copies: { type: "integer", minimum: 1, maximum: 9, default: 1 },
    urgent: { type: "boolean" },
    paper: { enum: ["plain", "fine"] },
    headers: { type: "object", additionalProperties: { type: "string" } }
  },
  required: ["to"],
  additionalProperties: false
}

describe("The form for a new job", () => {
  it("has a field of its kind for each property, with its default, and the fields of every job", () => {
    const fields = fieldsOf(typeOf(letter))

    assert.deepStrictEqual(
      fields.slice(0, 5).map(({ isRequired, kind, label, text }) => ({ label, kind, text, isRequired })),
      [
        { label: "to", kind: "text", text: "", isRequired: true },
        { label: "copies", kind: "integer", text: "1", isRequired: false },
        { label: "urgent", kind: "choice", text: "", isRequired: false },
        { label: "paper", kind: "choice", text: "", isRequired: false },
        { label: "headers", kind: "json", text: "", isRequired: false }
      ]
    )
    assert.deepStrictEqual(fields.slice(5).map(({ path }) => path), [
      "/queue",
      "/priority",
      "/runAt",
      "/tags",
      "/correlationId",
      "/maxAttempts"
    ])
  })

  it("makes the job that was typed", () => {
    const form = after(
      open(typeOf(letter)),
      type("Ada"),
      next,
      { _tag: "FormCleared" },
      type("3"),
      next,
      { _tag: "FormChanged", by: 1 },
      next,
      { _tag: "FormChanged", by: -1 },
      next,
      type("{\"x\":\"1\"}"),
      next,
      type("mail"),
      next,
      type("9"),
      next,
      type("60"),
      next,
      type("a b")
    )

    assert.deepStrictEqual(form.errors, {})
    assert.deepStrictEqual(jobOf(form, noon), {
      errors: {},
      job: {
        type: JobTypeName.make("letter.send"),
        payload: { to: "Ada", copies: 3, urgent: true, paper: "fine", headers: { x: "1" } },
        queue: "mail",
        priority: 9,
        runAt: new Date(noon + 60_000).toISOString(),
        tags: ["a", "b"]
      }
    })
  })

  it("leaves out what is empty", () => {
    const form = after(open(typeOf(letter)), type("Ada"), next, { _tag: "FormCleared" })

    assert.deepStrictEqual(jobOf(form, noon).job, { type: JobTypeName.make("letter.send"), payload: { to: "Ada" } })
  })

  it("says of each field what the gateway would say, as it is typed", () => {
    const form = open(typeOf(letter))

    assert.strictEqual(form.errors["/payload/to"], "is required")
    assert.match(after(form, type("Al")).errors["/payload/to"] ?? "", /fewer than 3 characters/)
    assert.isUndefined(after(form, type("Ala")).errors["/payload/to"])
    assert.match(after(form, next, type("0")).errors["/payload/copies"] ?? "", /<= 9/)
    assert.strictEqual(after(form, next, type("x")).errors["/payload/copies"], "must be an integer")
  })

  it("says of the fields of every job what does not fit them", () => {
    const on = (path: string, text: string) => {
      const form = open(typeOf(letter))
      const focus = form.fields.findIndex((field) => field.path === path)
      return after(form, { _tag: "FormMoved", by: focus }, type(text)).errors[path]
    }

    assert.match(on("/queue", "Not A Queue") ?? "", /a queue name is/)
    assert.match(on("/priority", "12") ?? "", /9/)
    assert.isDefined(on("/priority", "high"))
    assert.isDefined(on("/runAt", "soon"))
    assert.match(on("/runAt", "-5") ?? "", /must be 0 to/)
    assert.match(on("/runAt", "1e13") ?? "", /must be 0 to/)
    assert.isUndefined(on("/runAt", "0.5"))
    assert.isDefined(on("/maxAttempts", "0"))
    assert.isUndefined(on("/correlationId", "order-1"))
  })

  it("shows an error once a field was touched, and every error once somebody tried", () => {
    const form = open(typeOf(letter))
    const said = (of: Form) => formLines(of, 100, 40, (name) => glyph(name, "ascii")).map(textOf).join("\n")

    assert.notInclude(said(form), "is required")
    assert.include(said(after(form, next)), "is required")
    assert.include(said(after(form, { _tag: "FormTried" })), "is required")
  })

  it("goes to the first field that is wrong, and does not submit", () => {
    const form = after(open(typeOf(letter)), next, next)
    const { commands = [], messages = [] } = pressInForm(form, { key: "enter", text: "" })

    assert.deepStrictEqual(commands, [])
    assert.deepStrictEqual(messages, [{ _tag: "FormTried" }])
    assert.strictEqual(after(form, { _tag: "FormTried" }).focus, 0)
  })

  it("submits once, however often Enter is pressed", () => {
    const form = after(open(typeOf(letter)), type("Ada"))
    const sending = after(form, { _tag: "FormSending" })

    assert.deepStrictEqual(pressInForm(form, { key: "enter", text: "" }).commands, [{ _tag: "SubmitForm" }])
    assert.deepStrictEqual(pressInForm(sending, { key: "enter", text: "" }), {})
    assert.strictEqual(after(sending, type("x")), sending)
  })

  it("puts what the server refuses at its field, until something is typed there", () => {
    const refused = after(open(typeOf(letter)), type("Ada"), { _tag: "FormSending" }, {
      _tag: "FormRefused",
      errors: { "/queue": "is reserved" },
      refusal: undefined,
      key: "key-2"
    })
    const field = refused.fields[refused.focus]

    assert.strictEqual(field?.path, "/queue")
    assert.isFalse(refused.isSending)
    assert.strictEqual(refused.errors["/queue"], "is reserved")
    assert.isUndefined(after(refused, type("x")).errors["/queue"])
    assert.strictEqual(refused.key, "key-2")
  })

  it("may be sent again when the server was away", () => {
    const refused = after(open(typeOf(letter)), type("Ada"), { _tag: "FormSending" }, {
      _tag: "FormRefused",
      errors: {},
      refusal: "a store is not available",
      key: "key-1"
    })

    assert.deepStrictEqual(pressInForm(refused, { key: "enter", text: "" }).commands, [{ _tag: "SubmitForm" }])
    assert.include(formLines(refused, 80, 20, (name) => glyph(name, "ascii")).map(textOf).join("\n"), "not available")
  })

  it("is one field of JSON where the type says nothing of its properties", () => {
    const form = open(typeOf({ type: "object" }))

    assert.deepStrictEqual(form.fields[0], {
      path: "/payload",
      label: "payload",
      kind: "json",
      isRequired: false,
      hint: "a JSON object",
      choices: [],
      text: "{}"
    })
    assert.strictEqual(after(form, type("x")).errors["/payload"], "is not JSON")
    assert.strictEqual(after(form, { _tag: "FormCleared" }, type("[1]")).errors["/payload"], "is not a JSON object")
    assert.deepStrictEqual(jobOf(after(form, { _tag: "FormCleared" }, type("{\"a\":1}")), noon).job.payload, { a: 1 })
  })

  it("follows references, and merges what must hold together", () => {
    const fields = fieldsOf(typeOf({
      type: "object",
      properties: {
        size: { allOf: [{ $ref: "#/$defs/Size" }, { maximum: 5 }] },
        mode: { anyOf: [{ const: "fast" }, { const: "slow" }] },
        loop: { $ref: "#/properties/loop" }
      },
      $defs: { Size: { type: "integer", minimum: 1, description: "how large" } }
    }))

    assert.deepInclude(fields[0], { kind: "integer", hint: "how large, from 1, to 5" })
    assert.deepInclude(fields[1], { kind: "choice", choices: ["\"fast\"", "\"slow\""] })
    assert.deepInclude(fields[2], { kind: "json" })
  })

  it.effect("opens for every built-in type, and needs no more than its required fields", () =>
    Effect.gen(function*() {
      const types = yield* builtInTypes
      for (const { description } of types) {
        const form = open(description)
        const required = form.fields.filter(({ isRequired }) => isRequired)

        assert.deepStrictEqual(Object.keys(form.errors), required.map(({ path }) => path), description.name)
      }
    }))

  it.prop(
    "takes any text in any field without failing, and draws it in the room there is",
    {
      typed: Schema.Array(
        Schema.Tuple([Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 })), Schema.String])
      ),
      columns: Schema.Int.check(Schema.isBetween({ minimum: 10, maximum: 160 }))
    },
    ({ columns, typed }) => {
      const form = typed.reduce<Form>(
        (held, [by, text]) => after(held, { _tag: "FormMoved", by }, type(text)),
        open(typeOf(letter))
      )
      const lines = formLines(checked(form), columns, 12, (name) => glyph(name, "unicode"))

      assert.isAtMost(lines.length, 12)
      assert.isTrue(lines.every((line) => lineWidth(line) <= Math.max(columns, 30)))
    }
  )
})
