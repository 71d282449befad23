/** Everything that a metrics engine does. Several may run at once: every step of theirs may be repeated. */
import { Layer } from "effect"
import { ArchiveAudit, type Options } from "./ArchiveAudit.ts"
import * as Archiver from "./Archiver.ts"
import { LiveProjection } from "./LiveProjection.ts"

/** On an archive of its own. */
export const layer = (options: Options = {}) =>
  Archiver.layer.pipe(Layer.provideMerge(LiveProjection.layer), Layer.provideMerge(ArchiveAudit.layer(options)))

/** Where the event log is the archive. */
export const layerLogIsArchive = Archiver.layer.pipe(
  Layer.provideMerge(LiveProjection.layer),
  Layer.provideMerge(ArchiveAudit.layerLogIsArchive)
)
