/**
 * One thread of a search on several: takes states of the level, a few at a
 * time, for as long as there are any.  As a worker thread this file is one that
 * does what the first thread says; see `engine-team.ts`.
 */
import { isMainThread, workerData } from 'node:worker_threads'
import { Fits } from './engine-fits.ts'
import { AT } from './engine-kernel.ts'
import { Growing } from './engine-memory.ts'
import type { Tests } from './engine-rows.ts'
import { JOB, K, OWN } from './engine-shared.ts'
import type { Made } from './engine-words.ts'
import { instanceOf } from './wasm.ts'

/** States that are taken at once, to go on from or to put into another table. */
const CHUNK = 512

/** What a thread is given. */
export interface Given {
  readonly mark: typeof MATE
  readonly module: WebAssembly.Module
  readonly memories: { readonly [name in 's' | 't' | 'f' | 'k']: WebAssembly.Memory }
  /** What its own memory begins with. */
  readonly c: Int32Array
  readonly end: number
  readonly groups: readonly Tests[]
  readonly words: number
  readonly rows: number
  /** Where in `c` it is counted how often each row was taken. */
  readonly taken: number
  /** Where in `k` its own words are, and where it can say what was wrong. */
  readonly own: number
  readonly text: number
}

/** Words for what was wrong. */
export const TEXT = 128

/** What marks a thread as one of ours. */
export const MATE = 'lockstep search'

/** One thread, be it the first or another. */
export class Mate {
  readonly k: Int32Array
  readonly made: Made
  private readonly given: Given
  private readonly c: Growing
  private readonly fits: Fits

  constructor(given: Given, room: () => void) {
    const { memories, module, words, own } = given
    this.given = given
    this.k = new Int32Array(memories.k.buffer)
    this.c = new Growing(given.c.length)
    this.c.view.set(given.c)
    this.fits = new Fits(this.c, { end: given.end, memories: given.groups })
    this.c.view[AT.thread] = own
    let s = new Int32Array(memories.s.buffer)
    const imports: Made = {
      miss: (group = 0, state = 0) => {
        if ((state + 1) * words > s.length) s = new Int32Array(memories.s.buffer)
        return this.fits.miss(group, s, state * words)
      },
      room: () => {
        room()
        return 0
      },
    }
    const c = this.c.map()
    this.made = instanceOf(module, imports, { ...memories, c })
  }

  /** Takes part in what is done now, until none of it is left. */
  work(): void {
    const { k, made } = this
    const routine = Atomics.load(k, K.job) === JOB.level ? made.level : made.rehash
    const to = Atomics.load(k, K.to)
    for (;;) {
      const at = Atomics.add(k, K.claim, CHUNK)
      if (at >= to) return
      routine?.(at, Math.min(to, at + CHUNK))
      this.beat()
    }
  }

  /** A sign of life. */
  beat(): void {
    Atomics.add(this.k, this.given.own + OWN.beat, 1)
  }

  /** Says what it has counted since it last did. */
  tell(): void {
    const { k, given } = this
    const { own, taken, rows } = given
    const c = this.c.view
    const add = (at: number, from: number): void => {
      k[own + at] = ((k[own + at] ?? 0) + (c[from] ?? 0)) | 0
      c[from] = 0
    }
    add(OWN.low, AT.low)
    add(OWN.high, AT.high)
    add(OWN.steps, AT.steps)
    for (let row = 0; row < rows; row++) add(OWN.taken + row, taken + row)
  }
}

/** The first thread has told the others to stop. */
class Stopped extends Error {}

/** Does what the first thread says until it says to stop. */
function serve(given: Given): void {
  const k = new Int32Array(given.memories.k.buffer)
  let epoch = 0
  const count = (at: number): void => {
    Atomics.add(k, at, 1)
    Atomics.add(k, K.events, 1)
    Atomics.notify(k, K.events)
  }
  /** Waits for something else to do; answers what. */
  const next = (): number => {
    while (Atomics.load(k, K.epoch) === epoch) {
      Atomics.wait(k, K.epoch, epoch, 1000)
      mate?.beat()
    }
    epoch = Atomics.load(k, K.epoch)
    const job = Atomics.load(k, K.job)
    if (job === JOB.stop) throw new Stopped()
    return job
  }
  let mate: Mate | undefined
  let ended = false
  const fail = (why: string): void => {
    ended = true
    const bytes = new TextEncoder().encode(why).subarray(0, TEXT * 4)
    const text = new Int32Array(TEXT)
    new Uint8Array(text.buffer).set(bytes)
    k.set(text, given.text)
    count(K.failed)
  }
  process.on('exit', () => {
    if (!ended) fail('it ended before it was told to')
  })
  try {
    mate = new Mate(given, () => {
      count(K.parked)
      while (next() === JOB.rehash) {
        mate?.work()
        count(K.done)
      }
    })
    for (;;) {
      next()
      mate.work()
      mate.tell()
      count(K.done)
    }
  } catch (error) {
    if (!(error instanceof Stopped)) fail(error instanceof Error ? error.message : String(error))
    ended = true
  }
}

if (!isMainThread && (workerData as Partial<Given> | null)?.mark === MATE) serve(workerData as Given)
