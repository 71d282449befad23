/**
 * One connection to the broker that comes back by itself, with growing pauses, for as long as its scope is open.
 *
 * amqplib's channels die with their connection, and nothing in it lets go of a broker that has fallen silent. So every
 * connection is dialled anew, over a socket that can be cut, and whoever holds a channel asks for the live connection
 * again when it is lost.
 */
import { BrokerError, type BrokerHealth } from "#services/ports/Broker.ts"
import { type Channel, type ChannelModel, connect } from "amqplib"
import { Deferred, Duration, Effect, Latch, Random, Redacted, type Scope } from "effect"

/** Both sides notice a dead peer after two to three of these. Low enough for a stalled leader, high enough for a GC pause. */
const heartbeatSeconds = 10
/** From the TCP connect to the end of AMQP's handshake; ten times what a busy broker takes. */
const handshakeMillis = 5_000
/** Answers take milliseconds, and up to a second or two when the broker is very busy. */
const answerWithin = Duration.seconds(5)
/** How long somebody who wants to send waits for a connection that is down: long enough for a first dial. */
const connectPatience = Duration.seconds(1)
/** What a good-bye may take; after that the socket is cut. */
const farewellWithin = Duration.seconds(1)
const firstPauseMillis = 100
/** A broker that is back is found within this time; with a few dozen programs it costs it nothing. */
const longestPauseMillis = 5_000

/** A connection between its handshake and its end. */
export interface Live {
  readonly model: ChannelModel
  /** Completed with the reason when the connection is gone. */
  readonly lost: Deferred.Deferred<string>
  /** Why the broker takes no messages on this connection (its memory or disk is full); undefined when it does. */
  readonly blocked: () => string | undefined
  /** Cuts the socket, for when the broker does not answer. */
  readonly drop: (reason: string) => void
}

export interface Connection {
  /** The live connection; waits until there is one. */
  readonly live: Effect.Effect<Live>
  /** The live connection; fails as `unavailable` when there is none for a second. */
  readonly liveFor: (operation: string) => Effect.Effect<Live, BrokerError>
  readonly health: Effect.Effect<BrokerHealth>
}

const messageOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** One line for the log, without a stack: what is wrong is not in our code. */
export const explain = (error: BrokerError): string => `${error.message} (${messageOf(error.cause)})`

/** The AMQP reply code of an error, such as 404 or 406; undefined when the broker did not say. */
export const replyCode = (cause: unknown): number | undefined =>
  cause instanceof Error && "code" in cause && typeof cause.code === "number" ? cause.code : undefined

/**
 * Asks the broker. `timeout` may mean no more than that one queue is broken: channels and connections are not given up
 * for it here.
 */
export const ask = <A>(operation: string, question: () => Promise<A>): Effect.Effect<A, BrokerError> =>
  Effect.tryPromise({
    try: question,
    catch: (cause) =>
      new BrokerError({ operation, reason: replyCode(cause) === undefined ? "unavailable" : "refused", cause })
  }).pipe(
    Effect.timeoutOrElse({
      duration: answerWithin,
      orElse: () => Effect.fail(new BrokerError({ operation, reason: "timeout", cause: "no answer in time" }))
    })
  )

/** A channel by `open`, without the trap that its errors end the process. A broker that gives none has fallen silent. */
export const askForChannel = <C extends Channel>(
  live: Live,
  open: (model: ChannelModel) => Promise<C>
): Effect.Effect<C, BrokerError> =>
  ask("open a channel", async () => {
    const channel = await open(live.model)
    channel.on("error", ignore) // "close" follows, and is what counts
    return channel
  }).pipe(
    Effect.tapError(({ reason }) => Effect.sync(() => reason === "timeout" && live.drop("no answer from the broker")))
  )

/** A channel that is closed with its scope, which gives unacknowledged messages back. */
export const openChannel = (live: Live): Effect.Effect<Channel, BrokerError, Scope.Scope> =>
  Effect.acquireRelease(
    askForChannel(live, (model) => model.createChannel()),
    (channel) => farewell(() => channel.close()),
    { interruptible: true } // a connection that is going down takes its channels with it
  )

/**
 * Runs `session` again whenever it ends, for ever. It pauses in between: shortly after a session that called
 * `established`, longer with each one that did not.
 */
export const keep = <E, R>(
  session: (established: () => void) => Effect.Effect<void, E, R>,
  failed: (error: E) => Effect.Effect<void>
): Effect.Effect<never, never, R> =>
  Effect.suspend(() => {
    let fruitless = 0
    const pause = Effect.suspend(() => {
      const millis = Math.min(longestPauseMillis, firstPauseMillis * 2 ** fruitless++)
      // 20 % at random, so that many programs do not come back in step
      return Effect.flatMap(Random.next, (random) => Effect.sleep(millis * (0.8 + 0.4 * random)))
    })
    return session(() => {
      fruitless = 0
    }).pipe(
      Effect.catch(failed),
      Effect.catchDefect((defect) => Effect.logError("a broker session ended in a defect and is begun again", defect)),
      Effect.andThen(pause),
      Effect.forever
    )
  })

/** `name` is shown by the broker's management, beside the address. Dials at once and never fails. */
export const makeConnection = (
  url: Redacted.Redacted,
  name: string
): Effect.Effect<Connection, never, Scope.Scope> =>
  Effect.gen(function*() {
    const up = yield* Latch.make(false)
    let current: Live | undefined
    let trouble: string | undefined = "not connected yet"

    const session = Effect.fnUntraced(function*(established: () => void) {
      const live = yield* dial(url, name)
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          current = live
          trouble = undefined
          established()
          up.openUnsafe()
        }),
        () =>
          Effect.sync(() => {
            current = undefined
            up.closeUnsafe()
          })
      )
      yield* Effect.logInfo(`connected to the broker: ${name}`)
      trouble = yield* Deferred.await(live.lost)
      yield* Effect.logWarning(`lost the connection to the broker: ${name}: ${trouble}`)
    }, Effect.scoped)
    const refused = (error: BrokerError) => {
      const news = messageOf(error.cause)
      const isNew = news !== trouble
      trouble = news
      return isNew ? Effect.logWarning(`cannot connect to the broker: ${name}: ${news}`) : Effect.void
    }
    yield* Effect.forkScoped(keep(session, refused))

    const live: Connection["live"] = Effect.suspend(() =>
      current === undefined ? Effect.andThen(up.await, live) : Effect.succeed(current)
    )
    return {
      live,
      liveFor: (operation) =>
        Effect.suspend(() =>
          current === undefined
            ? Effect.timeoutOrElse(live, {
              duration: connectPatience,
              orElse: () => Effect.fail(new BrokerError({ operation, reason: "unavailable", cause: trouble }))
            })
            : Effect.succeed(current)
        ),
      health: Effect.sync(() => {
        const blocked = current?.blocked()
        return {
          connected: current !== undefined && blocked === undefined,
          detail: blocked === undefined ? trouble : `the broker takes no messages: ${blocked}`
        }
      })
    }
  })

const dial = (url: Redacted.Redacted, name: string): Effect.Effect<Live, BrokerError, Scope.Scope> =>
  Effect.gen(function*() {
    const line = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      (controller) => Effect.sync(() => controller.abort())
    )
    const socket = {
      noDelay: true,
      timeout: handshakeMillis,
      signal: line.signal, // of Node's sockets: aborting destroys them
      clientProperties: { connection_name: name }
    }
    const model = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: (interrupted) => {
          interrupted.addEventListener("abort", () => line.abort())
          return connect(withHeartbeat(Redacted.value(url)), socket)
        },
        catch: (cause) => new BrokerError({ operation: "connect", reason: "unavailable", cause })
      }),
      (opened) => farewell(() => opened.close()),
      { interruptible: true }
    )
    const lost = yield* Deferred.make<string>()
    let reason = "closed by the broker"
    let blocked: string | undefined
    model.on("error", (error) => {
      if (!line.signal.aborted) reason = messageOf(error)
    })
    model.on("blocked", (why) => {
      blocked = why
    })
    model.on("unblocked", () => {
      blocked = undefined
    })
    model.on("close", (error) => {
      if (error !== undefined && !line.signal.aborted) reason = messageOf(error)
      Deferred.doneUnsafe(lost, Effect.succeed(reason))
    })
    return {
      model,
      lost,
      blocked: () => blocked,
      drop: (why) => {
        reason = why
        line.abort()
      }
    }
  })

const withHeartbeat = (url: string): string => {
  const parsed = new URL(url)
  if (!parsed.searchParams.has("heartbeat")) parsed.searchParams.set("heartbeat", String(heartbeatSeconds))
  return parsed.href
}

const farewell = (close: () => Promise<void>) =>
  Effect.ignore(Effect.timeoutOption(Effect.tryPromise(close), farewellWithin))

const ignore = () => {}
