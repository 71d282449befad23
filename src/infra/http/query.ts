/** Query parameters. */

/** A parameter that may be given once or several times, as a list; undefined when it is not given. */
export const severalOf = <A extends string>(value: A | ReadonlyArray<A> | undefined): ReadonlyArray<A> | undefined =>
  value === undefined || typeof value !== "string" ? value : [value]
