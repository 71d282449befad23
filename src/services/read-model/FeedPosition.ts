/**
 * Where a reader of the live feed is: `<epoch>:<xid>.<id>`, the id of each event that the stream sends.
 *
 * The epoch is part of it because positions repeat when the store is restored. A bare `<xid>.<id>` is taken to be of
 * the present epoch.
 */
import * as Position from "#domain/Position.ts"
import { Option } from "effect"

export interface FeedPosition {
  readonly epoch: number
  readonly position: Position.Position
}

export const format = ({ epoch, position }: FeedPosition): string => `${epoch}:${Position.format(position)}`

export const parse = (text: string, presentEpoch: number): Option.Option<FeedPosition> => {
  const match = /^(?:(\d{1,9}):)?(\d+\.\d+)$/u.exec(text.trim())
  return match === null
    ? Option.none()
    : Option.map(Position.parse(match[2] ?? ""), (position) => ({
      epoch: match[1] === undefined ? presentEpoch : Number(match[1]),
      position
    }))
}
