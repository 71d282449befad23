/** Keys that act on jobs. */
import { jobShown } from "../jobDetail.ts"
import { findRow } from "../JobTable.ts"
import { selectedId } from "../selection.ts"
import { type State, topOf } from "../State.ts"
import { type Binding, done, type Reaction, told, warned } from "./Binding.ts"

interface Target {
  readonly id: string
  readonly type: string
  readonly status: string
  readonly worker: string | undefined
}

/** The job that keys act on: the one that is shown, or the row that is selected. */
export const targetJob = (state: State): Target | undefined => {
  const frame = topOf(state)
  if (frame.view === "job") {
    const job = jobShown(state)
    return job === undefined
      ? undefined
      : { id: job.id, type: job.type, status: job.status, worker: job.worker ?? undefined }
  }
  const id = selectedId(state)
  const row = id === undefined || (frame.view !== "jobs" && frame.view !== "dead")
    ? undefined
    : findRow(state[frame.view], id)
  return row
}

const onJob = (react: (job: Target) => Reaction) => (state: State): Reaction => {
  const job = targetJob(state)
  return job === undefined ? warned("select a job first") : react(job)
}

const cancel = onJob(({ id, status, type, worker }) => {
  if (status === "completed" || status === "dead" || status === "cancelled") {
    return warned(`the job is ${status}: there is nothing to cancel`)
  }
  const what = status === "running" ? `, which runs${worker === undefined ? "" : ` on ${worker}`}` : ` (${status})`
  return told({
    _tag: "Asked",
    question: { text: `Cancel job ${id} of type ${type}${what}?`, key: "y", command: { _tag: "Cancel", jobId: id } }
  })
})

const replay = onJob(({ id, status, type }) =>
  status === "dead"
    ? told({
      _tag: "Asked",
      question: {
        text: `Run dead job ${id} of type ${type} again, with no failures against it?`,
        key: "y",
        command: { _tag: "Replay", jobId: id }
      }
    })
    : warned(`the job is ${status}: only a dead job can be replayed`)
)

export const jobKeys: ReadonlyArray<Binding> = [
  {
    keys: ["n"],
    label: "add a task",
    hint: "new task",
    group: "Act",
    scopes: ["anywhere"],
    needs: "operator",
    reaction: () => ({
      messages: [{ _tag: "PromptOpened", kind: "type" }],
      commands: [{ _tag: "PrepareForm" }]
    })
  },
  {
    keys: ["x"],
    label: "cancel the job",
    hint: "cancel",
    group: "Act",
    scopes: ["jobs", "job"],
    needs: "operator",
    reaction: cancel
  },
  {
    keys: ["r"],
    label: "replay the dead job",
    hint: "replay",
    group: "Act",
    scopes: ["jobs", "job", "dead"],
    needs: "operator",
    reaction: replay
  },
  {
    keys: ["y"],
    label: "copy the id of the job",
    group: "Act",
    scopes: ["jobs", "job", "dead"],
    reaction: onJob(({ id }) => done({ _tag: "Copy", text: id, what: "the id" }))
  },
  {
    keys: ["Y"],
    label: "copy the job as JSON",
    group: "Act",
    scopes: ["job"],
    reaction: (state) => {
      const job = jobShown(state)
      return job === undefined
        ? warned("the job has not been read")
        : done({ _tag: "Copy", text: JSON.stringify(job, null, 2), what: "the job" })
    }
  }
]
