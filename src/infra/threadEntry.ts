/**
 * Where a worker thread's code is: beside us in the sources, or in the bundle, whose entries and chunks share one folder.
 */
import { basename } from "node:path"

/** `path` is relative to `src`, without extension: `infra/jobs/cpuThread`. */
export const threadEntry = (path: string): URL =>
  import.meta.url.endsWith(".ts")
    ? new URL(`../${path}.ts`, import.meta.url)
    : new URL(`./${basename(path)}.mjs`, import.meta.url)
