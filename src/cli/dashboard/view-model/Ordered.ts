/** Long lists in order: what changes is merged in, so that a hundred thousand rows are never sorted again for one. */

export type Order<A> = (a: A, b: A) => number

/** Index of the first item that does not come before; `order` says how an item lies to what is looked for. */
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

interface Edit<A> {
  readonly at: number
  /** Added before the item at the place; undefined: that item goes. */
  readonly added: A | undefined
}

/**
 * The list without the items of `gone`, which are in it, and with those of `added`. The order must tell any two items
 * apart. What lies between the changes is copied as a whole.
 */
export const merged = <A extends object>(
  items: ReadonlyArray<A>,
  gone: ReadonlyArray<A>,
  added: ReadonlyArray<A>,
  order: Order<A>
): ReadonlyArray<A> => {
  const editOf = (item: A, isAdded: boolean): Edit<A> => ({
    at: placeOf(items, (other) => order(other, item)),
    added: isAdded ? item : undefined
  })
  const edits = [
    ...added.toSorted(order).map((item) => editOf(item, true)),
    ...gone.map((item) => editOf(item, false))
  ].toSorted((a, b) => a.at - b.at)
  const parts: Array<ReadonlyArray<A>> = []
  let from = 0
  for (const { added: item, at } of edits) {
    if (at > from) parts.push(items.slice(from, at))
    if (item === undefined) from = at + 1
    else {
      parts.push([item])
      from = Math.max(from, at)
    }
  }
  if (from < items.length) parts.push(items.slice(from))
  const none: ReadonlyArray<A> = []
  return none.concat(...parts)
}
