import * as Migrations from "#infra/postgres/Migrations.ts"
import { migrations } from "#infra/postgres/migrations/all.ts"
import { Layer } from "effect"
import { jobStoreBehaves } from "../../behaviour/jobStoreBehaves.ts"
import { workerStoreBehaves } from "../../behaviour/workerStoreBehaves.ts"
import { age } from "../../support/ageing.ts"
import { freshEmbedded } from "../../support/Embedded.ts"
import * as Stores from "../postgres/stores.ts"

const migrated = Layer.effectDiscard(Migrations.migrate(migrations)).pipe(Layer.provideMerge(freshEmbedded))
const embedded = Layer.provideMerge(Stores.over, migrated)

jobStoreBehaves("embedded", embedded, { elapse: age, excludeTestServices: true })
workerStoreBehaves("embedded", Layer.fresh(embedded), { elapse: age, excludeTestServices: true })
