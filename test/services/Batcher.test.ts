import * as Batcher from "#services/Batcher.ts"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"

/** A batcher whose batches stay on their way until they are let through. */
const gated = Effect.fnUntraced(function*(options: Partial<Parameters<typeof Batcher.make>[0]> = {}) {
  const batches: Array<ReadonlyArray<number>> = []
  const gates: Array<Deferred.Deferred<void, string>> = []
  const batcher = yield* Batcher.make<number, string, string>({
    what: "numbers",
    maxBatch: 3,
    maxWaiting: 6,
    concurrency: 1,
    ...options,
    run: Effect.fnUntraced(function*(items) {
      const gate = Deferred.makeUnsafe<void, string>()
      batches.push(items)
      gates.push(gate)
      yield* Deferred.await(gate)
      return items.map((item) => `answer ${item}`)
    })
  })
  const submit = (...items: ReadonlyArray<number>) =>
    Effect.forkChild(batcher.submit(items), { startImmediately: true })
  const open = (index: number, exit: Exit.Exit<void, string> = Exit.void) =>
    Effect.suspend(() => {
      const gate = gates[index]
      return gate === undefined ? Effect.die(new Error(`no batch ${index}`)) : Deferred.done(gate, exit)
    }).pipe(Effect.andThen(turn))
  return { batcher, batches, submit, open }
})
const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

describe("Batcher", () => {
  it.effect("runs what comes alone at once, and gathers what comes meanwhile", () =>
    Effect.gen(function*() {
      const { batches, open, submit } = yield* gated()
      const first = yield* submit(1)
      yield* turn
      const rest = [yield* submit(2), yield* submit(3)]
      yield* turn
      assert.deepStrictEqual(batches, [[1]])
      yield* open(0)
      yield* open(1)

      assert.deepStrictEqual(batches, [[1], [2, 3]])
      assert.deepStrictEqual(yield* Fiber.join(first), ["answer 1"])
      assert.deepStrictEqual(yield* Effect.forEach(rest, Fiber.join), [["answer 2"], ["answer 3"]])
    }))

  it.effect("keeps the items of a call together and in order, and lets no batch grow past its limit", () =>
    Effect.gen(function*() {
      const { batches, open, submit } = yield* gated({ maxWaiting: 20 })
      yield* submit(0)
      yield* turn
      const calls = [
        yield* submit(1, 2),
        yield* submit(3, 4),
        yield* submit(5),
        yield* submit(6, 7, 8, 9, 10),
        yield* submit(11)
      ]
      for (let index = 0; index < 5; index++) yield* open(index)

      assert.deepStrictEqual(batches, [[0], [1, 2], [3, 4, 5], [6, 7, 8, 9, 10], [11]])
      assert.deepStrictEqual(
        (yield* Effect.forEach(calls, Fiber.join)).flat(),
        Array.from({ length: 11 }, (_, index) => `answer ${index + 1}`)
      )
    }))

  it.effect("has as many batches on their way as it may", () =>
    Effect.gen(function*() {
      const { batches, open, submit } = yield* gated({ concurrency: 2 })
      yield* submit(1)
      yield* turn
      yield* submit(2)
      yield* turn
      yield* submit(3)
      yield* turn
      assert.deepStrictEqual(batches, [[1], [2]])
      yield* open(1)

      assert.deepStrictEqual(batches, [[1], [2], [3]])
    }))

  it.effect("gathers for a moment after a batch of several calls, unless a whole batch waits", () =>
    Effect.gen(function*() {
      const { batches, open, submit } = yield* gated({ maxWaiting: 20, paceMillis: 10, concurrency: 2 })
      yield* Effect.all([submit(1), submit(2)])
      yield* turn
      yield* submit(3)
      yield* turn
      assert.deepStrictEqual(batches, [[1, 2]])
      yield* submit(4)
      yield* TestClock.adjust("10 millis")
      yield* turn
      assert.deepStrictEqual(batches, [[1, 2], [3, 4]])

      yield* Effect.all([submit(5), submit(6), submit(7)])
      yield* open(0)
      assert.deepStrictEqual(batches, [[1, 2], [3, 4], [5, 6, 7]])
    }))

  it.effect("refuses what is more than may wait, and takes more when there is room again", () =>
    Effect.gen(function*() {
      const { batcher, batches, open, submit } = yield* gated()
      yield* submit(0)
      yield* turn
      yield* submit(1, 2, 3)
      yield* submit(4, 5)
      const refused = yield* Effect.flip(batcher.submit([6, 7]))
      yield* open(0)
      const taken = yield* submit(8, 9)
      for (const index of [1, 2, 3]) yield* open(index)

      assert.instanceOf(refused, Batcher.Overloaded)
      assert.strictEqual(refused.message, "numbers: more than 6 wait already")
      assert.deepStrictEqual(yield* Fiber.join(taken), ["answer 8", "answer 9"])
      assert.notInclude(batches.flat(), 6)
    }))

  it.effect("refuses what would weigh too much until something is answered, and never a call that is alone", () =>
    Effect.gen(function*() {
      const { batcher, open, submit } = yield* gated({ weigh: Number, maxWeight: 10 })
      const alone = yield* submit(11)
      yield* turn
      const beside = yield* Effect.flip(batcher.submit([1]))
      yield* open(0)
      const fit = yield* submit(4, 6)
      const tooMuch = yield* Effect.flip(batcher.submit([1]))
      yield* turn
      yield* open(1, Exit.fail("no"))
      const later = yield* submit(10)
      yield* turn
      yield* open(2)

      assert.instanceOf(beside, Batcher.Overloaded)
      assert.strictEqual(beside.message, "weight of numbers: more than 10 wait already")
      assert.instanceOf(tooMuch, Batcher.Overloaded)
      assert.deepStrictEqual(yield* Fiber.join(alone), ["answer 11"])
      assert.strictEqual(yield* Effect.flip(Fiber.join(fit)), "no")
      assert.deepStrictEqual(yield* Fiber.join(later), ["answer 10"])
    }))

  it.effect("answers nothing with nothing", () =>
    Effect.gen(function*() {
      const { batcher, batches } = yield* gated()

      assert.deepStrictEqual(yield* batcher.submit([]), [])
      assert.deepStrictEqual(batches, [])
    }))

  it.effect("fails every call of a batch that fails, and goes on", () =>
    Effect.gen(function*() {
      const { open, submit } = yield* gated()
      yield* submit(0)
      yield* turn
      const failed = [yield* submit(1), yield* submit(2)]
      yield* open(0)
      yield* open(1, Exit.fail("no"))
      const next = yield* submit(3)
      yield* turn
      yield* open(2)

      assert.deepStrictEqual(yield* Effect.forEach(failed, (call) => Effect.flip(Fiber.join(call))), ["no", "no"])
      assert.deepStrictEqual(yield* Fiber.join(next), ["answer 3"])
    }))

  it.effect("goes on after a batch that was interrupted elsewhere or broke down", () =>
    Effect.gen(function*() {
      const { open, submit } = yield* gated()
      const interrupted = yield* submit(1)
      yield* turn
      yield* open(0, Exit.interrupt())
      const broken = yield* submit(2)
      yield* turn
      yield* open(1, Exit.die(new Error("broken")))
      const next = yield* submit(3)
      yield* turn
      yield* open(2)

      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(interrupted)))
      assert.isTrue(Exit.hasDies(yield* Fiber.await(broken)))
      assert.deepStrictEqual(yield* Fiber.join(next), ["answer 3"])
    }))

  it.effect("runs what an interrupted caller has left, and the room is free again", () =>
    Effect.gen(function*() {
      const { batches, open, submit } = yield* gated()
      yield* submit(0)
      yield* turn
      const left = yield* submit(1, 2, 3)
      const held = yield* submit(4, 5, 6)
      yield* Fiber.interrupt(left)
      for (const index of [0, 1, 2]) yield* open(index)
      const next = yield* submit(1, 2, 3, 4, 5, 6)
      yield* turn
      yield* open(3)

      assert.deepStrictEqual(batches.slice(0, 3), [[0], [1, 2, 3], [4, 5, 6]])
      assert.deepStrictEqual(yield* Fiber.join(held), ["answer 4", "answer 5", "answer 6"])
      assert.lengthOf(yield* Fiber.join(next), 6)
    }))

  it.effect("interrupts whoever waits when it closes: on the way, held back, queued, or late", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { batcher, open, submit } = yield* Scope.provide(gated({ maxWaiting: 20 }), scope)
      yield* submit(0)
      yield* turn
      const calls = [yield* submit(1, 2), yield* submit(3, 4), yield* submit(5)]
      yield* open(0)
      yield* Scope.close(scope, Exit.void)
      const late = yield* Effect.forkChild(batcher.submit([6]))

      const exits = yield* Effect.forEach([...calls, late], Fiber.await)
      assert.isTrue(exits.every(Exit.hasInterrupts))
    }))

  it.effect("leaves nothing behind", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const batcher = yield* Scope.provide(
        Batcher.make<number, number, never>({
          what: "numbers",
          maxBatch: 10,
          maxWaiting: 100,
          concurrency: 2,
          run: (items) => Effect.succeed(items)
        }),
        scope
      )
      const finalizers = () => scope.state._tag === "Open" ? scope.state.finalizers?.size : -1
      const before = finalizers()
      for (let index = 0; index < 10_000; index++) yield* batcher.submit([index])

      assert.strictEqual(finalizers(), before)
    }))
})
