/** Checks values against the JSON Schemas that workers registered. */
import type { JsonObject } from "#domain/Job.ts"
import { Context, type Result } from "effect"

export interface SchemaMisfit {
  /** JSON Pointer of the field. */
  readonly path: string
  readonly message: string
}

/** Answers what does not fit; empty when all does. */
export type PayloadCheck = (value: unknown) => ReadonlyArray<SchemaMisfit>

export class PayloadSchemas extends Context.Service<PayloadSchemas, {
  /** Compiles a JSON Schema (draft 2020-12); the failure says what is wrong with the schema. */
  readonly compile: (schema: JsonObject) => Result.Result<PayloadCheck, string>
}>()("odto/services/PayloadSchemas") {}
