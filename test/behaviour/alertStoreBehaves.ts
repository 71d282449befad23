import type { AlertView } from "#domain/Alert.ts"
import { AlertStore } from "#services/ports/AlertStore.ts"
import { assert, layer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { fresh } from "../support/Seed.ts"

/** What every implementation of AlertStore must do. */
export const alertStoreBehaves = <E>(name: string, implementation: Layer.Layer<AlertStore, E>) =>
  layer(implementation, { excludeTestServices: true })(`AlertStore: ${name}`, (it) => {
    const now = Math.trunc(Date.now())
    const instant = (millis: number) => new Date(now + millis).toISOString()
    const alert = (given: Partial<AlertView> = {}): AlertView => ({
      fingerprint: fresh("alert"),
      status: "firing",
      labels: { alertname: "QueueStuck", severity: "page" },
      annotations: { summary: "nothing \"moves\" in {queue}, for 5'" },
      startsAt: instant(0),
      endsAt: null,
      receivedAt: instant(0),
      ...given
    })
    const resolved = (firing: AlertView, millis: number): AlertView => ({
      ...firing,
      status: "resolved",
      endsAt: instant(millis),
      receivedAt: instant(millis)
    })
    const known = Effect.fnUntraced(function*(...alerts: ReadonlyArray<AlertView>) {
      const store = yield* AlertStore
      const prints = new Set(alerts.map(({ fingerprint }) => fingerprint))
      return (yield* store.list(1_000)).filter(({ fingerprint }) => prints.has(fingerprint))
    })

    it.effect("keeps an alert as it was told", () =>
      Effect.gen(function*() {
        const store = yield* AlertStore
        const one = alert()

        yield* store.record([one])
        yield* store.record([])

        assert.deepStrictEqual(yield* known(one), [one])
      }))

    it.effect("takes the newer word on an alert, whatever the order in which words come", () =>
      Effect.gen(function*() {
        const store = yield* AlertStore
        const [one, two] = [alert(), alert()]

        yield* store.record([one])
        yield* store.record([resolved(one, 10)])
        yield* store.record([resolved(two, 10)])
        yield* store.record([two, { ...one, receivedAt: instant(9) }])

        assert.sameDeepMembers(yield* known(one, two), [resolved(one, 10), resolved(two, 10)])
      }))

    it.effect("lets an alert that was resolved too early fire again", () =>
      Effect.gen(function*() {
        const store = yield* AlertStore
        const one = alert()
        const again = { ...one, receivedAt: instant(20) }

        yield* store.record([one, resolved(one, 10)])
        yield* store.record([again])

        assert.deepStrictEqual(yield* known(one), [again])
      }))

    it.effect("takes of several words in one message the newest, the last of those at one moment", () =>
      Effect.gen(function*() {
        const store = yield* AlertStore
        const [one, two] = [alert(), alert()]

        yield* store.record([resolved(one, 10), one, two, resolved(two, 0)])

        assert.sameDeepMembers(yield* known(one, two), [resolved(one, 10), resolved(two, 0)])
      }))

    it.effect("keeps each time apart that an alert began", () =>
      Effect.gen(function*() {
        const store = yield* AlertStore
        const first = alert()
        const second = { ...first, startsAt: instant(100), receivedAt: instant(100) }

        yield* store.record([resolved(first, 50)])
        yield* store.record([second])

        assert.deepStrictEqual(yield* known(first), [second, resolved(first, 50)])
      }))

    it.effect("lists what fires first, then by its beginning, and no more than asked for", () =>
      Effect.gen(function*() {
        const store = yield* AlertStore
        const far = 1_000_000_000
        const [old, young, done] = [
          alert({ startsAt: instant(far) }),
          alert({ startsAt: instant(far + 1) }),
          resolved(alert({ startsAt: instant(far + 2) }), 5)
        ]

        yield* store.record([old, done, young])

        assert.deepStrictEqual(yield* known(old, young, done), [young, old, done])
        assert.deepStrictEqual(yield* store.list(2), [young, old])
      }))
  })
