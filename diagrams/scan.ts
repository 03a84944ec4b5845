/**
 * One pass over an explored graph, for all that the drawings ask of it: what
 * some variables were when each row was taken, which values they have at all,
 * and at which of them a system may stay.
 */
import { type Graph, linksOf } from '../impl/explore.ts'
import type { Flat } from '../impl/flat.ts'
import { everything, SpecError } from '../impl/move.ts'
import { read } from '../impl/pack.ts'

/** What was seen of some variables.  Sets of values are bits, as everywhere. */
export interface Seen {
  readonly flat: Flat
  /** The values a variable had in the states in which a row was taken that moves it, or that a command sets off. */
  readonly before: (row: number, variable: number) => number
  /** The values a variable has in some state. */
  readonly reached: (variable: number) => number
  /** The values it starts at. */
  readonly starts: (variable: number) => number
  /** The values it has in some state in which its process lives and nobody owes a step. */
  readonly rests: (variable: number) => number
}

/** The number of a variable.  Throws `SpecError` when there is none of that name. */
export function numberOf(flat: Flat, name: string): number {
  const found = flat.index.get(name)
  if (found === undefined) throw new SpecError(`${flat.name} has no variable "${name}"`)
  return found
}

/** The side that a variable belongs to, or '' for one of the whole. */
export const sideOf = (name: string): string => (name.includes('.') ? name.slice(0, name.indexOf('.')) : '')

/** Looks at every state and every step of a graph once.  Only these variables are watched; more of them cost time. */
export function scan(graph: Graph, names: readonly string[]): Seen {
  const { packed, states, size } = graph
  const { flat, fields, words } = packed
  const watched = [...new Set(names)].map(name => {
    const variable = numberOf(flat, name)
    const process = flat.index.get(`${sideOf(name)}.process`)
    return { variable, field: fields[variable], process: process === undefined ? undefined : fields[process] }
  })
  const count = watched.length
  const place = new Map(watched.map(({ variable }, i) => [variable, i]))
  const before = new Int32Array(flat.rows.length * count)
  const reached = new Int32Array(count)
  const rests = new Int32Array(count)
  const here = new Int32Array(count)
  const owed = Uint8Array.from(flat.rows, row => (row.owed ? 1 : 0))
  // There are millions of steps, and of most rows nobody asks.
  const asked = flat.rows.map(({ cells, cause }) =>
    watched.flatMap(({ variable }, i) =>
      cause?.kind === 'command' || cells.some(cell => cell.variable === variable && cell.to >= 0) ? [i] : [],
    ),
  )
  const { heads, edges } = linksOf(graph)
  for (let state = 0; state < size.states; state++) {
    const at = state * words
    for (const [i, { field }] of watched.entries()) here[i] = field === undefined ? 0 : 1 << read(states, at, field)
    let quiet = true
    const end = heads[state + 1] ?? 0
    for (let edge = heads[state] ?? 0; edge < end; edge++) {
      const row = edges[edge * 2 + 1] ?? 0
      if (owed[row] === 1) quiet = false
      for (const i of asked[row] ?? []) before[row * count + i] = (before[row * count + i] ?? 0) | (here[i] ?? 0)
    }
    for (const [i, { process }] of watched.entries()) {
      reached[i] = (reached[i] ?? 0) | (here[i] ?? 0)
      const alive = process === undefined || read(states, at, process) === 0
      if (quiet && alive) rests[i] = (rests[i] ?? 0) | (here[i] ?? 0)
    }
  }
  const placeOf = (variable: number): number => {
    const found = place.get(variable)
    if (found === undefined) throw new SpecError(`variable "${flat.variables[variable]?.name}" was not watched`)
    return found
  }
  return {
    flat,
    before: (row, variable) => before[row * count + placeOf(variable)] ?? 0,
    reached: variable => reached[placeOf(variable)] ?? 0,
    starts: variable => flat.variables[variable]?.start ?? 0,
    rests: variable => rests[placeOf(variable)] ?? 0,
  }
}

/** What the rules alone say, for a system that is not explored: every row may be taken, no value is known to be a rest. */
export function unexplored(flat: Flat): Seen {
  const all = (variable: number): number => everything(flat.variables[variable]?.values ?? [])
  return {
    flat,
    before: (row, variable) => flat.rows[row]?.cells.find(cell => cell.variable === variable)?.from ?? all(variable),
    reached: all,
    starts: variable => flat.variables[variable]?.start ?? 0,
    rests: () => 0,
  }
}
