/** `contracts`: writes the documents of every interface, or checks that those in the repository are right. */
import { Effect, Option, Runtime, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { JsonMap } from "../contracts/jsonSchema.ts"
import { exitCodes } from "../exitCodes.ts"
import { isClone, packageRoot } from "../home.ts"
import * as Output from "../Output.ts"

/** The files are not what the schemas of this version say. */
class ContractsDiffer extends Schema.TaggedError<ContractsDiffer>()("ContractsDiffer", {
  folder: Schema.String,
  files: Schema.Array(Schema.String)
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.failure
  override get message() {
    return `${this.folder} is not what the schemas say: ${
      this.files.join(", ")
    }; write it with: odd-dashboard contracts`
  }
}

class BreakingChange extends Schema.TaggedError<BreakingChange>()("BreakingChange", {
  folder: Schema.String,
  changes: Schema.Array(Schema.String)
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.failure
  override get message() {
    return `this breaks those who hold to ${this.folder}: ${
      this.changes.join("; ")
    }; take it back, or raise the major version of the interface`
  }
}

class NoContracts
  extends Schema.TaggedError<NoContracts>()("NoContracts", { folder: Schema.String, detail: Schema.String })
{
  override readonly [Runtime.errorExitCode] = exitCodes.notFound
  override get message() {
    return `there are no contracts to read in ${this.folder}: ${this.detail}`
  }
}

/** In the repository: the contracts as they were released last; whoever was built against them must not break. */
const baselineOf = (folder: string) => join(folder, "baseline")
const defaultFolder = () => isClone ? join(packageRoot, "contracts") : "contracts"

const jsonFiles = (folder: string): ReadonlyArray<string> =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((file) => file.replaceAll("\\", "/"))
      .filter((file) => file.endsWith(".json") && !file.startsWith("baseline/"))
      .toSorted()
    : []

const isJsonMap = Schema.is(Schema.Record(Schema.String, Schema.Json))

const read = (folder: string): Effect.Effect<ReadonlyMap<string, JsonMap>, NoContracts> =>
  Effect.try({
    try: () => {
      const files = jsonFiles(folder)
      if (files.length === 0) throw new Error("no JSON files")
      return new Map(files.map((file) => {
        const value: unknown = JSON.parse(readFileSync(join(folder, file), "utf8"))
        if (!isJsonMap(value)) throw new Error(`${file} is no JSON object`)
        return [file, value]
      }))
    },
    catch: (cause) => new NoContracts({ folder, detail: cause instanceof Error ? cause.message : String(cause) })
  })

const differences = (folder: string, texts: ReadonlyMap<string, string>): ReadonlyArray<string> => [
  ...[...texts].filter(([file, text]) =>
    !existsSync(join(folder, file)) || readFileSync(join(folder, file), "utf8") !== text
  )
    .map(([file]) => file),
  ...jsonFiles(folder).filter((file) => !texts.has(file)).map((file) => `${file} (no longer made)`)
]

const write = (folder: string, texts: ReadonlyMap<string, string>): void => {
  for (const file of jsonFiles(folder)) if (!texts.has(file)) rmSync(join(folder, file))
  for (const [file, text] of texts) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
}

export const contracts = Command.make("contracts", {
  check: Flag.Boolean("check").pipe(
    Flag.withDescription("Write nothing; fail when a file differs, or when the released contracts are broken"),
    Flag.withDefault(false)
  ),
  out: Flag.String("out").pipe(
    Flag.withDescription("Folder of the documents. Default: contracts"),
    Flag.withMetavar("FOLDER"),
    Flag.optional
  ),
  compatibleWith: Flag.String("compatible-with").pipe(
    Flag.withDescription(
      "Fail when those break who hold to the contracts in this folder. Default with --check: contracts/baseline"
    ),
    Flag.withMetavar("FOLDER"),
    Flag.optional
  )
}, ({ check, compatibleWith, out }) =>
  Effect.gen(function*() {
    const [{ documents, requestFiles, textOf }, { breakingChanges }] = yield* Effect.promise(() =>
      Promise.all([import("../contracts/documents.ts"), import("../contracts/compatibility.ts")])
    )
    const folder = Option.getOrElse(out, defaultFolder)
    const made = documents()
    const texts = new Map([...made].map(([file, document]) => [file, textOf(document)]))
    const earlier = Option.getOrElse(compatibleWith, () => baselineOf(folder))
    if (Option.isSome(compatibleWith) || (check && existsSync(earlier))) {
      const changes = breakingChanges(yield* read(earlier), made, requestFiles)
      if (changes.length > 0) return yield* new BreakingChange({ folder: earlier, changes })
    }
    if (check) {
      const files = differences(folder, texts)
      if (files.length > 0) return yield* new ContractsDiffer({ folder, files })
    } else if (Option.isNone(compatibleWith)) write(folder, texts)
    yield* Output.print({ folder, files: [...texts.keys()] }, ({ files }) =>
      check || Option.isSome(compatibleWith)
        ? [`${files.length} contracts are as they should be`]
        : files.map((file) => join(folder, file)))
  })).pipe(
    Command.withDescription("Write the OpenAPI, AsyncAPI and JSON Schema documents of all interfaces"),
    Command.withExamples([
      { command: "odd-dashboard contracts --out ./contracts", description: "For code generators" },
      {
        command: "odd-dashboard contracts --check",
        description: "In a build: fails when the files are out of date or break a release"
      },
      {
        command: "odd-dashboard contracts --compatible-with ./contracts-1.0",
        description: "Fails when clients of that version would break"
      }
    ])
  )
