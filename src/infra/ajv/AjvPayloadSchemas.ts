/** JSON Schema checks by Ajv: draft 2020-12, all errors at once. */
import { type PayloadCheck, PayloadSchemas } from "#services/ports/PayloadSchemas.ts"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Layer, Result } from "effect"

/** Misfits named in one answer; a client needs no more to see what is wrong. */
const maxMisfits = 20

/** A field as a step of a JSON Pointer (RFC 6901). */
const step = (field: string): string => field.replaceAll("~", "~0").replaceAll("/", "~1")

export const layer = Layer.succeed(
  PayloadSchemas,
  PayloadSchemas.of({
    compile: (schema) => {
      // An instance per schema: two types may use the same `$id`, and what is replaced can be collected.
      const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false })
      return Result.try({
        try: (): PayloadCheck => {
          const validate = ajv.compile(schema)
          return (value) =>
            validate(value) ? [] : (validate.errors ?? []).slice(0, maxMisfits).map((error) => {
              const { additionalProperty, missingProperty } = error.params
              const field = typeof missingProperty === "string"
                ? missingProperty
                : typeof additionalProperty === "string"
                ? additionalProperty
                : undefined
              return {
                path: field === undefined ? error.instancePath : `${error.instancePath}/${step(field)}`,
                message: field === undefined
                  ? error.message ?? error.keyword
                  : typeof missingProperty === "string"
                  ? "is required"
                  : "is not a field of this job type"
              }
            })
        },
        catch: (cause) => cause instanceof Error ? cause.message : String(cause)
      })
    }
  })
)
