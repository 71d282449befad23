/** Keys that act on what is no job: queues, types, alerts, access points. */
import { accessPoints } from "../accessPoints.ts"
import { selectedId } from "../selection.ts"
import { type State } from "../State.ts"
import { alertId, alertName } from "../tables/alerts.ts"
import { count, plural } from "../words.ts"
import { type Binding, done, type Reaction, told, warned } from "./Binding.ts"

const waitingText = (jobs: number): string =>
  jobs === 0 ? "No job waits" : `${plural(jobs, "job")} ${jobs === 1 ? "waits" : "wait"}`
const runningText = (jobs: number): string =>
  jobs === 0 ? "none runs" : jobs === 1 ? "1 that runs goes on" : `${count(jobs)} that run go on`

const selectedQueue = (state: State) => {
  const name = selectedId(state)
  return state.sources.queues.data?.queues.find((each) => each.name === name)
}

const pauseOrResume = (state: State): Reaction => {
  const queue = selectedQueue(state)
  if (queue === undefined) return warned("select a queue first")
  const waiting = queue.counts.queued + queue.counts.scheduled + queue.counts.retrying
  return told({
    _tag: "Asked",
    question: queue.paused
      ? {
        text: `Resume queue ${queue.name}? ${waitingText(waiting)} in it.`,
        key: "y",
        command: { _tag: "ResumeQueue", queue: queue.name }
      }
      : {
        text: `Pause queue ${queue.name}? ${waitingText(waiting)} in it; what waits and what comes goes on waiting, ${
          runningText(queue.counts.running)
        }.`,
        key: "y",
        command: { _tag: "PauseQueue", queue: queue.name }
      }
  })
}

const addOfType = (state: State): Reaction => {
  const type = selectedId(state)
  return type === undefined ? warned("select a type first") : done({ _tag: "OpenForm", type })
}

const openRunbook = (state: State): Reaction => {
  const id = selectedId(state)
  const alert = state.sources.alerts.data?.alerts.find((each) => alertId(each) === id)
  if (alert === undefined) return warned("select an alert first")
  const url = alert.annotations["runbook_url"] ?? ""
  if (/^https?:\/\//u.test(url)) return done({ _tag: "Browse", url })
  // Those of our own alerts are in a file that comes with the package.
  return warned(
    /^docs\/[\w./-]+#\w+$/u.test(url)
      ? `what to do about ${alertName(alert)} is in ${url}`
      : `the alert ${alertName(alert)} names no runbook`
  )
}

const onAccessPoint = (react: (url: string, name: string) => Reaction) => (state: State): Reaction => {
  const name = selectedId(state)
  const point = accessPoints(state).find((each) => each.name === name)
  return point === undefined ? warned("select an access point first") : react(point.url, point.name)
}

export const systemKeys: ReadonlyArray<Binding> = [
  {
    keys: ["p"],
    label: "pause the queue, or resume it",
    nameNow: (state) => {
      const queue = selectedQueue(state)
      return queue === undefined
        ? "pause the queue, or resume it"
        : queue.paused
        ? `paused queue ${queue.name}: resume it`
        : `pause queue ${queue.name}`
    },
    hint: "pause/resume",
    group: "Act",
    scopes: ["queues"],
    needs: "operator",
    reaction: pauseOrResume
  },
  {
    keys: ["a"],
    label: "add a task of this type",
    hint: "add",
    group: "Act",
    scopes: ["types"],
    needs: "operator",
    reaction: addOfType
  },
  {
    keys: ["o"],
    label: "open the runbook of the alert",
    hint: "runbook",
    group: "Act",
    scopes: ["alerts"],
    reaction: openRunbook
  },
  {
    keys: ["o"],
    label: "open the address in a browser",
    hint: "browser",
    group: "Act",
    scopes: ["access"],
    reaction: onAccessPoint((url) => done({ _tag: "Browse", url }))
  },
  {
    keys: ["y"],
    label: "copy the address",
    group: "Act",
    scopes: ["access"],
    reaction: onAccessPoint((url, name) => done({ _tag: "Copy", text: url, what: `the address of ${name}` }))
  },
  {
    keys: ["U"],
    label: "access points: the addresses of everything",
    group: "Dashboard",
    scopes: ["anywhere"],
    reaction: () => told({ _tag: "WentTo", view: "access" })
  }
]
