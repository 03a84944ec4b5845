/**
 * Breadth-first search over packed states: how many there are, how they hang
 * together, and the shortest way to each.
 */
import type { Packed } from './pack.ts'

/** An explored system.  States are numbered in the order in which they were found. */
export interface Graph {
  readonly packed: Packed
  /** `size.depth` is the number of steps to the state farthest from a start. */
  readonly size: { readonly states: number; readonly steps: number; readonly depth: number }
  /** Sixteen hexadecimal digits that any other explorer of the same rules must come to. */
  readonly fingerprint: string
  /** The words of all states, one after another. */
  readonly states: Int32Array
  /** For each state the state it was found from, or -1, and the row that led there. */
  readonly parents: Int32Array
  readonly via: Int32Array
  /** How often each row is taken. */
  readonly taken: Int32Array
  /** Ids of rules that no reachable state takes. */
  readonly unused: readonly string[]
  /** The number of a state, or -1. */
  readonly find: (words: Int32Array, at: number) => number
}

/** More states than allowed were found: says how many, and that this proves nothing. */
export class LimitError extends Error {
  override readonly name = 'LimitError'
}

/** What `explore` reports while it runs. */
export interface Progress {
  readonly states: number
  readonly queue: number
}

/** Two multiply-xorshift rounds a word: a plain exclusive or never finishes. */
export function mix(hash: number, word: number): number {
  let h = Math.imul(hash ^ word, 0x9e3779b1)
  h ^= h >>> 15
  h = Math.imul(h, 0x85ebca6b)
  return h ^ (h >>> 13)
}

const hashOf = (words: Int32Array, at: number, count: number, seed = 0x2545f491): number => {
  let h = seed
  for (let i = 0; i < count; i++) h = mix(h, words[at + i] ?? 0)
  return h
}

const grow = (array: Int32Array, length: number): Int32Array => {
  const next = new Int32Array(length)
  next.set(array)
  return next
}

/** Order does not matter to a fingerprint: each state and each step adds its own hash. */
export class Fingerprint {
  private low = 0
  private high = 0

  state(words: Int32Array, at: number, count: number): void {
    this.low = (this.low + hashOf(words, at, count)) | 0
  }

  step(from: number, row: number, to: number): void {
    this.high = (this.high + mix(mix(from, row + 1), to)) | 0
  }

  static of = hashOf

  print(): string {
    return [this.low, this.high].map(half => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }
}

/** An insert-only set of packed states that numbers them; open addressing at a load below 0.6. */
export class StateTable {
  states: Int32Array
  count = 0
  private slots: Int32Array
  private readonly words: number

  constructor(words: number, capacity = 1024) {
    this.words = words
    this.states = new Int32Array(capacity * words)
    this.slots = new Int32Array(capacity * 2)
  }

  /** The number of a state that is there, or -1. */
  find(words: Int32Array, at: number): number {
    return (this.slots[this.slotOf(words, at)] ?? 0) - 1
  }

  /** The number of the state, which is `count - 1` when it is new. */
  add(words: Int32Array, at: number): number {
    let slot = this.slotOf(words, at)
    const known = this.slots[slot] ?? 0
    if (known !== 0) return known - 1
    if (this.count * 5 > this.slots.length * 3) {
      this.rehash()
      slot = this.slotOf(words, at)
    }
    if ((this.count + 1) * this.words > this.states.length) this.states = grow(this.states, this.states.length * 2)
    for (let i = 0; i < this.words; i++) this.states[this.count * this.words + i] = words[at + i] ?? 0
    this.count += 1
    this.slots[slot] = this.count
    return this.count - 1
  }

  private slotOf(words: Int32Array, at: number): number {
    const mask = this.slots.length - 1
    let slot = hashOf(words, at, this.words) & mask
    for (;;) {
      const known = this.slots[slot] ?? 0
      if (known === 0 || this.same((known - 1) * this.words, words, at)) return slot
      slot = (slot + 1) & mask
    }
  }

  private same(mine: number, words: Int32Array, at: number): boolean {
    for (let i = 0; i < this.words; i++) if (this.states[mine + i] !== words[at + i]) return false
    return true
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2)
    for (let n = 0; n < this.count; n++) this.slots[this.slotOf(this.states, n * this.words)] = n + 1
  }
}

/**
 * Explores everything that can be reached.  Throws `LimitError` past `limit`
 * states; `progress` is called now and then.
 */
export function explore(
  packed: Packed,
  options: { readonly limit?: number; readonly progress?: (at: Progress) => void } = {},
): Graph {
  const { words, flat, step } = packed
  const limit = options.limit ?? 30_000_000
  const table = new StateTable(words)
  const fingerprint = new Fingerprint()
  const taken = new Int32Array(flat.rows.length)
  const next = new Int32Array(words)
  let parents: Int32Array = new Int32Array(1024)
  let via: Int32Array = new Int32Array(1024)
  let current = -1
  let currentHash = 0
  let steps = 0

  const found = (row: number): number => {
    const before = table.count
    const number = table.add(next, 0)
    if (table.count > before) {
      if (number >= limit) throw new LimitError(`more than ${limit} states of ${flat.name}; this proves nothing`)
      if (number >= parents.length) {
        parents = grow(parents, parents.length * 2)
        via = grow(via, via.length * 2)
      }
      parents[number] = current
      via[number] = row
      fingerprint.state(next, 0, words)
    }
    return number
  }
  const emit = (row: number): void => {
    steps += 1
    taken[row] = (taken[row] ?? 0) + 1
    found(row)
    fingerprint.step(currentHash, row, Fingerprint.of(next, 0, words))
  }

  for (let at = 0; at < packed.starts.length; at += words) {
    for (let i = 0; i < words; i++) next[i] = packed.starts[at + i] ?? 0
    found(-1)
  }
  let depth = 0
  let levelEnd = table.count
  for (current = 0; current < table.count; current++) {
    if (current === levelEnd) {
      depth += 1
      levelEnd = table.count
      options.progress?.({ states: table.count, queue: table.count - current })
    }
    currentHash = Fingerprint.of(table.states, current * words, words)
    step(table.states, current * words, next, emit)
  }
  const used = new Set(flat.rows.filter(row => taken[row.id] !== 0).map(row => row.rule.id))
  return {
    packed,
    size: { states: table.count, steps, depth },
    fingerprint: fingerprint.print(),
    states: table.states.subarray(0, table.count * words),
    parents: parents.subarray(0, table.count),
    via: via.subarray(0, table.count),
    taken,
    unused: flat.rules.map(rule => rule.id).filter(id => !used.has(id)),
    find: (at, offset) => table.find(at, offset),
  }
}

/** One step of a path: the row taken and the number of the state it led to. */
export interface PathStep {
  readonly row: number
  readonly state: number
}

/** The shortest path from a start to a state. */
export function pathTo(graph: Graph, state: number): { readonly start: number; readonly steps: PathStep[] } {
  const steps: PathStep[] = []
  let at = state
  while ((graph.parents[at] ?? -1) >= 0) {
    steps.push({ row: graph.via[at] ?? -1, state: at })
    at = graph.parents[at] ?? -1
  }
  return { start: at, steps: steps.reverse() }
}
