/** Everything that a dispatcher does. Several may run at once. */
import { Layer } from "effect"
import * as Dispatch from "./Dispatch.ts"
import * as EventRelay from "./EventRelay.ts"
import * as LeaseReaper from "./LeaseReaper.ts"
import * as QueueGauges from "./QueueGauges.ts"
import * as Resend from "./Resend.ts"
import * as Upkeep from "./Upkeep.ts"

/** `instance`: unique among all dispatchers. */
export const layer = (instance: string) =>
  Layer.mergeAll(
    Dispatch.layer,
    Resend.layer,
    EventRelay.layer(instance),
    LeaseReaper.layer,
    Upkeep.layer,
    QueueGauges.layer
  )
