/**
 * One level of a breadth-first search as one would write it down: what the
 * engines that are printed must come to.
 */

import { Fingerprint, grow, hashOf, StateTable } from './engine-table.ts'
import type { Packed } from './pack.ts'

/** All that a search has come to so far. */
export class Search {
  readonly packed: Packed
  readonly table: StateTable
  readonly fingerprint = new Fingerprint()
  /** How often each row was taken. */
  readonly taken: Int32Array
  /** The state that each was found from. */
  parents = new Int32Array(1024)
  steps = 0
  readonly limit: number
  /** Called instead of finding a state more than `limit`; throws. */
  readonly over: () => never

  constructor(packed: Packed, over: () => never, limit: number) {
    this.packed = packed
    this.over = over
    this.limit = limit
    this.table = new StateTable(packed.words)
    this.taken = new Int32Array(packed.flat.rows.length)
  }

  /** Finds a state, from the state number `parent` or as a start. */
  found(states: Int32Array, at: number, parent: number): void {
    const { count } = this.table
    const number = this.table.add(states, at)
    if (number < count) return
    if (number >= this.limit) this.over()
    if (number >= this.parents.length)
      this.parents = grow(this.parents, this.parents.length * 2) as Int32Array<ArrayBuffer>
    this.parents[number] = parent
    this.fingerprint.state(states, at, this.packed.words)
  }

  start(): void {
    const { starts, words } = this.packed
    for (let at = 0; at < starts.length; at += words) this.found(starts, at, -1)
  }
}

/** Goes on from the states `from` to `to` - 1. */
export function plain(search: Search, from: number, to: number): void {
  const { packed, table, fingerprint, taken } = search
  const { words, step } = packed
  const next = new Int32Array(words)
  let current = from
  let hash = 0
  const emit = (row: number): void => {
    search.steps += 1
    taken[row] = (taken[row] ?? 0) + 1
    search.found(next, 0, current)
    fingerprint.step(hash, row, hashOf(next, 0, words))
  }
  for (; current < to; current++) {
    hash = hashOf(table.states, current * words, words)
    step(table.states, current * words, next, emit)
  }
}
