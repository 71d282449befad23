import { Heap } from "#services/ports/memory/Heap.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const Key = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))
const Entries = Schema.Array(Schema.Struct({ key: Key, isLive: Schema.Boolean }))

const filled = (entries: typeof Entries.Type): Heap<number> => {
  const heap = new Heap<number>()
  entries.forEach(({ isLive, key }, index) => heap.add(key, index, () => isLive))
  return heap
}

const inOrder = (entries: typeof Entries.Type) =>
  entries
    .map((entry, index) => ({ ...entry, index }))
    .filter(({ isLive }) => isLive)
    .toSorted((a, b) => a.key - b.key || a.index - b.index)

describe("Heap", () => {
  it.prop("gives what is live in the order of keys, equal keys as they came", { entries: Entries }, ({ entries }) => {
    const heap = filled(entries)
    const taken: Array<number> = []
    for (let next = heap.take(); next !== undefined; next = heap.take()) taken.push(next)

    assert.deepStrictEqual(taken, inOrder(entries).map(({ index }) => index))
    assert.isUndefined(heap.peek())
  })

  it.prop("shows the first without taking it", { entries: Entries }, ({ entries }) => {
    const heap = filled(entries)
    const [first] = inOrder(entries)

    assert.strictEqual(heap.peek()?.value, first?.index)
    assert.strictEqual(heap.peek()?.key, first?.key)
  })

  it.prop("finds the smallest key after any other", { entries: Entries, key: Key }, ({ entries, key }) => {
    const after = inOrder(entries).find((entry) => entry.key > key)

    assert.strictEqual(filled(entries).firstAfter(key), after?.key)
  })

  it("drops an entry that goes stale after it was added", () => {
    const heap = new Heap<string>()
    let isLive = true
    heap.add(1, "first", () => isLive)
    heap.add(2, "second", () => true)

    const before = heap.peek()?.value
    isLive = false

    assert.deepStrictEqual([before, heap.take(), heap.take()], ["first", "second", undefined])
  })
})
