/** Who a program is among its like: host and process. */
import { hostname } from "node:os"

export const programs = ["gateway", "dispatcher", "processor", "metrics-engine", "read-model"] as const
export type ProgramName = typeof programs[number]

/** `host-pid`, unique among the programs that run now. */
export const instance = `${hostname()}-${process.pid}`

/** `<program>/<host>-<pid>`: the source of events, the name of workers and connections. */
export const sourceOf = (program: string): string => `${program}/${instance}`
