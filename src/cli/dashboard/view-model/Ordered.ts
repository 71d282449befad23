/** Long lists in order: what changes is merged in, so that a hundred thousand rows are never sorted again for one. */

export type Order<A> = (a: A, b: A) => number

/** Index of the first item that does not come before `of`. */
export const placeOf = <A>(items: ReadonlyArray<A>, order: (item: A) => number): number => {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = items[middle]
    if (item !== undefined && order(item) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The list without the items of `gone` and with those of `added`, both in the order of the list. */
export const merged = <A>(
  items: ReadonlyArray<A>,
  gone: ReadonlySet<A>,
  added: ReadonlyArray<A>,
  order: Order<A>
): ReadonlyArray<A> => {
  const result: Array<A> = []
  let next = 0
  for (const item of items) {
    for (let waiting = added[next]; waiting !== undefined && order(waiting, item) < 0; waiting = added[next]) {
      result.push(waiting)
      next += 1
    }
    if (gone.size === 0 || !gone.has(item)) result.push(item)
  }
  for (; next < added.length; next += 1) {
    const waiting = added[next]
    if (waiting !== undefined) result.push(waiting)
  }
  return result
}
