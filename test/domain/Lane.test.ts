import { JobTypeName, QueueName } from "#domain/Job.ts"
import { type LiveWorker, makeLanes } from "#domain/Lane.ts"
import { assert, describe, it } from "@effect/vitest"

const a = JobTypeName.make("a.a")
const b = JobTypeName.make("b.b")
const c = JobTypeName.make("c.c")
const mail = QueueName.make("mail")
const worker = (id: string, types: LiveWorker["types"], more: Partial<LiveWorker> = {}): LiveWorker => ({
  id,
  slots: 10,
  queues: undefined,
  types,
  ...more
})
const counts = (type: JobTypeName, queued: number, dispatched = 0, claims = 0) => ({ type, queued, dispatched, claims })

describe("Lanes", () => {
  it("are one where all workers have the same types, and add up what waits in it", () => {
    const lanes = makeLanes([worker("1", [a, b]), worker("2", [b, a])])(mail, [counts(a, 3, 1, 7), counts(b, 2, 2, 1)])

    assert.deepStrictEqual(lanes, [{ types: [a, b], liveSlots: 20, queued: 5, dispatched: 3, claims: 8 }])
  })

  it("keep types apart that different workers serve", () => {
    const lanes = makeLanes([worker("1", [a, b]), worker("2", [b, c], { slots: 5 })])(mail, [counts(c, 1)])

    assert.deepStrictEqual(
      lanes.map(({ liveSlots, queued, types }) => ({ types, liveSlots, queued })),
      [
        { types: [a], liveSlots: 10, queued: 0 },
        { types: [b], liveSlots: 15, queued: 0 },
        { types: [c], liveSlots: 5, queued: 1 }
      ]
    )
  })

  it("know only workers that take from the queue, and no type without one", () => {
    const lanesOf = makeLanes([worker("1", [a]), worker("2", [b], { queues: [QueueName.make("other")] })])

    assert.deepStrictEqual(lanesOf(mail, [counts(c, 9)]).map(({ types }) => types), [[a]])
    assert.deepStrictEqual(lanesOf(QueueName.make("other"), []).map(({ types }) => types), [[a], [b]])
    assert.deepStrictEqual(makeLanes([])(mail, [counts(a, 1)]), [])
  })
})
