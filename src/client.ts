/** `@oddessentials/odd-dashboard/client`: submit jobs and look at them, with async and await. */
export type * from "#client/Answers.ts"
export {
  type CallOptions,
  type Client,
  connect,
  type ConnectOptions,
  type EventsOptions,
  type SubmitOptions
} from "#client/Client.ts"
export { ConnectionLost, ObservatoryProblem, type ProblemIssue } from "#client/Problem.ts"
