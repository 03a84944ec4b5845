/**
 * Adds to a flattened system the variables that follow what is said.
 *
 * An observer belongs to a claim, not to the rules: each row that says
 * something it follows becomes a row for each way it moves, and only the claims
 * that need it pay for it.
 */
import type { Json, Observer } from '../spec/lang.ts'
import type { Cell, Flat, Output, Row } from './flat.ts'
import { matches } from './match.ts'
import { everything, readMove, SpecError } from './move.ts'

/** Where an observer is after one output, or one event that was seen, when it was at `value` before. */
export function followed(
  observer: Observer,
  value: number,
  output: Output | { readonly kind: 'event'; readonly side: string; readonly name: string; readonly data: Json },
): number {
  if (output.kind !== 'event') return value
  for (const { side, event, data, moves } of observer.follows) {
    if (side !== output.side || event !== output.name || (data !== undefined && !matches(data, output.data))) continue
    for (const move of moves) {
      const step = readMove(move, observer.values).find(({ from }) => (from >>> value) & 1)
      if (step !== undefined) return step.to < 0 ? value : step.to
    }
    return value
  }
  return value
}

/** The cells an observer adds to a row: one for each value it may come to, with all values that lead there. */
function cellsFor(observer: Observer, variable: number, row: Row): Cell[] {
  const ways = new Map<number, number>()
  for (const value of observer.values.keys()) {
    const after = row.outputs.reduce((at, output) => followed(observer, at, output), value)
    // What stays where it is, is one way together, whatever it is.
    const to = after === value ? -1 : after
    ways.set(to, (ways.get(to) ?? 0) | (1 << value))
  }
  return [...ways].map(([to, from]) => ({ variable, from, to }))
}

/** The system with these observers watching it; what they watch is not changed. */
export function watch(flat: Flat, observers: readonly Observer[]): Flat {
  let watched = flat
  for (const observer of observers) {
    const { name, values } = observer
    if (watched.index.has(name)) throw new SpecError(`observer "${name}" has the name of a variable`)
    const variable = watched.variables.length
    const variables = [...watched.variables, { name, values, start: 1 }]
    const rows: Row[] = []
    for (const row of watched.rows) {
      for (const cell of cellsFor(observer, variable, row)) {
        const idle = cell.to < 0 && cell.from === everything(values)
        rows.push({ ...row, id: rows.length, cells: idle ? row.cells : [...row.cells, cell] })
      }
    }
    watched = { ...watched, variables, rows, index: new Map(watched.index).set(name, variable) }
  }
  return watched
}
