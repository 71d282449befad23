/** The part of a long list that is on the screen. */

export interface Window {
  readonly first: number
  /** How many items of the list are shown. */
  readonly length: number
  /** The selected line of the window; -1 when none is. */
  readonly line: number
}

const between = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value))

/**
 * A selected item keeps its line (`anchor`), whatever comes before it, as long as that hides nothing above while lines
 * below are empty; without one the window begins at `scroll`.
 */
export const windowOf = ({ anchor, count, height, index, scroll }: {
  readonly count: number
  readonly height: number
  /** Index of the selected item; -1 when none is. */
  readonly index: number
  readonly anchor: number
  readonly scroll: number
}): Window => {
  const last = Math.max(0, count - height)
  const wanted = index < 0 ? scroll : index - between(anchor, 0, Math.max(0, height - 1))
  const first = between(wanted, 0, last)
  return { first, length: Math.min(height, count - first), line: index < 0 ? -1 : index - first }
}

/** Where a move of `by` items leads: the index, and the line of the window that it is on. */
export const moveIn = (
  window: Window,
  { by, count, height }: { readonly by: number; readonly count: number; readonly height: number }
): { readonly index: number; readonly anchor: number } => {
  const from = window.line < 0 ? (by > 0 ? window.first - 1 : window.first + window.length) : window.first + window.line
  const index = between(from + by, 0, Math.max(0, count - 1))
  return { index, anchor: between(index - window.first, 0, Math.max(0, height - 1)) }
}
