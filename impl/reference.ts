/**
 * The reference endpoint without its sockets: a system that answers commands,
 * emits events, and goes on by itself when told to.
 *
 * There is one state for all sides.  What happens next is a row that is
 * enabled; where there are several, the seed decides.
 */
import type { Flat, Output } from './flat.ts'
import { isObject, type Members } from './frames.ts'
import { example } from './match.ts'
import { Monitor } from './monitor.ts'
import { type Outcome, Runner, type RunnerOptions } from './runner.ts'

/** What an observer of all traffic is told: the monitor is a number, counted from 0 on each side. */
export type Tap = (side: string, direction: '->' | '<-', message: Members, monitor: number) => void

/** How a reference is to behave. */
export interface ReferenceOptions extends RunnerOptions {
  /** Commands that no rule speaks of, and that are answered `{}` without effect. */
  readonly ignored?: readonly string[]
  /** Commands that may be executed out of band. */
  readonly outOfBand?: readonly string[]
  /** Milliseconds since the epoch, for the timestamps of events; a count of steps when left out. */
  readonly now?: () => number
  readonly tap?: Tap
  /** What has to be done in the world before a command can be answered, if anything. */
  readonly prepare?: (side: string, command: string, given: Members) => Promise<void> | undefined
  /** What is wrong with a command's arguments, whatever the rules say of it; refused like that before they are asked. */
  readonly problemOf?: (command: string, given: Members) => string | undefined
  /** Commands that are answered by what they say of it, not by rules; it may be called often. */
  readonly known?: (side: string, command: string, given: Members) => Outcome | undefined
  /** The names of those; they are listed with the others. */
  readonly knows?: readonly string[]
  /** What the greeting and `query-version` call it; `lockstep reference` when left out. */
  readonly package?: string
  /** A side's process has ended; null for a signal. */
  readonly onExit?: (side: string, code: number | null) => void
}

type Listener = (message: Members) => void

/** A running system with its monitors; nothing happens but in `send`, `step`, `decide` and `fault`. */
export class Reference extends Runner {
  readonly options: ReferenceOptions
  private readonly monitors = new Map<string, Set<Monitor>>()
  private readonly opened = new Map<string, number>()
  private readonly own = new Map<string, { readonly monitor: Monitor; readonly listeners: Set<Listener> }>()
  private readonly gone = new Set<string>()

  constructor(flat: Flat, options: ReferenceOptions = {}) {
    super(flat, options)
    this.options = options
    for (const side of flat.sides) this.monitors.set(side, new Set())
  }

  /** Opens a monitor of a side.  A fresh one greets and has to be negotiated with; one that is not is ready. */
  monitor(side: string, hear: (message: Members) => void, fresh = true): Monitor {
    const monitors = this.monitors.get(side)
    if (monitors === undefined)
      throw new RangeError(`there is no side "${side}"; there are ${this.flat.sides.join(', ')}`)
    const number = this.opened.get(side) ?? 0
    this.opened.set(side, number + 1)
    const { tap } = this.options
    const tapped =
      tap === undefined
        ? hear
        : (message: Members) => {
            tap(side, '<-', message, number)
            hear(message)
          }
    const monitor = new Monitor(this, side, number, tapped, fresh)
    if (!this.gone.has(side)) monitors.add(monitor)
    else monitor.exited()
    return monitor
  }

  /** Forgets a monitor; what it has asked and nobody has answered yet is not done. */
  closed(side: string, monitor: Monitor): void {
    this.monitors.get(side)?.delete(monitor)
  }

  /** Sends to a side, on a monitor of one's own that is always ready.  False when the process has ended. */
  send(side: string, message: Members): boolean {
    this.ownMonitor(side).monitor.receive(message)
    return !this.gone.has(side)
  }

  /** Hears a side's events and the replies to `send`; answers how to stop. */
  on(side: string, listener: (message: Members) => void): () => void {
    const { listeners } = this.ownMonitor(side)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** Whether a side's rules let this command be sent out of band. */
  overtakes(side: string, command: string): boolean {
    return this.engine.overtakes(side, command)
  }

  /** The commands that a side's rules and queries speak of. */
  commands(side: string): ReadonlySet<string> {
    return this.engine.commands(side)
  }

  /** Whether a side's process has ended. */
  isGone(side: string): boolean {
    return this.gone.has(side)
  }

  private ownMonitor(side: string) {
    let own = this.own.get(side)
    if (own === undefined) {
      const listeners = new Set<Listener>()
      const hear = (message: Members) => {
        for (const listener of listeners) listener(message)
      }
      own = { monitor: this.monitor(side, hear, false), listeners }
      this.own.set(side, own)
    }
    return own
  }

  protected override show(output: Output): void {
    const monitors = [...(this.monitors.get(output.side) ?? [])]
    if (output.kind === 'event') {
      const plain = example(output.data) ?? {}
      const data = this.options.figures?.(plain, output.side, output.name) ?? plain
      const ms = this.options.now?.() ?? this.steps
      const timestamp = { seconds: Math.floor(ms / 1000), microseconds: Math.floor((ms % 1000) * 1000) }
      // An event without data has no such member.
      const isBare = isObject(data) && Object.keys(data).length === 0
      const message = isBare ? { timestamp, event: output.name } : { timestamp, event: output.name, data }
      for (const monitor of monitors) monitor.event(message)
    } else if (output.kind === 'exits') {
      this.gone.add(output.side)
      this.monitors.get(output.side)?.clear()
      this.dropAsks(output.side)
      for (const monitor of monitors) monitor.exited()
      this.options.onExit?.(output.side, output.code)
    }
  }
}
