/**
 * A QMP client, in the layers of Python's qemu.qmp: lines, messages, greeting
 * and capabilities, then commands with their ids, and events.
 *
 *     const qemu = await connect('unix:/tmp/qmp.sock')
 *     const mark = qemu.mark
 *     const reply = await qemu.execute('migrate', { uri: 'unix:/tmp/m.sock' })
 *     if ('error' in reply) console.log(reply.error.class)
 *     else await qemu.waitFor(({ data }) => data?.status === 'completed', 10_000, { since: mark })
 *
 * It never hangs: every wait has a deadline.  And it hides nothing: each
 * message is shown to a tap, in the order seen, before anyone acts on it.
 */
import type { Socket } from 'node:net'
import { type Address, dial, parseAddress, printAddress } from './address.ts'
import { type Event, Events } from './events.ts'
import { ClosedError, GreetingError, ProtocolError, type QmpError, TimeoutError } from './failure.ts'
import { excerpt, isObject, type Json, type JsonObject } from './json.ts'
import type { Direction } from './transcript.ts'
import { look, Waits } from './wait.ts'
import { Wire } from './wire.ts'

/** Is shown every message: sent, received, or (`!!`) that no reply came in time. */
export type Tap = (dir: Direction, msg: JsonObject) => void

/** A reply.  An error is an answer like another: `class` is API, `desc` is for people. */
export type Reply = { return: Json; id?: Json } | { error: { class: string; desc: string }; id?: Json }

/** How to connect.  All times are in milliseconds, and multiplied by `timeoutScale`. */
export interface ConnectOptions {
  /** How long to try while nobody listens; 5000. */
  readonly connectMs?: number
  /** How long to wait for the greeting; 5000. */
  readonly greetingMs?: number
  /** How long `execute` waits for a reply unless told otherwise; 10000. */
  readonly replyMs?: number
  /** For slow machines; 1. */
  readonly timeoutScale?: number
  /** Whether to enable out-of-band commands where they are offered; true. */
  readonly oob?: boolean
  readonly tap?: Tap
  /** Gives up connecting, with the signal's reason. */
  readonly signal?: AbortSignal
}

/** A session; `connect` makes one. */
export class Client {
  /** The endpoint, as `unix:PATH` or `tcp:HOST:PORT`. */
  readonly address: string
  /** Resolves when the session ends: with why, or with nothing when `close` ended it.  Never rejects. */
  readonly closed: Promise<QmpError | undefined>
  /** The greeting's version, such as `11.1.3`; empty before it. */
  version = ''
  /** Whether out-of-band commands were offered and enabled. */
  oob = false
  private readonly options: ConnectOptions
  private readonly wire: Wire
  private readonly waits: Waits
  private readonly events = new Events()
  private readonly pending = new Map<Json | undefined, (reply: Reply) => void>()
  private readonly late = new Set<Json | undefined>()
  private readonly strayWatchers = new Set<(msg: JsonObject) => void>()
  private greeted: ((greeting: JsonObject) => void) | undefined
  private ids = 0
  private over: QmpError | undefined

  /** @internal Takes over a socket that is connected. */
  constructor(socket: Socket, address: string, options: ConnectOptions) {
    this.address = address
    this.options = options
    this.waits = new Waits(options.timeoutScale ?? 1)
    const { promise, resolve } = Promise.withResolvers<QmpError | undefined>()
    this.closed = promise
    this.wire = new Wire(socket, address, {
      message: msg => {
        // Until monitor_qmp_event() greets whoever has connected, monitor_qapi_event_emit() tells him events,
        // such as the RESUME of a guest that is just being started: they are of the time before anybody listened.
        if (this.greeted !== undefined && typeof msg.event === 'string') return
        options.tap?.('<-', msg)
        this.accept(msg)
      },
      end: error => {
        this.over = error ?? new ClosedError(address, 'we closed the connection')
        this.waits.end(this.over)
        resolve(error)
      },
    })
  }

  /** How many events have come so far; with `waitFor`, "from here on". */
  get mark(): number {
    return this.events.mark
  }

  /** @internal Waits for the greeting and negotiates capabilities. */
  async greet(): Promise<void> {
    const greeting = await this.waits.until<JsonObject>(this.options.greetingMs ?? 5000, resolve => {
      this.greeted = resolve
      return seconds =>
        new GreetingError(
          this.address,
          `no greeting within ${seconds} s; does another client hold this monitor?`,
          this.wire.partial,
        )
    })
    const { version, capabilities } = isObject(greeting.QMP) ? greeting.QMP : {}
    const { major, minor, micro } = isObject(version) && isObject(version.qemu) ? version.qemu : {}
    if (![major, minor, micro].every(Number.isInteger)) {
      throw new GreetingError(this.address, 'the first message is no QMP greeting', excerpt(greeting))
    }
    this.version = `${major}.${minor}.${micro}`
    const oob = this.options.oob !== false && Array.isArray(capabilities) && capabilities.includes('oob')
    const reply = await this.execute('qmp_capabilities', oob ? { enable: ['oob'] } : undefined)
    if ('error' in reply) throw new GreetingError(this.address, 'refuses qmp_capabilities', excerpt(reply.error))
    this.oob = oob
  }

  /**
   * Sends a command and waits for its reply, which may well be an error.
   *
   * @param oob sends it as `exec-oob`: it overtakes what is queued
   * @throws TimeoutError when no reply came in time; ClosedError or ProtocolError when the session ended first
   */
  async execute(
    name: string,
    args?: JsonObject,
    { oob = false, timeoutMs = this.options.replyMs ?? 10_000 } = {},
  ): Promise<Reply> {
    const id = `lockstep-${++this.ids}`
    // Writing to a socket whose other end has died throws away what it still holds, so look there first.
    await look()
    if (this.over !== undefined) throw this.over
    const command = { [oob ? 'exec-oob' : 'execute']: name, ...(args && { arguments: args }), id }
    this.options.tap?.('->', command)
    this.wire.send(command)
    return this.waits.until<Reply>(timeoutMs, resolve => {
      this.pending.set(id, resolve)
      return seconds => {
        this.pending.delete(id)
        this.late.add(id)
        this.options.tap?.('!!', { unanswered: id, seconds })
        return new TimeoutError(this.address, `no reply to ${name} within ${seconds} s`, this.wire.partial)
      }
    })
  }

  /**
   * The first event that the predicate accepts, of those that come from now on or have come since a mark.
   *
   * @param timeoutMs in milliseconds, before scaling
   * @param since a `mark` taken earlier, for events that may come before one can wait for them
   * @param what the event's name in the error message
   * @throws TimeoutError when none came in time; ClosedError or ProtocolError when the session ended first
   */
  async waitFor(
    predicate: (event: Event) => boolean,
    timeoutMs: number,
    { since = this.mark, what = 'such event' } = {},
  ): Promise<Event> {
    const known = this.events.since(since).find(predicate)
    if (known !== undefined) return known
    let forget = () => {}
    try {
      return await this.waits.until<Event>(timeoutMs, resolve => {
        forget = this.onEvent(event => {
          if (predicate(event)) resolve(event)
        })
        return seconds => new TimeoutError(this.address, `no ${what} within ${seconds} s`, this.events.told(since))
      })
    } finally {
      forget()
    }
  }

  /** Calls back at each event.  Returns what stops it. */
  onEvent(watcher: (event: Event) => void): () => void {
    return this.events.watch(watcher)
  }

  /** Calls back at each reply to a command that was never sent.  Returns what stops it. */
  onStray(watcher: (msg: JsonObject) => void): () => void {
    this.strayWatchers.add(watcher)
    return () => this.strayWatchers.delete(watcher)
  }

  /** Ends the session from our side; what waits is rejected with ClosedError. */
  close(): void {
    this.wire.close()
  }

  private accept(msg: JsonObject): void {
    if (this.greeted !== undefined) {
      this.greeted(msg)
      this.greeted = undefined
    } else if (typeof msg.event === 'string') this.events.add(msg as Event)
    else this.answer(msg)
  }

  private answer(msg: JsonObject): void {
    const { id, error } = msg
    const refused = isObject(error) && typeof error.class === 'string' && typeof error.desc === 'string'
    if ('error' in msg ? !refused || 'return' in msg : !('return' in msg)) {
      throw new ProtocolError(this.address, 'what came is neither an event nor a reply', excerpt(msg))
    }
    // QEMU could not tell which command it was that it did not understand; nor can we, from here on.
    if (refused && id === undefined) throw new ProtocolError(this.address, 'an error without an id came', excerpt(msg))
    const resolve = this.pending.get(id)
    if (resolve !== undefined) {
      this.pending.delete(id)
      resolve(msg as Reply)
    } else if (!this.late.delete(id)) {
      for (const watcher of this.strayWatchers) watcher(msg)
    }
  }
}

/**
 * Connects, waits for the greeting, and leaves negotiation mode.
 *
 * @param where `unix:PATH`, `tcp:HOST:PORT`, or either read by `parseAddress`
 * @throws AddressError for a text that is no address; ConnectError when nobody listens; GreetingError when
 *   what listens does not greet; ProtocolError when it does not speak QMP; ClosedError when it hangs up
 */
export async function connect(where: string | Address, options: ConnectOptions = {}): Promise<Client> {
  const address = typeof where === 'string' ? parseAddress(where) : where
  const socket = await dial(address, (options.connectMs ?? 5000) * (options.timeoutScale ?? 1), options.signal)
  const client = new Client(socket, printAddress(address), options)
  try {
    await client.greet()
    return client
  } catch (error) {
    client.close()
    throw error
  }
}
