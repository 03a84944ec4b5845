/** A path in legs: from where the last one ended, the shortest way to the next place. */
import { type Graph, linksOf, type PathStep } from '../impl/explore.ts'
import { SpecError } from '../impl/move.ts'
import { anyOf, cellsOf } from '../impl/pack.ts'
import type { Pattern } from '../spec/lang.ts'

/** What a leg is to come to: a state like this, or this rule (by its id) taken in one. */
export interface Place {
  readonly where: Pattern
  readonly rule?: string
}

/** The shortest way from a state to a place, with the rule's own step where one is named.  Throws `SpecError` when there is none. */
export function legFrom(graph: Graph, start: number, { where, rule }: Place): PathStep[] {
  const { packed, states, size } = graph
  const { flat, words } = packed
  const fits = anyOf(packed, [cellsOf(flat, where)])
  const by = new Int32Array(size.states).fill(-1)
  const from = new Int32Array(size.states).fill(-1)
  const { heads, edges } = linksOf(graph)
  const way = (end: number): PathStep[] => {
    const steps: PathStep[] = []
    for (let state = end; state !== start; state = from[state] ?? start) steps.push({ row: by[state] ?? 0, state })
    return steps.reverse()
  }
  const queue = [start]
  for (const state of queue) {
    const here = fits(states, state * words)
    if (here && rule === undefined) return way(state)
    let last: PathStep | undefined
    const end = heads[state + 1] ?? 0
    for (let edge = heads[state] ?? 0; edge < end; edge++) {
      const [to = 0, row = 0] = [edges[edge * 2], edges[edge * 2 + 1]]
      if (here && flat.rows[row]?.rule.id === rule) last ??= { row, state: to }
      if (to === start || from[to] !== -1) continue
      from[to] = state
      by[to] = row
      queue.push(to)
    }
    if (last !== undefined) return [...way(state), last]
  }
  throw new SpecError(`${flat.name} never comes on to ${rule ?? 'a state'} where ${JSON.stringify(where)}`)
}
