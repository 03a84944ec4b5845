/**
 * Which rows can be taken in a state, without testing each of them each time.
 *
 * The rows of one actor read few variables, and those have together far fewer
 * combinations of values than there are states: which rows fit is worked out
 * once for each combination, and remembered.  A lookup for each actor takes
 * the place of hundreds of tests.
 */

import { mix, SEED } from './engine-table.ts'
import type { Flat, Row } from './flat.ts'
import { everything } from './move.ts'
import type { Field } from './pack.ts'

/** The rows that fit a state: how many there are from `base` of `found` on, in order. */
export interface Enabled {
  /** Puts the numbers of the rows that fit into `found`, from `base` on; answers where they end. */
  readonly at: (states: Int32Array, at: number, base: number) => number
  /** Is replaced by a longer one when it is too short. */
  readonly found: () => Int32Array
}

/** What a row does to a state: `(word & keep) | set`, keep and set for each word, all rows after one another. */
export function effectsOf(rows: readonly Row[], fields: readonly Field[], words: number): Int32Array {
  const effects = new Int32Array(rows.length * words * 2)
  for (const [i, { cells }] of rows.entries()) {
    for (let word = 0; word < words; word++) effects[(i * words + word) * 2] = -1
    for (const { variable, to } of cells) {
      const { word, shift, mask } = fields[variable] as Field
      const at = (i * words + word) * 2
      if (to < 0) continue
      effects[at] = (effects[at] as number) & ~(mask << shift)
      effects[at + 1] = ((effects[at + 1] as number) & ~(mask << shift)) | (to << shift)
    }
  }
  return effects
}

interface Group {
  readonly rows: number[]
  readonly reads: Set<number>
}

/** The rows of each actor, and what they read; one that reads hardly anything that another does not joins it. */
function groupsOf(flat: Flat): Group[] {
  const wide = (variable: number): number => 32 - Math.clz32((flat.variables[variable]?.values.length ?? 1) - 1)
  const groups = new Map<string, Group>()
  for (const [i, row] of flat.rows.entries()) {
    const { rows, reads } = groups.get(row.rule.actor) ?? { rows: [], reads: new Set<number>() }
    groups.set(row.rule.actor, { rows, reads })
    rows.push(i)
    for (const { variable, from } of row.cells) {
      if (from !== everything(flat.variables[variable]?.values ?? [])) reads.add(variable)
    }
  }
  const sorted = [...groups.values()].sort((a, b) => a.reads.size - b.reads.size)
  return sorted.filter((small, i) => {
    const more = (large: Group): number =>
      [...small.reads].reduce((bits, variable) => bits + (large.reads.has(variable) ? 0 : wide(variable)), 0)
    const host = sorted.slice(i + 1).find(large => more(large) <= 2)
    if (host === undefined) return true
    host.rows.push(...small.rows)
    host.rows.sort((a, b) => a - b)
    for (const variable of small.reads) host.reads.add(variable)
    return false
  })
}

/** More combinations than this are forgotten and found again: they only save time. */
const REMEMBERED = 2 ** 19

/** What the rows of a group test, as another thread can be sent it. */
export interface Tests {
  /** The words that are read, and which of their bits. */
  readonly words: readonly number[]
  readonly masks: readonly number[]
  readonly rows: readonly number[]
  /** For each row where its tests end, and the tests: `word, shift, mask, allowed` each. */
  readonly tests: Int32Array
}

/** The rows of a group that fit a state, by testing each. */
export function fittingOf({ rows, tests }: Tests, states: Int32Array, at: number): number[] {
  const fits: number[] = []
  let t = 0
  for (let i = 0; i < rows.length; i++) {
    const next = tests[t] as number
    let all = true
    for (t += 1; all && t < next; t += 4) {
      const value =
        ((states[at + (tests[t] as number)] as number) >>> (tests[t + 1] as number)) & (tests[t + 2] as number)
      all = (((tests[t + 3] as number) >>> value) & 1) !== 0
    }
    if (all) fits.push(rows[i] as number)
    t = next
  }
  return fits
}

/** What is remembered of one group: `table` holds, one after another, the words as masked and where the list of rows is. */
export class Memory implements Tests {
  table: Int32Array
  /** Ones for the entries: their number is a power of two. */
  mask = 255
  count = 0
  /** The words that are read, and which of their bits. */
  readonly words: readonly number[]
  readonly masks: readonly number[]
  readonly rows: readonly number[]
  readonly tests: Int32Array

  constructor(flat: Flat, fields: readonly Field[], { rows, reads }: Group) {
    const masks = new Map<number, number>()
    for (const variable of reads) {
      const { word, shift, mask } = fields[variable] as Field
      masks.set(word, (masks.get(word) ?? 0) | (mask << shift))
    }
    this.words = [...masks.keys()].sort((a, b) => a - b)
    this.masks = this.words.map(word => masks.get(word) ?? 0)
    this.table = new Int32Array(256 * (this.words.length + 1))
    this.rows = rows
    const tests: number[] = []
    for (const row of rows) {
      const begin = tests.push(0) - 1
      for (const { variable, from } of flat.rows[row]?.cells ?? []) {
        const { word, shift, mask } = fields[variable] as Field
        if (from !== everything(flat.variables[variable]?.values ?? [])) tests.push(word, shift, mask, from)
      }
      tests[begin] = tests.length
    }
    this.tests = Int32Array.from(tests)
  }

  /** The rows that fit, by testing each. */
  fitting(states: Int32Array, at: number): number[] {
    return fittingOf(this, states, at)
  }

  /** Keeps where the list for a state is. */
  keep(states: Int32Array, at: number, list: number): void {
    if (this.count * 2 > this.mask) this.double()
    const stride = this.words.length + 1
    const key = this.words.map((word, i) => (states[at + word] as number) & (this.masks[i] as number))
    const entry = this.free(key) * stride
    this.table.set(key, entry)
    this.table[entry + stride - 1] = list
    this.count += 1
  }

  forget(): void {
    this.table.fill(0)
    this.count = 0
  }

  private free(key: ArrayLike<number>): number {
    let hash = SEED
    for (let i = 0; i < key.length; i++) hash = mix(hash, key[i] as number)
    const stride = this.words.length + 1
    let entry = hash & this.mask
    while (this.table[entry * stride + stride - 1] !== 0) entry = (entry + 1) & this.mask
    return entry
  }

  private double(): void {
    const old = this.table
    const stride = this.words.length + 1
    this.table = new Int32Array(old.length * 2)
    this.mask = this.mask * 2 + 1
    for (let at = 0; at < old.length; at += stride) {
      if (old[at + stride - 1] === 0) continue
      const entry = old.subarray(at, at + stride)
      this.table.set(entry, this.free(entry.subarray(0, stride - 1)) * stride)
    }
  }
}

/** How the generated function mixes a word into a hash: as `mix` does. */
export const mixCode = (hash: string, word: string): string =>
  `${hash} = Math.imul(${hash} ^ ${word}, ${0x9e3779b1}); ${hash} ^= ${hash} >>> 15; ` +
  `${hash} = Math.imul(${hash}, ${0x85ebca6b}); ${hash} ^= ${hash} >>> 13;`

/** What is to be remembered of the rows of a system, group by group in the order of their first rows. */
export const memoriesOf = (flat: Flat, fields: readonly Field[]): Memory[] =>
  groupsOf(flat)
    .sort((a, b) => (a.rows[0] ?? 0) - (b.rows[0] ?? 0))
    .map(group => new Memory(flat, fields, group))

/** Remembers which rows fit; `found` holds numbers of places in `flat.rows`. */
export function enabledOf(flat: Flat, fields: readonly Field[], words: number): Enabled {
  const memories = memoriesOf(flat, fields)
  const shared = { lists: new Int32Array(1024), used: 1, found: new Int32Array(256) }
  const miss = (number: number, states: Int32Array, at: number): number => {
    const memory = memories[number] as Memory
    if (memory.count > REMEMBERED || shared.used > REMEMBERED * 16) {
      for (const one of memories) one.forget()
      shared.used = 1
    }
    const rows = memory.fitting(states, at)
    const list = shared.used
    shared.used += rows.length + 1
    if (shared.used > shared.lists.length) {
      const longer = new Int32Array(Math.max(shared.used, shared.lists.length * 2))
      longer.set(shared.lists)
      shared.lists = longer
    }
    shared.lists[list] = rows.length
    shared.lists.set(rows, list + 1)
    memory.keep(states, at, list)
    return list
  }
  const longer = (): Int32Array => {
    const found = new Int32Array(shared.found.length * 2)
    found.set(shared.found)
    shared.found = found
    return found
  }
  const code = memories.map(({ words: read, masks }, number) => {
    const stride = read.length + 1
    const keys = read.map((word, i) => `const k${i} = w${word} & ${masks[i]};`)
    const hash = [`let h = ${SEED};`, ...read.map((_, i) => mixCode('h', `k${i}`))]
    const same = read.map((_, i) => `t[e + ${i}] === k${i}`).join(' && ') || 'true'
    return `{
      ${keys.join(' ')} ${hash.join(' ')}
      const t = m${number}.table, mask = m${number}.mask;
      let p;
      for (h &= mask; ; h = (h + 1) & mask) {
        const e = h * ${stride};
        p = t[e + ${stride - 1}];
        if (p === 0) { p = miss(${number}, states, at); break; }
        if (${same}) break;
      }
      const lists = shared.lists;
      let n = lists[p];
      if (n !== 0) {
        while (end + n > found.length) found = longer();
        do {
          const row = lists[++p];
          let i = end++;
          while (i > base && found[i - 1] > row) { found[i] = found[i - 1]; i--; }
          found[i] = row;
        } while (--n !== 0);
      }
    }`
  })
  const loads = Array.from({ length: words }, (_, i) => `const w${i} = states[at + ${i}];`)
  const body = `return (states, at, base) => {
    let found = shared.found, end = base;
    ${loads.join(' ')}
    ${code.join('\n')}
    return end;
  }`
  const names = memories.map((_, number) => `m${number}`)
  const make = new Function('shared', 'miss', 'longer', ...names, body)
  const at = make(shared, miss, longer, ...memories) as Enabled['at']
  return { at, found: () => shared.found }
}
