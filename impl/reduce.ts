/**
 * A search that leaves out what a claim cannot tell: `never` and `sometimes`
 * over states and rows, as surely as a search of all.
 *
 * It looks at the variables that can matter to the claim, forgets what nobody
 * will read any more, and takes silent steps alone where that takes nothing
 * away, so that no state in between is kept.  What it finds can be gone step
 * by step in the whole; but its way is not the shortest.  Claims about what
 * rests, or comes in the end, it cannot judge: a state that is not kept may
 * rest, and a step that is put first may be one that fairness does not owe.
 */
import { aloneOf, type Flaws } from './alone.ts'
import { bareOf, mattering, type Sight } from './bare.ts'
import { StateTable } from './engine-table.ts'
import type { Cell } from './flat.ts'
import { forgetter, forgottenOf } from './forgotten.ts'
import { anyOf, type Packed, pack } from './pack.ts'
import { pairsOf } from './pairs.ts'

/** What a claim asks for: a state that fits one of the patterns, and where rules are named, one of them taken there. */
export interface Asked {
  readonly where: readonly (readonly Cell[])[]
  /** Ids of rules. */
  readonly rules?: ReadonlySet<string>
}

/** What a reduced search comes to. */
export interface Reduced {
  /** States and steps that were kept of it, and rows that may be taken alone. */
  readonly states: number
  readonly steps: number
  readonly alone: number
  /** A way in the whole to what was asked for: a state it may start in, as packed words, and the rows to take. */
  readonly way?: { readonly start: Int32Array; readonly rows: readonly number[] }
}

/** So many steps taken alone come after one another at most, or there is no end to them. */
const ENDLESS = 100_000

/** Searches all that the question can tell apart.  Throws `RangeError` where that is more states than the limit. */
export function reduced(packed: Packed, asked: Asked, flaws: Flaws = {}, limit = Number.POSITIVE_INFINITY): Reduced {
  const { flat, fields, words, starts } = packed
  const names = (rule: string): boolean => asked.rules?.has(rule) === true
  const variables = new Set(asked.where.flatMap(cells => cells.map(({ variable }) => variable)))
  const sight: Sight = { variables, names: row => names(row.rule.id) }
  const pairs = pairsOf(flat)
  const matter = mattering(flat, sight, pairs.rows)
  const rows = bareOf(flat, sight, matter, pairs.rows)
  const forgotten = forgottenOf(flat, rows, flaws.keeps === false ? new Set() : variables)
  const alone = aloneOf(flat, rows, pairs, forgotten, flaws)
  const some = (chosen: Iterable<{ readonly row: number }>): Packed => {
    const ids = new Set([...chosen].map(({ row }) => row))
    return pack({ ...flat, rows: flat.rows.filter(({ id }) => ids.has(id)) })
  }
  const forget = forgetter(flat, fields, words, matter, forgotten)
  const [all, silent] = [some(rows), some(alone)]
  const fits = anyOf(packed, asked.where)

  const table = new StateTable(words)
  let parents = new Int32Array(1024)
  let via = new Int32Array(1024)
  const begun: number[] = []
  const found = new Int32Array(words)
  const first = new Int32Array(words)
  /** Takes what can be taken alone, one after another; answers the rows where they are asked for. */
  const settle = (state: Int32Array, tell?: (row: number) => void): void => {
    for (let steps = 0; ; steps++) {
      let row = -1
      silent.step(state, 0, found, id => {
        if (row >= 0) return
        row = id
        first.set(found)
      })
      if (row < 0) return
      if (steps > ENDLESS) throw new Error(`there is no end to ${flat.rows[row]?.rule.id}`)
      state.set(first)
      tell?.(row)
    }
  }
  const state = new Int32Array(words)
  const add = (parent: number, row: number): void => {
    settle(state)
    forget(state)
    const before = table.count
    const number = table.add(state, 0)
    if (number < before) return
    if (number === parents.length) [parents, via] = [longer(parents), longer(via)]
    parents[number] = parent
    via[number] = row
  }
  for (let at = 0; at < starts.length; at += words) {
    state.set(starts.subarray(at, at + words))
    const before = table.count
    add(-1, begun.length)
    if (table.count > before) begun.push(at)
  }
  const here = new Int32Array(words)
  const next = new Int32Array(words)
  let steps = 0
  let goal: { readonly state: number; readonly row: number } | undefined
  for (let at = 0; at < table.count; at++) {
    if (table.count > limit) throw new RangeError(`more than ${limit} states of ${flat.name} are left`)
    here.set(table.states.subarray(at * words, (at + 1) * words))
    const is = goal === undefined && fits(here, 0)
    if (is && asked.rules === undefined) goal = { state: at, row: -1 }
    all.step(here, 0, next, row => {
      if (is && goal === undefined && names(flat.rows[row]?.rule.id ?? '')) goal = { state: at, row }
      steps += 1
      state.set(next)
      add(at, row)
    })
  }
  const base = { states: table.count, steps, alone: alone.size }
  if (goal === undefined) return base

  // The rows that lead there in the whole, gone step by step.
  const back: number[] = []
  let at = goal.state
  for (; (parents[at] ?? -1) >= 0; at = parents[at] ?? -1) back.push(via[at] ?? -1)
  const from = begun[via[at] ?? 0] ?? 0
  const start = starts.slice(from, from + words)
  const way: number[] = []
  state.set(start)
  settle(state, row => way.push(row))
  for (const row of back.reverse()) {
    take(packed, state, row)
    way.push(row)
    settle(state, id => way.push(id))
  }
  if (goal.row >= 0) way.push(goal.row)
  return { ...base, way: { start, rows: way } }
}

const longer = (array: Int32Array): Int32Array<ArrayBuffer> => {
  const copy = new Int32Array(array.length * 2)
  copy.set(array)
  return copy
}

/** Takes a row, in place.  Throws where it cannot be taken. */
export function take({ flat, fields }: Packed, state: Int32Array, row: number): void {
  const { cells = [], rule } = flat.rows[row] ?? {}
  for (const { variable, from } of cells) {
    const { word = 0, shift = 0, mask = 0 } = fields[variable] ?? {}
    if (((from >>> (((state[word] ?? 0) >>> shift) & mask)) & 1) === 0) throw new Error(`${rule?.id} cannot be taken`)
  }
  for (const { variable, to } of cells) {
    const { word = 0, shift = 0, mask = 0 } = fields[variable] ?? {}
    if (to >= 0) state[word] = ((state[word] ?? 0) & ~(mask << shift)) | (to << shift)
  }
}
