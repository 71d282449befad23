/** Does what keys ask for, and says how it went. */
import { JobId, QueueName, SubmitJob } from "#domain/Job.ts"
import { Effect, Option, Result, Schema } from "effect"
import { randomUUID } from "node:crypto"
import { problemIn } from "../../problemLines.ts"
import type { Command } from "../view-model/Command.ts"
import { fieldAt, jobOf } from "../view-model/form/fields.ts"
import type { Field } from "../view-model/form/Form.ts"
import { type Outcome, toldOf } from "../view-model/form/outcome.ts"
import { findRow } from "../view-model/JobTable.ts"
import type { Message } from "../view-model/Message.ts"
import type { State, Toast } from "../view-model/State.ts"
import { plural } from "../view-model/words.ts"
import type { Api } from "./Api.ts"
import type { Store } from "./Store.ts"
import { troubleOf } from "./troubleOf.ts"

/** What only the terminal can do. */
export interface Terminal {
  /** Answers how it was copied, as `copied by xclip`; undefined when it could not be. */
  readonly copy: (text: string) => Promise<string | undefined>
  readonly browse: (url: string) => Promise<boolean>
  readonly suspend: () => void
  readonly quit: () => void
}

export interface Performing {
  readonly api: Api
  readonly store: Store
  readonly terminal: Terminal
  readonly refresh: () => void
}

const say = (text: string, tone: Toast["tone"] = "good"): Message => ({ _tag: "Said", toast: { text, tone } })

const id = (jobId: string) => ({ params: { jobId: JobId.make(jobId, { disableChecks: true }) } })
const named = (queue: string) => ({ params: { name: QueueName.make(queue, { disableChecks: true }) } })

/** Acts, says how it went, and has everything read that may have changed. */
const acted = <A, E>({ refresh, store }: Performing, act: Effect.Effect<A, E>, words: (answer: A) => string) =>
  Effect.map(Effect.result(act), (answer) => {
    store.send(Result.isSuccess(answer) ? say(words(answer.success)) : say(troubleOf(answer.failure), "bad"))
    refresh()
  })

/** Ajv is loaded only for a form, so that nobody waits for it at the start. */
const checker = Effect.promise(async () => {
  const [{ PayloadSchemas }, { layer }] = await Promise.all([
    import("#services/ports/PayloadSchemas.ts"),
    import("#infra/ajv/AjvPayloadSchemas.ts")
  ])
  return { PayloadSchemas, layer }
})

const openForm = ({ store }: Performing, name: string) =>
  Effect.gen(function*() {
    const type = store.state().sources.types.data?.types.find((each) => each.name === name)
    if (type === undefined) return store.send(say(`the type ${name} is not known`, "warn"))
    const { PayloadSchemas, layer } = yield* checker
    const check = yield* Effect.provide(
      PayloadSchemas.use((schemas) => Effect.succeed(schemas.compile(type.payloadSchema))),
      layer
    )
    // A key pressed twice opens it once.
    if (store.state().form !== undefined) return
    if (Result.isFailure(check)) return store.send(say(`the schema of ${name} is unusable: ${check.failure}`, "bad"))
    store.send({ _tag: "FormOpened", type, check: check.success, key: randomUUID() })
  })

/** Submits; what the server refuses is put at the fields that it names. */
const submitForm = ({ api, refresh, store }: Performing) =>
  Effect.gen(function*() {
    const { form } = store.state()
    if (form === undefined) return
    const { job } = jobOf(form, Date.now())
    store.send({ _tag: "FormSending" })
    const payload = yield* Effect.orDie(Schema.decodeEffect(SubmitJob)(job))
    const answer = yield* Effect.result(
      api.gateway.jobs.submit({ headers: { "idempotency-key": form.key }, payload })
    )
    const outcome: Outcome = Result.isSuccess(answer)
      ? { _tag: "Accepted", jobId: answer.success.jobId, status: answer.success.status }
      : {
        _tag: "Refused",
        ...refused(answer.failure, form.fields),
        trouble: troubleOf(answer.failure),
        // Another content needs another key; a repetition after an unknown outcome needs the same.
        isUnknown: answer.failure._tag === "OutcomeUnknown" || answer.failure._tag === "HttpClientError"
      }
    store.send(...toldOf(store.state().form, form, outcome, randomUUID()))
    if (outcome._tag === "Accepted") refresh()
  })

/** The fields that a refusal names, and what is left to be said of the whole. */
const refused = (failure: unknown, fields: ReadonlyArray<Field>) => {
  const issues = Option.match(problemIn(failure), { onNone: () => [], onSome: ({ errors = [] }) => errors })
  const errors: Record<string, string> = {}
  const rest = issues.filter(({ message, path }) => {
    const at = fieldAt(fields, path)
    if (at !== undefined) errors[at] ??= message
    return at === undefined
  })
  const isAllNamed = issues.length > 0 && rest.length === 0
  return { errors, refusal: isAllNamed ? undefined : troubleOf(failure) }
}

/** The worker of the job by its name, as the question had it. */
const workerOf = (state: State, jobId: string): string | undefined => {
  const { data } = state.sources.job
  return (data?.id === jobId ? data.worker : undefined) ?? findRow(state.jobs, jobId)?.worker
}

const act = (performing: Performing, command: Command): Effect.Effect<void> => {
  const { api, refresh, store, terminal } = performing
  switch (command._tag) {
    case "Cancel":
      return acted(performing, api.gateway.jobs.cancel(id(command.jobId)), (answer) =>
        answer.status === "cancelled"
          ? `job ${answer.jobId} is cancelled`
          : `job ${answer.jobId} is asked to stop, on ${workerOf(store.state(), command.jobId) ?? answer.worker}`)
    case "Replay":
      return acted(
        performing,
        api.gateway.jobs.replay(id(command.jobId)),
        ({ jobId }) => `job ${jobId} is queued again`
      )
    case "PauseQueue":
      return acted(
        performing,
        api.gateway.queues.pause(named(command.queue)),
        ({ queue, recalled }) =>
          `queue ${queue} is paused; ${plural(recalled, "handed-out job")} ${recalled === 1 ? "waits" : "wait"} again`
      )
    case "ResumeQueue":
      return acted(performing, api.gateway.queues.resume(named(command.queue)), ({ queue }) => `queue ${queue} is open`)
    case "PrepareForm":
      return Effect.asVoid(checker)
    case "OpenForm":
      return openForm(performing, command.type)
    case "SubmitForm":
      return submitForm(performing)
    case "Copy":
      return Effect.map(
        Effect.promise(() => terminal.copy(command.text)),
        (how) =>
          store.send(
            how === undefined
              ? say(`this terminal takes no copy: ${command.text.slice(0, 200)}`, "warn")
              : say(`${command.what}, ${plural(command.text.length, "character")}: ${how}`)
          )
      )
    case "Browse":
      return Effect.map(
        Effect.promise(() => terminal.browse(command.url)),
        (isOpen) => store.send(isOpen ? say(`opened ${command.url}`) : say(`open it yourself: ${command.url}`, "warn"))
      )
    case "Refresh":
      return Effect.sync(refresh)
    case "Suspend":
      return Effect.sync(terminal.suspend)
    case "Quit":
      return Effect.sync(terminal.quit)
  }
}

/** What fails in a way that nobody has thought of is said as well. */
export const perform = (performing: Performing, command: Command): Effect.Effect<void> =>
  act(performing, command).pipe(
    Effect.catchDefect((defect) => Effect.sync(() => performing.store.send(say(`failed: ${String(defect)}`, "bad"))))
  )
