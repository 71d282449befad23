/** Who calls, and what the call needs: bearer tokens with roles, as part of the contract. */
import { Context } from "effect"
import { HttpApiMiddleware, HttpApiSecurity } from "effect/http-api"
import type { Actor, Role } from "../Access.ts"
import { commonProblems, Forbidden, TooManyRequests, Unauthorized, Unavailable } from "./Problems.ts"

/** Who makes the request that is being answered. */
export class CurrentActor extends Context.Service<CurrentActor, Actor>()("odto/contract/CurrentActor") {}

/** The role that an endpoint asks for. Default: viewer. */
export const NeededRole = Context.Reference<Role>("odto/contract/NeededRole", { defaultValue: () => "viewer" })

const bearer = HttpApiSecurity.bearer

/** Not needed on loopback as long as the program does not ask for tokens. */
export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: CurrentActor }>()(
  "odto/contract/Authorization",
  { security: { bearer }, error: [Unauthorized, Forbidden, TooManyRequests, Unavailable] }
) {}

/** The alert webhook's own guard: always a token, of an operator or the one made for Alertmanager. */
export class WebhookAuthorization extends HttpApiMiddleware.Service<WebhookAuthorization, { provides: CurrentActor }>()(
  "odto/contract/WebhookAuthorization",
  { security: { webhookBearer: bearer }, error: [Unauthorized, Forbidden, TooManyRequests, Unavailable] }
) {}

/** Turns every failure into a problem document, whatever part of the request it comes from. */
export class ProblemAnswers extends HttpApiMiddleware.Service<ProblemAnswers>()("odto/contract/ProblemAnswers", {
  error: commonProblems
}) {}
