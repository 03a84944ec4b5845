/**
 * Rows that explain nothing.
 *
 * A guest may ask for something at any time, and where nobody ever sees that
 * it was heard it may as well not have asked: all that can be explained from
 * the states after such a step can be explained from those before it.  One
 * value of a variable is as good as another where every row that can be taken
 * at all and passes with the one passes with the other too; a step that only
 * takes variables from values that are as good, or better, can be left out
 * wherever it shows nothing.
 */
import type { Cell, Flat, Row } from './flat.ts'
import type { Slice } from './slice.ts'

/** What has to be as it would be with all rows. */
export interface Kept {
  /** Rows that can be taken, as far as anybody knows. */
  readonly rows: readonly Row[]
  /** Rows that are looked for where all is quiet. */
  readonly due: readonly Row[]
  /** Tests by which an answer, or a claim, tells states apart. */
  readonly tests: readonly Cell[]
}

/** Of the rows that nobody would see taken, those that can be left out. */
export function idleRows(flat: Flat, slice: Slice, unseen: readonly Row[], kept: Kept): ReadonlySet<number> {
  const quiet = new Map<number, Int32Array>()
  const asQuiet = (variable: number): Int32Array => {
    const found = quiet.get(variable) ?? quietValues(flat, slice, kept.due, variable)
    quiet.set(variable, found)
    return found
  }
  const idle = new Set<number>()
  for (;;) {
    // What is left out is never to be followed, so its tests need not hold either.
    const better = betterValues(flat, { ...kept, rows: kept.rows.filter(row => !idle.has(row.id)) })
    const isIdle = ({ variable, from, to }: Cell): boolean => {
      const worse = from & (slice.values[variable] ?? 0) & ~(1 << to)
      if (to < 0 || worse === 0) return true
      return (worse & ~(better[variable]?.[to] ?? 0)) === 0 && (worse & ~(asQuiet(variable)[to] ?? 0)) === 0
    }
    const more = unseen.filter(({ id, cells }) => !idle.has(id) && cells.every(isIdle))
    if (more.length === 0) return idle
    for (const { id } of more) idle.add(id)
  }
}

const everything = (flat: Flat): Int32Array[] =>
  flat.variables.map(({ values }) => new Int32Array(values.length).fill(-1))

/** For each value of each variable the values, as bits, with which all rows and tests pass that pass with it. */
function betterValues(flat: Flat, { rows, tests }: Kept): readonly Int32Array[] {
  const better = everything(flat)
  const narrow = ({ variable, from }: Cell, too: boolean): void => {
    const of = better[variable] ?? new Int32Array()
    for (let value = 0; value < of.length; value++) {
      if (((from >>> value) & 1) === 1) of[value] = (of[value] ?? 0) & from
      else if (too) of[value] = (of[value] ?? 0) & ~from
    }
  }
  for (const { cells } of rows) for (const cell of cells) narrow(cell, false)
  for (const cell of tests) narrow(cell, true)
  return better
}

/** For each value of a variable the values, as bits, with which it is as quiet or quieter. */
function quietValues(flat: Flat, slice: Slice, due: readonly Row[], variable: number): Int32Array {
  const quiet = new Int32Array(flat.variables[variable]?.values.length ?? 0).fill(-1)
  for (const row of due) {
    const from = fromOf(row, variable)
    if (from === -1) continue
    // Where this row is not due, another may be instead.
    const instead = from | dueInstead(flat, slice, due, row, variable)
    for (let value = 0; value < quiet.length; value++) {
      if (((instead >>> value) & 1) === 0) quiet[value] = (quiet[value] ?? 0) & ~from
    }
  }
  return quiet
}

/** The values of a variable, as bits, with which other rows are due wherever a row is due but for that variable. */
function dueInstead(flat: Flat, slice: Slice, due: readonly Row[], row: Row, variable: number): number {
  const count = flat.variables[variable]?.values.length ?? 0
  const possible = (other: number): number => fromOf(row, other) & (slice.values[other] ?? 0)
  let found = 0
  for (let value = 0; value < count; value++) {
    // Several rows may share it between them by the values of one variable more.
    const shares = new Map<number, number>()
    for (const other of due) {
      if (!other.owed || ((fromOf(other, variable) >>> value) & 1) === 0) continue
      const apart = other.cells.filter(
        cell => cell.variable !== variable && (possible(cell.variable) & ~cell.from) !== 0,
      )
      const [cell] = apart
      if (cell === undefined) found |= 1 << value
      else if (apart.length === 1) shares.set(cell.variable, (shares.get(cell.variable) ?? 0) | cell.from)
    }
    for (const [other, from] of shares) if ((possible(other) & ~from) === 0) found |= 1 << value
  }
  return found
}

const fromOf = (row: Row, variable: number): number => row.cells.find(cell => cell.variable === variable)?.from ?? -1
