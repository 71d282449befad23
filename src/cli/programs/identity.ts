/** Who a program is among its like: host and process. */
import { randomBytes } from "node:crypto"
import { hostname } from "node:os"

export const programs = ["gateway", "dispatcher", "processor", "metrics-engine", "read-model"] as const
export type ProgramName = typeof programs[number]

/** `host-pid-random`, unique among all starts: in containers every program has the same process id. */
export const instance = `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`

/** `<program>/<host>-<pid>-<random>`: the source of events, the name of workers and connections. */
export const sourceOf = (program: string): string => `${program}/${instance}`
