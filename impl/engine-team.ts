/**
 * A search on several threads.  They go on from the states of one level, and
 * all wait for each other at its end: so each state is found by as few steps as
 * can be, whoever finds it.  When there must be more room all stand still too.
 */
import { Worker } from 'node:worker_threads'
import { AT, type Kernel } from './engine-kernel.ts'
import { type Given, MATE, Mate, TEXT } from './engine-mate.ts'
import { Growing, RoomError } from './engine-memory.ts'
import { BLOCK, FOUND, JOB, K, OWN, ownWords } from './engine-shared.ts'
import { hashOf } from './engine-table.ts'
import { asBytes } from './wasm.ts'

/** The file of another thread: in a checkout it is TypeScript, in a published package it is not. */
const file = new URL(`./engine-mate.${import.meta.filename.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

/** Of so many places of the table three are taken, at most. */
const FULL = 0.75
/** For so long a thread may give no sign of life, in milliseconds. */
const PATIENCE = 60_000

/** What a search has come to when it goes on on several threads. */
export interface Begun {
  readonly count: number
  readonly mask: number
  readonly states: Int32Array
  readonly table: Int32Array
  readonly words: number
  readonly rows: number
}

/** What is asked before there is more room. */
export interface Host {
  /** So many states there may be. */
  readonly limit: number
  /** Throws where there may not be so many states, or so many bytes more. */
  readonly allow: (count: number, more: number) => void
  /** Throws for want of memory. */
  readonly full: (why: string) => never
}

/** How a team is tested. */
export interface Trial {
  readonly patience?: number
  /** What the other threads run instead, and are given instead. */
  readonly file?: URL
  readonly given?: (given: Given) => Given
}

/** Threads that search together; the one that made it is the first of them. */
export class Team {
  count: number
  mask: number
  readonly states: Growing
  readonly table: Growing
  /** Who found the first of every few states, from number `before` + 1 on. */
  private readonly found: Growing
  /** From whom on to look for who found those that were given another number. */
  private readonly moved = new Map<number, number>()
  /** The last number that was not given to a thread when they last stood still. */
  private given = 0
  readonly before: number
  low = 0
  high = 0
  steps = 0
  readonly taken: Float64Array
  private readonly k: Int32Array
  private readonly first: Mate
  private readonly owns: readonly number[]
  private readonly words: number
  private readonly host: Host
  private readonly workers: readonly Worker[]
  private readonly patience: number
  private readonly text: number
  private readonly slack: number

  constructor(kernel: Kernel, c: Int32Array, begun: Begun, threads: number, host: Host, trial: Trial = {}) {
    const { words, rows, count, mask } = begun
    this.words = words
    this.host = host
    this.count = count
    this.before = count
    this.mask = mask
    this.patience = trial.patience ?? PATIENCE
    this.taken = new Float64Array(rows)
    this.states = new Growing(begun.states.length, true)
    this.states.view.set(begun.states)
    this.table = new Growing(mask + 1, true)
    this.table.view.set(begun.table.subarray(0, mask + 1))
    this.found = new Growing((count >> FOUND) + 2, true)
    this.owns = Array.from({ length: threads }, (_, i) => K.threads + i * ownWords(rows))
    this.text = K.threads + threads * ownWords(rows)
    const control = new Growing(this.text + TEXT, true)
    this.k = control.view
    // All of them may be about to look for a batch, and have a block begun.
    this.slack = threads * (Math.ceil((kernel.end - kernel.batch) / kernel.stride) + 2 * BLOCK)
    const memories = Object.fromEntries(
      Object.entries({ s: this.states, t: this.table, f: this.found, k: control }).map(([name, { memory }]) => [
        name,
        memory,
      ]),
    ) as Given['memories']
    const given = (own: number): Given => ({
      ...{ mark: MATE, memories, c, own, text: this.text, words, rows, taken: kernel.taken, end: kernel.end },
      module,
      groups: kernel.memories.map(({ words: read, masks, rows: of, tests }) => ({
        words: read,
        masks,
        rows: of,
        tests,
      })),
    })
    const module = new WebAssembly.Module(asBytes(kernel.program, ['s', 't', 'f', 'k']))
    this.first = new Mate(given(this.owns[0] ?? 0), () => this.room())
    this.workers = this.owns.slice(1).map(own => {
      const workerData = trial.given?.(given(own)) ?? given(own)
      const worker = new Worker(trial.file ?? file, { workerData })
      // What went wrong is told in `k`, for whoever waits here hears of nothing else.
      worker.on('error', () => {})
      worker.unref()
      return worker
    })
    try {
      this.settle()
    } catch (error) {
      this.stop()
      throw error
    }
  }

  /** Goes on from the states of these numbers, from zero on, `to` not among them. */
  level(from: number, to: number): void {
    this.begin(JOB.level, from + 1, to + 1)
    this.first.work()
    this.first.tell()
    this.wait('done')
    this.settle()
    for (const own of this.owns) this.collect(own)
  }

  /** Who found a state of this number has this number or one behind it. */
  foundFrom(id: number): number {
    return this.moved.get(id) ?? this.found.view[id >> FOUND] ?? 0
  }

  /** Lets the others go. */
  stop(): void {
    this.begin(JOB.stop, 0, 0)
    for (const worker of this.workers) void worker.terminate()
  }

  private begin(job: number, claim: number, to: number): void {
    const { k } = this
    Atomics.store(k, K.done, 0)
    Atomics.store(k, K.parked, 0)
    Atomics.store(k, K.job, job)
    Atomics.store(k, K.claim, claim)
    Atomics.store(k, K.to, to)
    this.go()
  }

  private go(): void {
    Atomics.add(this.k, K.epoch, 1)
    Atomics.notify(this.k, K.epoch)
  }

  /** Waits until all others are done; or until all stand still, be it for want of room. */
  private wait(until: 'done' | 'still'): void {
    const { k, workers } = this
    let signs = this.signs()
    let since = performance.now()
    for (;;) {
      const events = Atomics.load(k, K.events)
      const [done, parked] = [Atomics.load(k, K.done), Atomics.load(k, K.parked)]
      if (Atomics.load(k, K.failed) !== 0) this.fail(this.said())
      if (done === workers.length) return
      if (done + parked === workers.length) {
        if (until === 'still') return
        this.enlarge()
        continue
      }
      if (Atomics.wait(k, K.events, events, 250) !== 'timed-out') continue
      const now = this.signs()
      // Each must show that it lives; one that does says nothing of the others.
      if (now.every((sign, i) => sign !== signs[i])) [signs, since] = [now, performance.now()]
      else if (performance.now() - since > this.patience)
        this.fail(`it gave no sign of life for ${Math.round(this.patience / 1000)} seconds`)
    }
  }

  private signs(): number[] {
    return this.owns.slice(1).map(own => Atomics.load(this.k, own + OWN.beat))
  }

  private fail(why: string): never {
    this.stop()
    throw new Error(`a thread of the search failed: ${why}.  With --threads 1 there is only one`)
  }

  private said(): string {
    const bytes = new Uint8Array(new Int32Array(this.k.subarray(this.text, this.text + TEXT)).buffer)
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)))
  }

  /** The first thread itself has no room. */
  private room(): void {
    this.wait('still')
    this.enlarge()
  }

  /** All stand still: makes room, and lets them go on. */
  private enlarge(): void {
    const { k } = this
    const [claim, to] = [Atomics.load(k, K.claim), Atomics.load(k, K.to)]
    this.settle()
    this.begin(JOB.level, claim, to)
  }

  /** All stand still: fills the numbers that are left over from behind, and has room for more. */
  private settle(): void {
    const { k, words, slack } = this
    if (Atomics.load(k, K.mask) !== 0) this.fill()
    this.host.allow(this.count, 0)
    const room = (): number =>
      Math.min(
        Math.floor((this.mask + 1) * FULL),
        Math.floor(this.states.view.length / words) - 2,
        (this.found.view.length - 2) * 2 ** FOUND,
      ) - slack
    try {
      this.states.ensure((this.count + 2 * slack + 3) * words)
      this.found.ensure(((this.count + 2 * slack) >> FOUND) + 4)
      // Enough that they do not all stand still again at once.
      while (Math.floor((this.mask + 1) * FULL) - 2 * slack <= this.count) this.double()
    } catch (error) {
      if (error instanceof RoomError) this.host.full(`no memory for more (${error.message}) than these`)
      throw error
    }
    k[K.mask] = this.mask
    // So many that a group which is begun is never in the way.
    k[K.full] = Math.min(room(), this.host.limit + 1 + 2 ** FOUND)
    // A block begins where a group does.
    this.given = this.count | (2 ** FOUND - 1)
    Atomics.store(k, K.count, this.given)
  }

  private double(): void {
    const { k } = this
    const size = (this.mask + 1) * 2
    this.host.allow(this.count, size * 2)
    this.table.ensure(size)
    this.table.view.fill(0, 0, size)
    this.mask = size - 1
    k[K.mask] = this.mask
    this.begin(JOB.rehash, 1, this.count + 1)
    this.first.work()
    this.wait('done')
  }

  /** Gives the last states the numbers that were taken and not given to any. */
  private fill(): void {
    const { k, owns } = this
    const left: number[] = []
    for (let id = this.count + 1; id <= this.given; id++) left.push(id)
    for (const own of owns) {
      for (let id = k[own + OWN.next] ?? 0; id < (k[own + OWN.last] ?? 0); id++) left.push(id)
      k[own + OWN.next] = 0
      k[own + OWN.last] = 0
    }
    left.sort((a, b) => a - b)
    let last = Atomics.load(k, K.count)
    let end = left.length
    for (let i = 0; i < end; ) {
      if (left[end - 1] === last) {
        end -= 1
        last -= 1
      } else {
        this.move(last, left[i] as number)
        i += 1
        last -= 1
      }
    }
    this.count = last
  }

  /** Gives a state another number. */
  private move(from: number, to: number): void {
    const { words, mask } = this
    const [s, t] = [this.states.view, this.table.view]
    const hash = hashOf(s, from * words, words)
    let slot = hash & mask
    while (((t[slot] ?? 0) & mask) !== from) {
      if (t[slot] === 0) throw new Error(`state ${from} is not in the table`)
      slot = (slot + 1) & mask
    }
    t[slot] = (hash & ~mask) | to
    s.copyWithin(to * words, from * words, (from + 1) * words)
    this.moved.set(to, this.found.view[from >> FOUND] ?? 0)
  }

  /** Adds up what a thread has counted. */
  private collect(own: number): void {
    const { k, taken } = this
    const take = (at: number): number => {
      const value = k[own + at] ?? 0
      k[own + at] = 0
      return value
    }
    this.low = (this.low + take(OWN.low)) | 0
    this.high = (this.high + take(OWN.high)) | 0
    this.steps += take(OWN.steps) >>> 0
    for (let row = 0; row < taken.length; row++) taken[row] = (taken[row] ?? 0) + (take(OWN.taken + row) >>> 0)
  }
}

/** What of `c` a thread begins with: what rows do, and nothing that was counted. */
export function afresh(c: Int32Array, kernel: Kernel): Int32Array {
  const fresh = c.slice(0, kernel.end)
  fresh.fill(0, 0, AT.groups)
  fresh.fill(0, kernel.taken, kernel.taken + kernel.rows)
  return fresh
}
