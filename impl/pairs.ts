/**
 * Which two values can be there together at all, found without exploring.
 *
 * It begins with what holds at the start, and a row adds what it makes true
 * beside all that can be there where it is taken, looking at no more than two
 * things at once.  So it knows of more pairs than there are, never of fewer:
 * what it calls apart is never together in a state that can be reached.
 */
import { allOf } from './bare.ts'
import type { Flat, Row } from './flat.ts'

/** What can be together. */
export interface Pairs {
  /** The values of a variable that can be there while another is among some, as bits. */
  readonly beside: (variable: number, other: number, among: number) => number
  /** The rows that can be taken at all. */
  readonly rows: readonly Row[]
}

const known = new WeakMap<Flat, Pairs>()

/** The pairs of a flattened system, worked out when first asked for. */
export function pairsOf(flat: Flat): Pairs {
  const found = known.get(flat) ?? workOut(flat)
  known.set(flat, found)
  return found
}

function workOut(flat: Flat): Pairs {
  const { variables } = flat
  const count = variables.length
  // `sets[(v * 32 + a) * count + w]`: the values that w can have where v is a, as bits.
  const sets = new Int32Array(count * 32 * count)
  const beside = (variable: number, other: number, among: number): number => {
    let found = 0
    for (let rest = among; rest !== 0; rest &= rest - 1) {
      found |= sets[(other * 32 + (31 - Math.clz32(rest & -rest))) * count + variable] ?? 0
    }
    return found
  }
  let grown = true
  const join = (v: number, a: number, w: number, values: number): void => {
    const at = (v * 32 + a) * count + w
    const before = sets[at] ?? 0
    if ((before | values) === before) return
    grown = true
    sets[at] = before | values
    for (let rest = values & ~before; rest !== 0; rest &= rest - 1) {
      const back = (w * 32 + (31 - Math.clz32(rest & -rest))) * count + v
      sets[back] = (sets[back] ?? 0) | (1 << a)
    }
  }
  for (const [v, { start, values }] of variables.entries()) {
    for (let a = 0; a < values.length; a++) {
      if (((start >>> a) & 1) === 0) continue
      for (const [w, other] of variables.entries()) join(v, a, w, v === w ? 1 << a : other.start)
    }
  }
  const able = new Set<Row>()
  /** What each variable can be where a row is taken; nothing where it cannot be. */
  const where = ({ cells }: Row): Int32Array | undefined => {
    const can = Int32Array.from(variables, (_, v) => allOf(flat, v))
    for (const { variable, from } of cells) can[variable] = (can[variable] ?? 0) & from
    for (const { variable, from } of cells) {
      if (from === allOf(flat, variable)) continue
      for (let w = 0; w < count; w++) {
        can[w] = (can[w] ?? 0) & beside(w, variable, can[variable] ?? 0)
        if (can[w] === 0) return undefined
      }
    }
    return can
  }
  while (grown) {
    grown = false
    for (const row of flat.rows) {
      const can = where(row)
      if (can === undefined) continue
      able.add(row)
      const after = can.slice()
      const moved = row.cells.filter(({ to }) => to >= 0)
      for (const { variable, to } of moved) after[variable] = 1 << to
      for (const { variable, to } of moved) {
        for (let w = 0; w < count; w++) join(variable, to, w, after[w] ?? 0)
      }
    }
  }
  return { beside, rows: flat.rows.filter(row => able.has(row)) }
}
