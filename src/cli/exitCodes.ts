/** How commands end, for scripts; after sysexits.h where it has a word for it. */
export const exitCodes = {
  ok: 0,
  /** Something failed that no other code names. */
  failure: 1,
  /** The command line is wrong. */
  usage: 64,
  /** The system refused the input. */
  refused: 65,
  /** What was asked for does not exist. */
  notFound: 66,
  /** The system does not answer, or a resource is held by another process. */
  unavailable: 69,
  /** Busy or interrupted; the same command may work later. */
  tryAgain: 75,
  /** Token missing, or its role does not suffice. */
  notPermitted: 77,
  /** A setting is missing or wrong. */
  configuration: 78,
  /** Ended at once by Ctrl-C. */
  interrupted: 130
} as const

/** For the help. */
export const exitCodesHelp =
  `Exit codes: ${exitCodes.ok} done, ${exitCodes.failure} failed (a job that did not complete, findings, any other failure), ${exitCodes.usage} wrong command line, ` +
  `${exitCodes.refused} input refused or in the wrong state, ${exitCodes.notFound} no such thing, ` +
  `${exitCodes.unavailable} nothing answers or somebody else holds it, ${exitCodes.tryAgain} try again later, ` +
  `${exitCodes.notPermitted} token missing or not enough, ${exitCodes.configuration} setting missing or wrong, ` +
  `${exitCodes.interrupted} ended by Ctrl-C.`
