/**
 * Rows as what they test and what they put, and nothing else: what is reasoned
 * about before anything is explored.
 */
import type { Cell, Flat, Row } from './flat.ts'
import { everything } from './move.ts'

/** A row without what it shows. */
export interface Bare {
  readonly row: number
  readonly rule: string
  /** The values it wants of each variable that it tests, as bits. */
  readonly tests: ReadonlyMap<number, number>
  /** What it makes of each variable that it moves. */
  readonly puts: ReadonlyMap<number, number>
  /** Whether whoever asks can tell that it was taken. */
  readonly seen: boolean
}

/** What a claim looks at. */
export interface Sight {
  /** Variables that it reads. */
  readonly variables: ReadonlySet<number>
  /** Whether it names the rule of a row. */
  readonly names: (row: Row) => boolean
}

/** All values of a variable, as bits. */
export const allOf = (flat: Flat, variable: number): number => everything(flat.variables[variable]?.values ?? [])

/** The number of the only value in a set of them, or -1. */
export const only = (bits: number): number => (bits !== 0 && (bits & (bits - 1)) === 0 ? 31 - Math.clz32(bits) : -1)

const moves = (cells: readonly Cell[], among: ReadonlySet<number>): boolean =>
  cells.some(({ variable, to }) => to >= 0 && among.has(variable))

/**
 * The variables that can matter to what is looked at: those of the claim, and
 * all that is tested by a row that moves one which matters.
 */
export function mattering(flat: Flat, { variables, names }: Sight, rows: readonly Row[] = flat.rows): Set<number> {
  const found = new Set(variables)
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const row of rows) {
      if (!names(row) && !moves(row.cells, found)) continue
      for (const { variable, from } of row.cells) if (from !== allOf(flat, variable)) found.add(variable)
    }
  }
  return found
}

/** The rows that move something which matters, or that are named, as far as that goes. */
export function bareOf(flat: Flat, { variables, names }: Sight, matter: ReadonlySet<number>, rows = flat.rows): Bare[] {
  return rows
    .filter(row => names(row) || moves(row.cells, matter))
    .map(row => {
      const tests = new Map<number, number>()
      const puts = new Map<number, number>()
      for (const { variable, from, to } of row.cells) {
        if (from !== allOf(flat, variable)) tests.set(variable, (tests.get(variable) ?? -1) & from)
        if (to >= 0 && matter.has(variable)) puts.set(variable, to)
      }
      return { row: row.id, rule: row.rule.id, tests, puts, seen: names(row) || moves(row.cells, variables) }
    })
}
