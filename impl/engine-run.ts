/**
 * A search under way: its memories, what it calls when they are full, and the
 * change from JavaScript to WebAssembly once it has become large.
 */

import { Fits } from './engine-fits.ts'
import { AT, type Kernel, kernelOf, SAMPLED, type Shape, writeEffects } from './engine-kernel.ts'
import { Growing, RoomError } from './engine-memory.ts'
import { FOUND } from './engine-shared.ts'
import { hashOf } from './engine-table.ts'
import { Team } from './engine-team.ts'
import { asJavaScript, type Made, type Views } from './engine-words.ts'
import type { Packed } from './pack.ts'
import { asWebAssembly } from './wasm.ts'

/** What stops a search. */
export interface Bounds {
  /** So many states. */
  readonly limit: number
  /** So many bytes. */
  readonly bytes: number
  /** Called instead of finding more, with why; throws. */
  readonly over: (why: string) => never
}

/** Of so many places of the table three are taken, at most: then it is made twice as large. */
const FULL = 0.75
/** A search of a system. */
export class Run {
  readonly packed: Packed
  kernel: Kernel
  /** How often each row was taken. */
  readonly taken: Float64Array
  steps = 0
  /** In how many states it starts. */
  starts = 0
  engine: 'js' | 'wasm'
  private quick = false
  private readonly bounds: Bounds
  private readonly keepsLinks: boolean
  private readonly shape: Shape
  private memories: { readonly [name: string]: Growing }
  private team: Team | undefined
  private sumsBefore = { low: 0, high: 0 }
  private made: Made
  private refresh: () => void
  private readonly fits: Fits

  constructor(packed: Packed, bounds: Bounds, shape: Shape = {}, engine: 'js' | 'wasm' = 'js') {
    this.engine = engine
    this.packed = packed
    this.bounds = bounds
    const kernel = kernelOf(packed.flat, packed.fields, packed.words, shape)
    this.kernel = kernel
    this.shape = shape
    this.keepsLinks = shape.links === true
    this.taken = new Float64Array(packed.flat.rows.length)
    this.memories = Object.fromEntries(kernel.program.memories.map(name => [name, new Growing(1024)]))
    this.fits = new Fits(this.memory('c'), kernel)
    this.memory('s').ensure(1024 * packed.words)
    if (kernel.memories.length > 0) writeEffects(this.view('c'), kernel, packed.flat, packed.fields)
    this.set(AT.mask, this.view('t').length - 1)
    this.refill()
    if (engine === 'wasm') {
      this.made = this.assembled()
      this.refresh = () => {}
    } else {
      const { made, refresh } = asJavaScript(kernel.program, this.imports(), () => this.views())
      this.made = made
      this.refresh = refresh
    }
    this.start()
  }

  /** How many states there are so far. */
  get count(): number {
    return this.get(AT.count)
  }

  /** How many bytes hold them, and all that goes with them. */
  get bytes(): number {
    const { words } = this.packed
    const found = this.count / 2 ** (this.team === undefined ? SAMPLED : FOUND)
    const used = this.count * words + found + this.get(AT.mask) + 1 + this.fits.top
    return 4 * (used + this.get(AT.links) * 2)
  }

  /** The sums of what states add to the fingerprint, and of what steps add. */
  get sums(): { readonly low: number; readonly high: number } {
    return { low: this.get(AT.low), high: this.get(AT.high) }
  }

  /** Goes on from the states of these numbers, from zero on, `to` not among them. */
  level(from: number, to: number): void {
    if (this.team !== undefined) {
      this.together(this.team, from, to)
      return
    }
    if (this.keepsLinks && this.memory('h').ensure(to + 2)) this.refresh()
    this.set(AT.steps, 0)
    const { level } = this.made
    level?.(from + 1, to + 1)
    this.steps += this.get(AT.steps) >>> 0
    const c = this.view('c')
    for (let row = 0; row < this.taken.length; row++) {
      const at = this.kernel.taken + row
      this.taken[row] = (this.taken[row] ?? 0) + ((c[at] ?? 0) >>> 0)
      c[at] = 0
    }
  }

  /** Goes on in WebAssembly, printed to suit what was found so far. */
  quicken(): void {
    if (this.quick) return
    this.quick = true
    // Where hardly any two states are alike to a group of rows, its rows are tested one after another.
    const tested = this.fits.counts.flatMap((fits, group) => (fits * 4 > this.count ? [group] : []))
    if (tested.length > 0) {
      const { flat, fields, words } = this.packed
      this.kernel = kernelOf(flat, fields, words, { ...this.shape, tested: new Set(tested) })
    } else if (this.engine === 'wasm') return
    this.refresh = () => {}
    this.made = this.assembled()
    this.engine = 'wasm'
  }

  private assembled(): Made {
    const { program } = this.kernel
    const memories = Object.fromEntries(program.memories.map(name => [name, this.memory(name).map()]))
    return asWebAssembly(program, this.imports(), memories)
  }

  /** Goes on on so many threads, between two levels; those keep no steps.  Where there is no memory to share it does not. */
  gather(threads: number): void {
    if (this.team !== undefined || this.keepsLinks || threads < 2) return
    const { packed, shape, bounds } = this
    const { flat, fields, words } = packed
    const kernel = kernelOf(flat, fields, words, { ...shape, shared: true })
    const c = new Int32Array(kernel.end)
    if (kernel.memories.length > 0) writeEffects(c, kernel, flat, fields)
    const count = this.count
    const begun = {
      ...{ count, mask: this.get(AT.mask), table: this.view('t'), words, rows: flat.rows.length },
      states: this.view('s').subarray(0, (count + 1) * words),
    }
    try {
      this.team = new Team(
        kernel,
        c,
        begun,
        threads,
        {
          limit: bounds.limit,
          allow: (found, more) => this.allow(found, more),
          full: bounds.over,
        },
        shape.trial,
      )
    } catch (error) {
      if (error instanceof RoomError) return
      throw error
    }
    this.quick = true
    this.sumsBefore = this.sums
    this.memories = { ...this.memories, s: this.team.states, t: this.team.table }
  }

  /** Lets other threads go. */
  end(): void {
    this.team?.stop()
  }

  private together(team: Team, from: number, to: number): void {
    const { steps } = team
    const taken = team.taken.slice()
    team.level(from, to)
    this.steps += team.steps - steps
    for (let row = 0; row < taken.length; row++) {
      this.taken[row] = (this.taken[row] ?? 0) + (team.taken[row] ?? 0) - (taken[row] ?? 0)
    }
    this.set(AT.count, team.count)
    this.set(AT.mask, team.mask)
    this.set(AT.low, (this.sumsBefore.low + team.low) | 0)
    this.set(AT.high, (this.sumsBefore.high + team.high) | 0)
  }

  /** Throws where there may not be so many states, or so many bytes more. */
  private allow(count: number, more: number): void {
    const { limit, bytes, over } = this.bounds
    this.set(AT.count, Math.min(count, limit))
    if (count > limit) over(`more than ${limit.toLocaleString('en')} states`)
    if (this.bytes + more * 4 > bytes) over(`more than ${Math.round(bytes / 1e6).toLocaleString('en')} MB`)
  }

  /** The words of all states, one after another. */
  states(): Int32Array {
    const { words } = this.packed
    return this.view('s').subarray(words, (this.count + 1) * words)
  }

  /** The steps, where they were kept: for each state where its own begin, and for each its target and its row. */
  links(): { readonly heads: Int32Array; readonly edges: Int32Array } {
    const heads = this.view('h').subarray(1, this.count + 2)
    const count = this.get(AT.links)
    heads[this.count] = count
    return { heads, edges: this.view('e').subarray(0, count * 2) }
  }

  /** Between which states stands the one that a state was found from. */
  foundBetween(state: number): readonly [number, number] {
    const { team } = this
    if (team !== undefined && state >= team.before) return [team.foundFrom(state + 1) - 1, state - 1]
    const p = this.view('p')
    const block = (state + 1) >> SAMPLED
    const count = team?.before ?? this.count
    const last = count >> SAMPLED > block ? (p[block + 1] ?? 1) - 1 : count - 1
    return [Math.max(0, (p[block] ?? 1) - 1), Math.min(last, state - 1)]
  }

  /** The number of a state that is there, or -1. */
  find(state: Int32Array, at: number): number {
    const { words } = this.packed
    const [s, t] = [this.view('s'), this.view('t')]
    const mask = this.get(AT.mask)
    const hash = hashOf(state, at, words)
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const known = t[slot] ?? 0
      if (known === 0) return -1
      if (((known ^ hash) & ~mask) !== 0) continue
      const id = known & mask
      let i = 0
      while (i < words && s[id * words + i] === state[at + i]) i++
      if (i === words) return id - 1
    }
  }

  private memory(name: string): Growing {
    const found = this.memories[name]
    if (found === undefined) throw new Error(`there is no memory "${name}"`)
    return found
  }

  private view(name: string): Int32Array {
    return this.memory(name).view
  }

  private views(): Views {
    return Object.fromEntries(Object.entries(this.memories).map(([name, { view }]) => [name, view]))
  }

  private get(at: number): number {
    return this.view('c')[at] ?? 0
  }

  private set(at: number, value: number): void {
    this.view('c')[at] = value
  }

  private imports(): Made {
    return {
      miss: (group = 0, state = 0) => {
        const list = this.fits.miss(group, this.view('s'), state * this.packed.words)
        this.refresh()
        return list
      },
      room: () => this.room(),
    }
  }

  /** The starts go through the batch like what a state leads to, but they are no steps. */
  private start(): void {
    const { starts, words } = this.packed
    const { batch, stride } = this.kernel
    for (let at = 0; at < starts.length; at += words) {
      const c = this.view('c')
      c[batch] = hashOf(starts, at, words)
      for (let i = 0; i < words; i++) c[batch + 1 + i] = starts[at + i] ?? 0
      c[batch + 1 + words] = 0
      this.made.flush?.(batch + stride)
    }
    this.starts = this.count
    this.set(AT.links, 0)
  }

  /** Says how many states there may be until there must be more room. */
  private refill(): void {
    const table = Math.floor((this.get(AT.mask) + 1) * FULL)
    const states = Math.floor(this.view('s').length / this.packed.words) - 2
    const found = (this.view('p').length - 1) * 2 ** SAMPLED - 1
    this.set(AT.full, Math.min(table, states, found, this.bounds.limit))
    if (this.keepsLinks) this.set(AT.linksFull, (this.view('e').length >> 1) - this.atOnce)
  }

  private room(): number {
    const { count } = this
    const { limit, bytes, over } = this.bounds
    if (count >= limit) over(`more than ${limit.toLocaleString('en')} states`)
    const size = this.get(AT.mask) + 1
    const larger = count >= Math.floor(size * FULL)
    if (this.bytes + (larger ? size * 4 : 0) > bytes)
      over(`more than ${Math.round(bytes / 1e6).toLocaleString('en')} MB`)
    try {
      this.memory('s').ensure((count + 3) * this.packed.words)
      this.memory('p').ensure((count >> SAMPLED) + 3)
      if (this.keepsLinks) this.memory('e').ensure((this.get(AT.links) + this.atOnce) * 2 + 2)
      if (larger) this.memory('t').ensure(size * 2)
    } catch (error) {
      if (error instanceof RoomError) over(`no memory for more (${error.message}) than these`)
      throw error
    }
    if (larger) {
      this.view('t').fill(0, 0, size * 2)
      this.set(AT.mask, size * 2 - 1)
    }
    this.refill()
    this.refresh()
    if (larger) this.made.rehash?.()
    return 0
  }

  /** How many steps one look at the batch may add at most. */
  private get atOnce(): number {
    return this.kernel.batchEnd - this.kernel.batch + this.kernel.rows
  }
}
