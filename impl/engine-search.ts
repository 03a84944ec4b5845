/**
 * One level of a breadth-first search: what the states of it lead to.
 *
 * `quick` is generated for so many words a state, and hashes a state once, for
 * the table and for the fingerprint; `plain` is what it must come to.
 */

import { mixCode } from './engine-rows.ts'
import { Fingerprint, grow, hashOf, SEED, StateTable } from './engine-table.ts'
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

  /** Makes room for another state. */
  room(): void {
    if (this.table.count >= this.limit) this.over()
    this.table.room()
    if (this.table.count >= this.parents.length)
      this.parents = grow(this.parents, this.parents.length * 2) as Int32Array<ArrayBuffer>
  }

  start(): void {
    const { starts, words } = this.packed
    for (let at = 0; at < starts.length; at += words) this.found(starts, at, -1)
  }
}

/** Goes on from the states `from` to `to` - 1. */
export type Level = (search: Search, from: number, to: number) => void

export const plain: Level = (search, from, to) => {
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

/** The same for a number of words, given the remembered rows. */
type Quick = (
  search: Search,
  from: number,
  to: number,
  at: unknown,
  found: unknown,
  effects: Int32Array,
  ids: Int32Array,
) => void

const made = new Map<number, Quick>()

function make(words: number): Quick {
  const all = Array.from({ length: words }, (_, i) => i)
  const hash = (name: string, word: string) => all.map(i => mixCode(name, `${word}${i}`)).join('\n      ')
  const body = `
  const { table, taken, fingerprint } = search;
  let { states, slots, count } = table;
  let { parents } = search, { low, high } = fingerprint, steps = 0;
  let mask = slots.length - 1, full = Math.min(search.limit, parents.length, states.length / ${words}, Math.floor(slots.length * 3 / 5));
  for (let current = from; current < to; current++) {
    const place = current * ${words};
    const end = at(states, place, 0), rows = found();
    ${all.map(i => `const w${i} = states[place + ${i}];`).join(' ')}
    let from = ${SEED};
      ${hash('from', 'w')}
    steps += end;
    for (let i = 0; i < end; i++) {
      const place = rows[i], e = place * ${words * 2}, row = ids[place];
      taken[row]++;
      ${all.map(i => `const n${i} = (w${i} & effects[e + ${i * 2}]) | effects[e + ${i * 2 + 1}];`).join(' ')}
      let h = ${SEED};
      ${hash('h', 'n')}
      let s = from;
      ${mixCode('s', '(row + 1)')} ${mixCode('s', 'h')}
      high = (high + s) | 0;
      let slot = h & mask;
      for (;;) {
        const known = slots[slot];
        if (known === 0) {
          if (count >= full) {
            table.count = count;
            search.room();
            states = table.states; slots = table.slots; parents = search.parents;
            mask = slots.length - 1;
            full = Math.min(search.limit, parents.length, states.length / ${words}, Math.floor(slots.length * 3 / 5));
            slot = h & mask;
            while (slots[slot] !== 0) slot = (slot + 1) & mask;
          }
          parents[count] = current;
          const to = count * ${words};
          ${all.map(i => `states[to + ${i}] = n${i};`).join(' ')}
          slots[slot] = (h & ~mask) | ++count;
          low = (low + h) | 0;
          break;
        }
        if (((known ^ h) & ~mask) === 0) {
          const is = ((known & mask) - 1) * ${words};
          if (${all.map(i => `states[is + ${i}] === n${i}`).join(' && ')}) break;
        }
        slot = (slot + 1) & mask;
      }
    }
  }
  table.count = count;
  fingerprint.low = low; fingerprint.high = high;
  search.steps += steps;`
  return new Function('search', 'from', 'to', 'at', 'found', 'effects', 'ids', body) as Quick
}

/** What goes through a level of a system whose rows are remembered. */
export function quick(packed: Packed): Level {
  const { at, found, effects } = packed.remembered?.() ?? {}
  const ids = Int32Array.from(packed.flat.rows, row => row.id)
  const level = made.get(packed.words) ?? make(packed.words)
  made.set(packed.words, level)
  return (search, from, to) => level(search, from, to, at, found, effects as Int32Array, ids)
}
