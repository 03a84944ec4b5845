/** Commands that some reachable state has no rule for. */
import type { Json, Match, Options, Pattern } from '../spec/lang.ts'
import type { Graph } from './explore.ts'
import type { Cell, Flat } from './flat.ts'
import { example, matches } from './match.ts'
import { readCondition } from './move.ts'
import { anyOf, decode } from './pack.ts'

/** A command that is not answered, how often, and some of the states where it is not. */
export interface Unanswered {
  readonly side: string
  readonly command: string
  /** With which arguments, or setting of options; `{}` for any. */
  readonly asked: Json
  readonly count: number
  readonly states: readonly { readonly number: number; readonly state: { readonly [variable: string]: string } }[]
}

/** Anything at all, arguments of an example, or a setting of options. */
type Kind = 'any' | 'arguments' | 'options'

/** A way to ask, and what answers it. */
interface Ask {
  readonly side: string
  readonly command: string
  readonly asked: Json
  readonly kind: Kind
  readonly rows: (readonly Cell[])[]
}

const isAny = (asked: Match): boolean => JSON.stringify(asked) === '{}'

/** Every way to mention, or not to mention, each option, named in their order. */
function settings({ names, values }: Options): { [option: string]: string }[] {
  let ways: { [option: string]: string }[] = [{}]
  for (const name of names) ways = ways.flatMap(way => [way, ...values.map(value => ({ ...way, [name]: value }))])
  return ways
}

/**
 * The ways to ask that rules and queries know: for each match of arguments an
 * example of it, which every rule answers that it matches too, and every
 * setting of options.  Where some rule takes any arguments, asking for nothing
 * in particular is answered by whoever answers something.
 */
function asks(flat: Flat): Ask[] {
  const all = new Map<string, Ask>()
  const ask = (side: string, command: string, asked: Json, kind: Kind): Ask => {
    const key = JSON.stringify([side, command, asked, kind])
    const known = all.get(key) ?? { side, command, asked, kind, rows: [] }
    all.set(key, known)
    return known
  }
  const commands = flat.rows.flatMap(({ cause, cells }) => (cause?.kind === 'command' ? [{ cause, cells }] : []))
  for (const { cause } of commands) {
    const { side, name, options } = cause
    const given = example(cause.arguments)
    if (options !== undefined) for (const way of settings(options.options)) ask(side, name, way, 'options')
    else if (isAny(cause.arguments)) ask(side, name, {}, 'any')
    else if (given !== undefined && matches(cause.arguments, given)) ask(side, name, given, 'arguments')
  }
  for (const { side, command, asked, kind, rows } of all.values()) {
    for (const { cause, cells } of commands) {
      if (side !== cause.side || command !== cause.name) continue
      const { options } = cause
      const set = options !== undefined && kind === 'options' && JSON.stringify(options.set) === JSON.stringify(asked)
      const given = options === undefined && kind === 'arguments' && matches(cause.arguments, asked)
      const any = options === undefined && isAny(cause.arguments)
      if (any || kind === 'any' || set || given) rows.push(cells)
    }
  }
  for (const { side, command, where, tables } of flat.queries) {
    const [first, ...others] = tables
    // Every table has to have a row that fits; a query without tables answers wherever it may.
    let ways: Cell[][] = (first ?? [{ cells: [] }]).map(row => [...where, ...row.cells])
    for (const table of others) ways = ways.flatMap(way => table.map(row => [...way, ...row.cells]))
    ask(side, command, {}, 'any').rows.push(...ways)
  }
  return [...all.values()]
}

/** A pattern in a side's own words as cells. */
function cellsOf(flat: Flat, side: string, pattern: Pattern): Cell[] {
  return Object.entries(pattern).flatMap(([name, condition]) => {
    const variable = flat.index.get(`${side}.${name}`) ?? flat.index.get(name)
    const values = flat.variables[variable ?? -1]?.values
    if (variable === undefined || values === undefined) return []
    return [{ variable, from: readCondition(condition as Json, values), to: -1 }]
  })
}

/**
 * Each command that is not answered in some reachable state where its side's
 * process is alive and its machines say that answers may leave it, and where
 * `where`, in the side's own words, holds.  At most `limit` states each.
 */
export function unanswered(
  graph: Graph,
  options: { readonly where?: Pattern; readonly limit?: number } = {},
): Unanswered[] {
  const { packed, states, size } = graph
  const { flat, words } = packed
  return asks(flat).flatMap(({ side, command, asked, rows }) => {
    const free = flat.answered[flat.sides.indexOf(side)] ?? []
    const listens = anyOf(packed, [[...free, ...cellsOf(flat, side, { process: 'alive', ...options.where })]])
    const answers = anyOf(packed, rows)
    const found: number[] = []
    for (let n = 0; n < size.states; n++) {
      if (listens(states, n * words) && !answers(states, n * words)) found.push(n)
    }
    if (found.length === 0) return []
    const shown = found
      .slice(0, options.limit ?? 5)
      .map(number => ({ number, state: decode(packed, states, number * words) }))
    return [{ side, command, asked, count: found.length, states: shown }]
  })
}
