/**
 * Which row of a system each row of a part of it is: of the system without
 * some of its rules, or with observers beside it.
 */
import type { Cell, Flat } from './flat.ts'

/** What a row of the whole becomes where the observers are somewhere: nothing, or a row that moves them. */
export interface Moves {
  /** In how many ways the observers can stand. */
  readonly ways: number
  /** For each row of the whole and each way: the number of the row plus one, or zero, and the way after it. */
  readonly table: Int32Array
}

const sameCell = (a: Cell, b: Cell | undefined): boolean =>
  b !== undefined && a.variable === b.variable && a.from === b.from && a.to === b.to

/** Which rows are which; nothing where the one system is no part of the other. */
export function movesOf(whole: Flat, part: Flat): Moves | undefined {
  const known = whole.variables.length
  const alike = whole.variables.every(({ name, values, start }, i) => {
    const other = part.variables[i]
    return other?.name === name && other.start === start && other.values.join('\n') === values.join('\n')
  })
  const observers = part.variables.slice(known)
  if (!alike || observers.some(({ start }) => start !== 1)) return undefined
  const ways = observers.reduce((product, { values }) => product * values.length, 1)
  const table = new Int32Array(whole.rows.length * ways * 2)
  /** The values of the observers, each by itself. */
  const apart = (way: number): number[] => {
    let rest = way
    return observers.map(({ values }) => {
      const value = rest % values.length
      rest = (rest - value) / values.length
      return value
    })
  }
  const together = (values: readonly number[]): number =>
    values.reduceRight((way, value, i) => way * (observers[i]?.values.length ?? 1) + value, 0)
  const standing = Array.from({ length: ways }, (_, way) => apart(way))
  let at = 0
  for (const { id, rule, cells } of part.rows) {
    while (at < whole.rows.length) {
      const row = whole.rows[at]
      if (row?.rule.id === rule.id && row.cells.every((cell, i) => sameCell(cell, cells[i]))) break
      at += 1
    }
    const row = whole.rows[at]
    if (row === undefined) return undefined
    const more = cells.slice(row.cells.length)
    if (more.some(({ variable }) => variable < known)) return undefined
    for (const [way, values] of standing.entries()) {
      if (!more.every(({ variable, from }) => (from >>> (values[variable - known] ?? 0)) & 1)) continue
      const place = (at * ways + way) * 2
      // Two rows of the whole that are alike but for what they say cannot be told apart here.
      if (table[place] !== 0) return undefined
      table[place] = id + 1
      const after = values.map(
        (value, i) => more.find(({ variable, to }) => variable === known + i && to >= 0)?.to ?? value,
      )
      table[place + 1] = together(after)
    }
  }
  return { ways, table }
}
