/**
 * Takes enabled rows one by one, over states that are plain objects.
 *
 * This is the slow, obvious reading: it shares nothing with the packed engine
 * but the rows themselves, so that the two can be set against each other, and
 * a server can be built around it.
 */
import type { Match } from '../spec/lang.ts'
import type { Cell, Flat, FlatQuery, Output, Row } from './flat.ts'
import { namesOf } from './move.ts'

/** Each variable by name, in the order in which the system declares them. */
export type State = { readonly [variable: string]: string }

/** A cell by names: what a variable may be, and what it becomes. */
interface Named {
  readonly name: string
  readonly from: ReadonlySet<string>
  readonly to: string | undefined
}

const nameOf = (flat: Flat, { variable, from, to }: Cell): Named => {
  const { name, values } = flat.variables[variable] ?? { name: '', values: [] }
  return { name, from: new Set(namesOf(from, values)), to: values[to] }
}

// A cell is named once however many states it is held against; cells are never changed, so this cannot go stale.
const known = new WeakMap<Flat, WeakMap<Cell, Named>>()

function named(flat: Flat, cell: Cell): Named {
  let cells = known.get(flat)
  if (cells === undefined) {
    cells = new WeakMap()
    known.set(flat, cells)
  }
  let found = cells.get(cell)
  if (found === undefined) {
    found = nameOf(flat, cell)
    cells.set(cell, found)
  }
  return found
}

/** One text for one state, whoever made it, as long as its members are in the order of the variables. */
export const key = (state: State): string => JSON.stringify(state)

/** The states that a system may start in. */
export function starts(flat: Flat): State[] {
  let states: State[] = [{}]
  for (const { name, values, start } of flat.variables) {
    states = states.flatMap(state => namesOf(start, values).map(value => ({ ...state, [name]: value })))
  }
  return states
}

/** Whether a state fits all of these cells. */
export const holds = (flat: Flat, state: State, cells: readonly Cell[]): boolean =>
  cells.every(cell => {
    const { name, from } = named(flat, cell)
    return from.has(state[name] ?? '')
  })

/** The rows that may be taken here. */
export const enabled = (flat: Flat, state: State): Row[] => flat.rows.filter(row => holds(flat, state, row.cells))

/** The state after a row is taken.  Throws when it may not be taken here. */
export function take(flat: Flat, state: State, row: Row): State {
  if (!holds(flat, state, row.cells))
    throw new Error(`row ${row.id}, "${row.rule.id}", cannot be taken in ${key(state)}`)
  const moved: { [variable: string]: string } = { ...state }
  for (const cell of row.cells) {
    const { name, to } = named(flat, cell)
    if (to !== undefined) moved[name] = to
  }
  return moved
}

/** What a query is answered here: the first match of each of its tables, or undefined when it is not answered at all. */
export function answer(flat: Flat, state: State, query: FlatQuery): Match[] | undefined {
  if (!holds(flat, state, query.where)) return undefined
  return query.tables.flatMap(table => {
    const row = table.find(({ cells }) => holds(flat, state, cells))
    return row === undefined ? [] : [row.match]
  })
}

/** One step of a walk: the row, what it showed, and where it led. */
export interface Taken {
  readonly row: Row
  readonly says: readonly Output[]
  readonly state: State
}

/** A walk from a start. */
export interface Walk {
  readonly start: State
  readonly steps: readonly Taken[]
}

/**
 * Walks where the picks say: the first chooses among the starts, each further
 * one among the rows that are enabled; ends early where there are none.
 */
export function walk(flat: Flat, picks: readonly number[]): Walk {
  const begin = starts(flat)
  const start = begin[(picks[0] ?? 0) % begin.length] ?? {}
  const walker = new Walker(flat, start)
  const steps: Taken[] = []
  for (const pick of picks.slice(1)) {
    const rows = walker.enabled()
    const row = rows[pick % rows.length]
    if (row === undefined) break
    steps.push({ row, says: walker.take(row), state: walker.state })
  }
  return { start, steps }
}

/** A system that is somewhere, and moves when told to: what a server is built around. */
export class Walker {
  readonly flat: Flat
  state: State

  constructor(flat: Flat, start: State = starts(flat)[0] ?? {}) {
    this.flat = flat
    this.state = start
  }

  /** The rows that may be taken now, of those that `wanted` lets through. */
  enabled(wanted: (row: Row) => boolean = () => true): Row[] {
    return this.flat.rows.filter(row => wanted(row) && holds(this.flat, this.state, row.cells))
  }

  /** Takes a row; answers what the outside sees of it.  Throws when it may not be taken now. */
  take(row: Row): readonly Output[] {
    this.state = take(this.flat, this.state, row)
    return row.outputs
  }

  /** What a query is answered now; see `answer`. */
  answer(query: FlatQuery): Match[] | undefined {
    return answer(this.flat, this.state, query)
  }
}
