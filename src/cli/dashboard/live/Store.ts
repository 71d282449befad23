/** Holds the state, and tells of its changes at the rate of frames: a burst of messages is one frame. */
import { looksSame } from "../view-model/looksSame.ts"
import type { Message } from "../view-model/Message.ts"
import type { State } from "../view-model/State.ts"
import { update } from "../view-model/update.ts"

/** Sixty frames a second; what a key does is shown at once. */
const frameMillis = 16

export interface Store {
  readonly state: () => State
  /** The state as of the last frame. */
  readonly shown: () => State
  readonly send: (...messages: ReadonlyArray<Message>) => void
  /** For drawing: called once a frame. */
  readonly onFrame: (listener: () => void) => () => void
  /** For what reads and acts: called after every message. */
  readonly onChange: (listener: () => void) => () => void
  readonly close: () => void
}

const listeners = () => {
  const all = new Set<() => void>()
  return {
    add: (listener: () => void) => {
      all.add(listener)
      return () => void all.delete(listener)
    },
    call: () => all.forEach((listener) => listener())
  }
}

export const makeStore = (initial: State): Store => {
  // After a message the lists are those that the first view wants.
  let state = update(initial, { _tag: "Ticked", now: initial.now })
  let shown = state
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastFrame = 0
  const frames = listeners()
  const changes = listeners()
  const draw = () => {
    timer = undefined
    lastFrame = performance.now()
    if (looksSame(shown, state)) return
    shown = state
    frames.call()
  }
  return {
    state: () => state,
    shown: () => shown,
    send: (...messages) => {
      const before = state
      state = messages.reduce(update, state)
      if (state === before) return
      changes.call()
      if (timer !== undefined) return
      const wait = Math.max(0, frameMillis - (performance.now() - lastFrame))
      if (wait === 0) draw()
      else timer = setTimeout(draw, wait)
    },
    onFrame: frames.add,
    onChange: changes.add,
    close: () => clearTimeout(timer)
  }
}
