/** How steps are told: to scripts as JSON lines, to people on standard error, with one line that moves on a terminal. */
import { Effect, Layer } from "effect"
import * as Output from "../Output.ts"
import { Listener, type StepEvent, titles } from "./Steps.ts"

export const layerJson = Layer.succeed(Listener, Listener.of({ tell: (event) => Output.json(event) }))

const clearLine = "\r\u001b[2K"
/** Without a terminal a step that takes long is heard of so often. */
const sayEverySeconds = 10

/** Why a step failed, and what to do, the command itself says at its end. */
const ending = ({ detail = "", seconds, state, step }: StepEvent): string => {
  const took = Output.style.dim(Output.duration(seconds * 1_000))
  const title = titles[step].padEnd(32)
  return state === "failed"
    ? `${Output.style.red("✗")} ${title} ${took}`
    : `${state === "skipped" ? Output.style.dim("-") : Output.style.green("✓")} ${title} ${took}  ${
      Output.style.dim(Output.safe(detail))
    }`
}

export const layerPeople = Layer.sync(Listener, () => {
  const { columns, isTTY } = process.stderr
  let saidAt = 0
  const write = (text: string) => void process.stderr.write(text)
  const moving = ({ detail, seconds, step }: StepEvent) => {
    const text = `… ${titles[step]}${detail === undefined ? "" : `: ${Output.safe(detail)}`}`
    if (isTTY) return write(clearLine + text.slice(0, columns - 1))
    if (detail === undefined) {
      saidAt = 0
      return write(`${text}\n`)
    }
    if (seconds - saidAt < sayEverySeconds) return
    saidAt = seconds
    write(`${text}\n`)
  }
  return Listener.of({
    tell: (event) =>
      Effect.sync(() =>
        event.state === "started" || event.state === "progress"
          ? moving(event)
          : write(`${isTTY ? clearLine : ""}${ending(event)}\n`)
      )
  })
})
