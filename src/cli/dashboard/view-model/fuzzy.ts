/** Fuzzy match: the letters of what was typed, in their order, somewhere in the text. */

/** Higher is better; undefined when it does not match. Runs and beginnings of words count more, gaps less. */
export const score = (typed: string, text: string): number | undefined => {
  const wanted = typed.toLowerCase().replaceAll(/\s+/gu, "")
  const within = text.toLowerCase()
  let total = 0
  let at = -1
  for (const letter of wanted) {
    const found = within.indexOf(letter, at + 1)
    if (found < 0) return undefined
    const isStart = found === 0 || /[^\p{L}\p{N}]/u.test(within[found - 1] ?? "")
    total += found === at + 1 ? 4 : isStart ? 3 : -Math.min(3, found - at)
    at = found
  }
  return total - within.length / 100
}

/** What matches, best first; among equals in the order given. */
export const matching = <A>(typed: string, items: ReadonlyArray<A>, textOf: (item: A) => string): ReadonlyArray<A> =>
  typed.trim() === ""
    ? items
    : items
      .flatMap((item) => {
        const points = score(typed, textOf(item))
        return points === undefined ? [] : [{ item, points }]
      })
      .toSorted((a, b) => b.points - a.points)
      .map(({ item }) => item)
