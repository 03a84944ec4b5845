/** Commands that some reachable state has no rule for. */
import type { Json, Match, Options, Pattern } from '../spec/lang.ts'
import type { Graph } from './explore.ts'
import type { Cell, Flat, Row } from './flat.ts'
import { example, matches } from './match.ts'
import { readCondition } from './move.ts'
import { anyOf, decode } from './pack.ts'
import { speaksOf } from './seen.ts'

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
  /** The arguments that ask it. */
  readonly given: Json
  readonly rows: (readonly Cell[])[]
}

const isAny = (asked: Match): boolean => JSON.stringify(asked) === '{}'

/** Every way to mention, or not to mention, each option, named in their order. */
function settings({ names, values }: Options): { [option: string]: string }[] {
  let ways: { [option: string]: string }[] = [{}]
  for (const name of names) ways = ways.flatMap(way => [way, ...values.map(value => ({ ...way, [name]: value }))])
  return ways
}

/** Whether a row is about these settings, of those options that its rule follows. */
function sets({ cause }: Row, asked: { readonly [option: string]: string }): boolean {
  const own = cause?.kind === 'command' ? cause.options : undefined
  return own === undefined || own.options.names.every(name => own.set[name] === asked[name])
}

/** The arguments that set these options. */
const said = ({ list, key, value, values }: Options, set: { readonly [option: string]: string }): Json => ({
  [list]: Object.entries(set).map(([name, to]) => ({ [key]: name, [value]: to === values[1] })),
})

/**
 * The ways to ask that rules and queries know: for each match of arguments an
 * example of it, which every rule answers that it matches too, and every
 * setting of options.  Where some rule takes any arguments, asking for nothing
 * in particular is answered by whoever answers something.
 */
function asks(flat: Flat): Ask[] {
  const all = new Map<string, Ask>()
  const ask = (side: string, command: string, asked: Json, kind: Kind, given: Json): Ask => {
    const key = JSON.stringify([side, command, asked, kind])
    const known = all.get(key) ?? { side, command, asked, kind, given, rows: [] }
    all.set(key, known)
    return known
  }
  const commands = flat.rows.filter(({ cause }) => cause?.kind === 'command')
  const listed = new Map<Options, Set<string>>()
  for (const { cause } of commands) {
    if (cause?.kind !== 'command') continue
    const { side, name } = cause
    const options = cause.options?.options
    const given = example(cause.arguments)
    if (options !== undefined) {
      // Rules may follow some of the options that others do: those are asked for by them.
      const known = listed.get(options) ?? new Set()
      listed.set(options, known)
      if (known.has(`${side}/${name}`)) continue
      known.add(`${side}/${name}`)
      for (const way of settings(options)) ask(side, name, way, 'options', said(options, way))
    } else if (isAny(cause.arguments)) ask(side, name, {}, 'any', {})
    else if (given !== undefined && matches(cause.arguments, given)) ask(side, name, given, 'arguments', given)
  }
  // All rows of a rule have the same arguments, and the same options in different settings.
  const byRule = Map.groupBy(commands, row => row.rule.id)
  for (const { side, command, kind, given, asked, rows } of all.values()) {
    for (const [first, ...others] of byRule.values()) {
      const cause = first?.cause
      if (first === undefined || cause?.kind !== 'command' || side !== cause.side || command !== cause.name) continue
      const any = kind === 'any' || (cause.options === undefined && isAny(cause.arguments))
      if (!any && !matches(cause.arguments, given)) continue
      const fits =
        any || kind !== 'options'
          ? (row: Row) => any || speaksOf(row, command, given)
          : (row: Row) => sets(row, asked as { readonly [option: string]: string })
      for (const row of [first, ...others]) if (fits(row)) rows.push(row.cells)
    }
  }
  for (const { side, command, where, tables } of flat.queries) {
    const [first, ...others] = tables
    // Every table has to have a row that fits; a query without tables answers wherever it may.
    let ways: Cell[][] = (first ?? [{ cells: [] }]).map(row => [...where, ...row.cells])
    for (const table of others) ways = ways.flatMap(way => table.map(row => [...way, ...row.cells]))
    ask(side, command, {}, 'any', {}).rows.push(...ways)
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
