/** Numbers, times and ids in words, short enough for a column. */

/** `12 ms`, `3.2 s`, `1m 02s`, `1h 02m`, `3d 04h`. */
export const duration = (millis: number): string => {
  const of = Math.max(0, millis)
  // What would be rounded up to the next unit is told in it.
  if (of < 999.5) return `${Math.round(of)} ms`
  if (of < 59_950) return `${(of / 1_000).toFixed(1)} s`
  const two = (value: number) => String(value).padStart(2, "0")
  const seconds = Math.max(60, Math.floor(of / 1_000))
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m ${two(seconds % 60)}s`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours}h ${two(minutes % 60)}m` : `${Math.floor(hours / 24)}d ${two(hours % 24)}h`
}

/** How long something has waited, in steps that do not move all the time: `4 s`, `3m`, `2h`, `5d`. */
export const roughly = (millis: number): string => {
  if (millis < 60_000) return `${Math.floor(Math.max(0, millis) / 1_000)} s`
  if (millis < 3_600_000) return `${Math.floor(millis / 60_000)}m`
  return millis < 86_400_000 ? `${Math.floor(millis / 3_600_000)}h` : `${Math.floor(millis / 86_400_000)}d`
}

/** `12,345`. */
export const count = (value: number): string => value.toLocaleString("en-US")

/** `950`, `12.3k`, `4.5M`. */
export const short = (value: number): string =>
  value < 10_000
    ? count(value)
    : value < 999_950
    ? `${(value / 1_000).toFixed(1)}k`
    : `${(value / 1_000_000).toFixed(1)}M`

/** `1 job`, `2 jobs`. */
export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`

const two = (value: number): string => String(value).padStart(2, "0")

/** Time of day in UTC with seconds, or the date and the minute when it was another day than `now`. */
export const clock = (millis: number, now: number): string => {
  if (!Number.isFinite(millis)) return "-"
  const at = new Date(millis)
  const isToday = Math.floor(millis / 86_400_000) === Math.floor(now / 86_400_000)
  return isToday
    ? `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`
    : `${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`
}

/** Time of day in UTC with milliseconds. */
export const exactClock = (millis: number): string => {
  if (!Number.isFinite(millis)) return "-"
  return new Date(millis).toISOString().slice(11, 23)
}

/** Ids are told apart by their end: the beginning of a UUIDv7 is the time. */
export const shortId = (id: string): string => id.length <= 12 ? id : `…${id.slice(-10)}`

/** The moment that a UUIDv7 was made at. */
export const madeAt = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
