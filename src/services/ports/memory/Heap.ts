/**
 * A binary heap whose entries go stale instead of being removed: an entry that is no longer live is dropped when it
 * comes to the top. Adding and taking cost the logarithm of the size; stale entries stay until they surface.
 */
export class Heap<A> {
  readonly #entries: Array<
    { readonly key: number; readonly order: number; readonly value: A; readonly isLive: () => boolean }
  > = []
  #added = 0

  /** Smaller keys come first; equal keys in the order in which they were added. */
  add(key: number, value: A, isLive: () => boolean): void {
    this.#entries.push({ key, order: this.#added++, value, isLive })
    this.#rise(this.#entries.length - 1)
  }

  /** The first live entry. */
  peek(): { readonly key: number; readonly value: A } | undefined {
    let top = this.#entries[0]
    while (top !== undefined && !top.isLive()) {
      this.#drop()
      top = this.#entries[0]
    }
    return top
  }

  /** The smallest key of a live entry that is greater than this one; looks at every entry when there are smaller ones. */
  firstAfter(key: number): number | undefined {
    const top = this.peek()
    if (top === undefined || top.key > key) return top?.key
    let first: number | undefined
    for (const entry of this.#entries) {
      if (entry.key > key && (first === undefined || entry.key < first) && entry.isLive()) first = entry.key
    }
    return first
  }

  /** Takes the first live entry out. */
  take(): A | undefined {
    const top = this.peek()
    if (top === undefined) return undefined
    this.#drop()
    return top.value
  }

  #drop(): void {
    const last = this.#entries.pop()
    if (last === undefined || this.#entries.length === 0) return
    this.#entries[0] = last
    this.#sink(0)
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#entries[a]
    const second = this.#entries[b]
    if (first === undefined || second === undefined) return first !== undefined
    return first.key < second.key || (first.key === second.key && first.order < second.order)
  }

  #swap(a: number, b: number): void {
    const first = this.#entries[a]
    const second = this.#entries[b]
    if (first === undefined || second === undefined) return
    this.#entries[a] = second
    this.#entries[b] = first
  }

  #rise(index: number): void {
    let child = index
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (!this.#isBefore(child, parent)) return
      this.#swap(child, parent)
      child = parent
    }
  }

  #sink(index: number): void {
    let parent = index
    while (true) {
      const left = 2 * parent + 1
      const smaller = this.#isBefore(left + 1, left) ? left + 1 : left
      if (smaller >= this.#entries.length || !this.#isBefore(smaller, parent)) return
      this.#swap(smaller, parent)
      parent = smaller
    }
  }
}
