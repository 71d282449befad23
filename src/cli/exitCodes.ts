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
  /** Ended at once by a second Ctrl-C. */
  interrupted: 130
} as const
