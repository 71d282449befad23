import { describe } from "@effect/vitest"
import { freshEmbedded } from "../../support/Embedded.ts"
import { migrationsBehave } from "../postgres/migrationsBehave.ts"

describe("Migrations, embedded", () => migrationsBehave(freshEmbedded))
