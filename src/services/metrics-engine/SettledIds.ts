/**
 * Up to which id nothing will come any more, told by rows in the order of their positions.
 *
 * Ids are drawn before commit and become visible out of order. A row behind position P belongs to a transaction that got
 * its number after P's did, and draws its ids after that; a transaction lives `transactionMillis` at most between the
 * two. So what was drawn that long before the newest row seen is settled. Only the clock of the log is used.
 */
import type { LogPlace } from "../ports/EventLog.ts"

/** Longer than the store lets a transaction of a few statements live: 30 s each, and 5 s between them. */
export const transactionMillis = 3 * 60_000

/** All rows written up to the end of this second have ids up to this one. */
interface Mark {
  readonly second: number
  id: bigint
}

export class SettledIds {
  /** One per second, for `transactionMillis` at most. */
  #marks: Array<Mark> = []
  #newestAt = 0
  #id = 0n

  /** 0 when nothing is settled. */
  get id(): bigint {
    return this.#id
  }

  /** Rows of one epoch in the order of their positions. */
  add({ at, position: { id } }: Pick<LogPlace, "at" | "position">): void {
    const second = Math.floor(at / 1_000)
    const last = this.#marks.at(-1)
    if (last === undefined || second > last.second) {
      this.#marks.push({ second, id: last !== undefined && last.id > id ? last.id : id })
    } else if (id > last.id) last.id = id
    if (at <= this.#newestAt) return
    this.#newestAt = at

    const settledSecond = Math.floor((at - transactionMillis) / 1_000)
    const open = this.#marks.findIndex((mark) => mark.second >= settledSecond)
    if (open <= 0) return
    const settled = this.#marks[open - 1]
    if (settled !== undefined) this.#id = settled.id
    this.#marks = this.#marks.slice(open)
  }
}
