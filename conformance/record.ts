/** Writes down what one endpoint or two say, and what becomes of them, as a pair transcript. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClosedError, type QmpError } from './failure.ts'
import type { JsonObject } from './json.ts'
import { printHeader, printLine } from './print.ts'
import type { Tap } from './qmp.ts'
import { StoreError, unstore } from './store.ts'
import type { Header, Line, Observation, Side, Transcript } from './transcript.ts'
import { look } from './wait.ts'

/** What can be followed: a QEMU that was launched, or a mere session with one that was not. */
export interface Followed {
  readonly client: { readonly closed: Promise<QmpError | undefined> }
  readonly exited?: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** The last signal that we sent, if we have. */
  signalled?(): string | undefined
  /** Has it show what it has written elsewhere than to its monitor. */
  look?(): void
}

/** The part that an endpoint plays: of who survives, another later on. */
export interface Part {
  readonly side: Side
}

/** How long somebody who is silent and at work is left to it before it is looked again, in milliseconds. */
const restMs = 50

/** How long a closed monitor may belong to a process that is about to be gone: a second. */
const breath = () => sleep(1000, undefined, { ref: false })

/**
 * A recorder; its clock starts with it.
 *
 *     const recorder = new Recorder('out/a.ndjson')
 *     const src = await launch({ …, tap: recorder.tap('src') })
 *     recorder.follow('src', src)
 *     recorder.begin({ lockstep: 1, qemu: src.version })
 *     …
 *     await recorder.quiet(0.5)
 *     const transcript = recorder.finish()
 */
export class Recorder {
  /** Everything so far. */
  readonly lines: Line[] = []
  private readonly file: string | undefined
  private readonly start = performance.now()
  private readonly followed = new Set<{
    readonly part: Part
    gone: boolean
    ending: Promise<void>
    readonly look: () => void
  }>()
  private fd: number | undefined
  private header: Header | undefined
  private written = 0
  private last = this.start
  private finished = false
  private failure: StoreError | undefined

  /**
   * @param file is written line by line, so that nothing is lost when we die; without it all is kept in memory only
   * @throws StoreError when the file cannot be opened
   */
  constructor(file?: string) {
    this.file = file
    try {
      if (file !== undefined) this.fd = openSync(file, 'w')
    } catch (error) {
      throw new StoreError(file ?? '', error)
    }
  }

  /** What to give a client, or `launch`, so that this side is recorded from its greeting on. */
  tap(side: Side): Tap {
    return (dir, msg) => this.add(side, dir, msg)
  }

  /** Writes the header, and the lines that waited for it: versions are known only after the greetings. */
  begin(header: Header): void {
    this.header = header
    this.write(printHeader(header))
    this.flush()
  }

  /** Records what was seen by other means than QMP. */
  observe(side: Side, seen: Observation): void {
    this.add(side, '!!', seen)
  }

  /** Records how this side ends, after all that its monitor still had to say. */
  follow(as: Side | Part, endpoint: Followed): void {
    const part = typeof as === 'string' ? { side: as } : as
    const look = () => endpoint.look?.()
    const state = { part, gone: false, ending: Promise.resolve(), look }
    state.ending = this.watch(endpoint, state)
    this.followed.add(state)
  }

  /**
   * Waits until nothing has come from any side for so long, and then says so for each side that lives.
   *
   * @param seconds of silence
   * @param most seconds to wait for that silence
   * @param rests whether whoever is silent has nothing to do, and is not just kept from doing it
   * @returns whether it came
   */
  async quiet(seconds: number, most = 10 * seconds + 5, rests = () => true): Promise<boolean> {
    const deadline = performance.now() + most * 1000
    for (;;) {
      for (const { look } of this.followed) look()
      const due = this.last + seconds * 1000 - performance.now()
      if (due <= 0 && rests()) break
      const wait = Math.max(due, restMs)
      if (performance.now() + wait > deadline) return false
      await sleep(wait)
      // To a process that got no processor for a while, this timer is due before what came meanwhile is read.
      await look()
    }
    for (const { part, gone } of this.followed) if (!gone) this.observe(part.side, { quiet: seconds })
    return true
  }

  /** Waits until every side that is followed has ended, and its end is recorded. */
  async ended(): Promise<void> {
    await Promise.all([...this.followed].map(({ ending }) => ending))
  }

  /** Waits until a side that is about to end has, and its end is recorded. */
  async endOf(side: Side): Promise<void> {
    await Promise.all([...this.followed].map(({ part, ending }) => part.side === side && ending))
  }

  /** What was recorded so far, with something that is not written down: to ask what would be thought of it. */
  supposing(side: Side, seen: Observation): Transcript {
    const t = Math.round((performance.now() - this.start) * 1000) / 1e6
    const line: Line = { line: this.lines.length + 2, t, side, dir: '!!', msg: seen as JsonObject }
    return { file: 'recording', header: this.header ?? { lockstep: 1 }, lines: [...this.lines, line] }
  }

  /** Records nothing from now on. */
  stop(): void {
    this.finished = true
  }

  /**
   * Ends the transcript; what comes later is not recorded.
   *
   * @throws StoreError when its file could not be written to its end; it is removed then
   */
  finish(): Transcript {
    if (this.header === undefined) this.begin({ lockstep: 1 })
    this.finished = true
    if (this.fd !== undefined) closeSync(this.fd)
    this.fd = undefined
    if (this.failure !== undefined) throw this.failure
    return { file: this.file ?? 'recording', header: this.header ?? { lockstep: 1 }, lines: this.lines }
  }

  private async watch(endpoint: Followed, state: { readonly part: Part; gone: boolean }): Promise<void> {
    const { client, exited } = endpoint
    // The monitor reads until its end first; only then is an exit, seen earlier or not, in its place.
    const error = await Promise.race([client.closed, ...(exited ? [exited.then(breath)] : [])])
    const exit = await Promise.race([exited, breath()])
    if (exit === undefined && error !== undefined) {
      this.observe(state.part.side, error instanceof ClosedError ? { closed: true } : { broken: error.message })
    }
    if (exited === undefined) {
      state.gone = true
      return
    }
    const { code, signal } = await exited
    const by = signal !== null && endpoint.signalled?.() === signal ? 'harness' : 'self'
    state.gone = true
    this.observe(state.part.side, { exit: { code, signal, by } })
  }

  private add(side: Side, dir: Line['dir'], msg: JsonObject): void {
    if (this.finished) return
    this.last = performance.now()
    const t = Math.round((this.last - this.start) * 1000) / 1e6
    this.lines.push({ line: this.lines.length + 2, t, side, dir, msg })
    if (this.header !== undefined) this.flush()
  }

  private flush(): void {
    this.write(this.lines.slice(this.written).map(printLine).join(''))
    this.written = this.lines.length
  }

  private write(text: string): void {
    if (this.fd === undefined) return
    try {
      let rest = Buffer.from(text)
      while (rest.length > 0) rest = rest.subarray(writeSync(this.fd, rest))
    } catch (error) {
      // What is recorded must be recorded to its end, whoever is just being listened to; `finish` tells.
      closeSync(this.fd)
      this.fd = undefined
      unstore(this.file ?? '')
      this.failure = new StoreError(this.file ?? '', error)
    }
  }
}
