/**
 * Where two systems with the same variables differ: the reachable states of
 * the one in which the other takes other steps.
 *
 * Where there is none, both have the same reachable states and the same steps
 * with the same outputs between them: they are one graph, and that is a proof.
 */
import type { Graph } from './explore.ts'
import type { Flat, Row } from './flat.ts'
import { anyOf, type Packed } from './pack.ts'

/** What of a row anybody could see. */
const seenOf = ({ cause, outputs, owed }: Row): string => JSON.stringify([cause ?? null, outputs, owed])
/** A row without its number and its name: what it tests, what it does, and what of it anybody could see. */
export const bodyOf = (row: Row): string => `${JSON.stringify(row.cells)} ${seenOf(row)}`

/** Rows of the one that are none of the other, as they are, each way. */
export interface Changed {
  readonly lost: readonly Row[]
  readonly gained: readonly Row[]
}

/** Whether two flattened systems have the same variables in the same places. */
export const sameVariables = (one: Flat, other: Flat): boolean =>
  JSON.stringify(one.variables) === JSON.stringify(other.variables)

const bodies = new WeakMap<Flat, ReadonlySet<string>>()
const bodiesOf = (flat: Flat): ReadonlySet<string> => {
  const known = bodies.get(flat) ?? new Set(flat.rows.map(bodyOf))
  bodies.set(flat, known)
  return known
}

/** What becomes of rows. */
export function changed(one: Flat, other: Flat): Changed {
  const [before, after] = [bodiesOf(one), bodiesOf(other)]
  return {
    lost: one.rows.filter(row => !after.has(bodyOf(row))),
    gained: other.rows.filter(row => !before.has(bodyOf(row))),
  }
}

/** The steps of some rows out of a state: what is seen, and where each leads. */
function stepsOf(rows: readonly Row[], packed: Packed, words: Int32Array, at: number): Set<string> {
  const found = new Set<string>()
  for (const row of rows) {
    const next = words.slice(at, at + packed.words)
    const fits = row.cells.every(({ variable, from }) => {
      const field = packed.fields[variable]
      return (
        field !== undefined && ((from >>> (((words[at + field.word] ?? 0) >>> field.shift) & field.mask)) & 1) === 1
      )
    })
    if (!fits) continue
    for (const { variable, to } of row.cells) {
      const field = packed.fields[variable]
      if (to < 0 || field === undefined) continue
      next[field.word] = ((next[field.word] ?? 0) & ~(field.mask << field.shift)) | (to << field.shift)
    }
    found.add(`${next.join()} ${seenOf(row)}`)
  }
  return found
}

/** The numbers of the states of a graph in which another system, with the same variables, takes other steps. */
export function differing(graph: Graph, other: Flat, limit = 5000): number[] {
  const { packed, states, size } = graph
  const { lost, gained } = changed(packed.flat, other)
  if (lost.length + gained.length === 0) return []
  const touched = anyOf(
    packed,
    [...lost, ...gained].map(({ cells }) => cells.map(cell => ({ ...cell, to: -1 }))),
  )
  const found: number[] = []
  // Some step besides may do and show just what the changed one did.
  const seen = new Set([...lost, ...gained].map(seenOf))
  const [before, after] = [packed.flat, other].map(flat => flat.rows.filter(row => seen.has(seenOf(row))))
  for (let n = 0; n < size.states && found.length < limit; n++) {
    const at = n * packed.words
    if (!touched(states, at)) continue
    const one = stepsOf(before ?? [], packed, states, at)
    const two = stepsOf(after ?? [], packed, states, at)
    if (one.size !== two.size || [...one].some(step => !two.has(step))) found.push(n)
  }
  return found
}
