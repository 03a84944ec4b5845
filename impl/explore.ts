/**
 * Breadth-first search over packed states: how many there are, how they hang
 * together, and the shortest way to each.
 */
import { plain, quick, Search } from './engine-search.ts'
import type { Packed } from './pack.ts'

/** An explored system.  States are numbered in the order in which they were found. */
export interface Graph {
  readonly packed: Packed
  /** `size.depth` is the number of steps to the state farthest from a start. */
  readonly size: { readonly states: number; readonly steps: number; readonly depth: number }
  /** Sixteen hexadecimal digits that any other explorer of the same rules must come to. */
  readonly fingerprint: string
  /** The words of all states, one after another. */
  readonly states: Int32Array
  /** For each state the state it was found from, or -1; see `pathTo`. */
  readonly parents: Int32Array
  /** How often each row is taken. */
  readonly taken: Int32Array
  /** Ids of rules that no reachable state takes. */
  readonly unused: readonly string[]
  /** The number of a state, or -1. */
  readonly find: (words: Int32Array, at: number) => number
}

/** More states than allowed were found: says how many, and that this proves nothing. */
export class LimitError extends Error {
  override readonly name = 'LimitError'
}

/** What `explore` reports while it runs. */
export interface Progress {
  readonly states: number
  readonly queue: number
}

/**
 * Explores everything that can be reached.  Throws `LimitError` past `limit`
 * states; `progress` is called now and then.
 */
export function explore(
  packed: Packed,
  options: { readonly limit?: number; readonly progress?: (at: Progress) => void } = {},
): Graph {
  const { words, flat } = packed
  const limit = options.limit ?? 30_000_000
  const search = new Search(
    packed,
    () => {
      throw new LimitError(`more than ${limit} states of ${flat.name}; this proves nothing`)
    },
    limit,
  )
  const level = packed.remembered === undefined ? plain : quick(packed)
  search.start()
  const { table } = search
  let depth = 0
  for (let from = 0, to = table.count; ; depth++) {
    level(search, from, to)
    if (table.count === to) break
    from = to
    to = table.count
    options.progress?.({ states: to, queue: to - from })
  }
  const used = new Set(flat.rows.filter(row => search.taken[row.id] !== 0).map(row => row.rule.id))
  return {
    packed,
    size: { states: table.count, steps: search.steps, depth },
    fingerprint: search.fingerprint.print(),
    states: table.states.subarray(0, table.count * words),
    parents: search.parents.subarray(0, table.count),
    taken: search.taken,
    unused: flat.rules.map(rule => rule.id).filter(id => !used.has(id)),
    find: (at, offset) => table.find(at, offset),
  }
}

/** One step of a path: the row taken and the number of the state it led to. */
export interface PathStep {
  readonly row: number
  readonly state: number
}

/** The shortest path from a start to a state.  Which row led to each is not kept: it is the first that does. */
export function pathTo(graph: Graph, state: number): { readonly start: number; readonly steps: PathStep[] } {
  const { words, step } = graph.packed
  const next = new Int32Array(words)
  const steps: PathStep[] = []
  let at = state
  for (let parent = graph.parents[at] ?? -1; parent >= 0; parent = graph.parents[at] ?? -1) {
    let first = -1
    step(graph.states, parent * words, next, row => {
      if (first < 0 && next.every((word, i) => word === graph.states[at * words + i])) first = row
    })
    steps.push({ row: first, state: at })
    at = parent
  }
  return { start: at, steps: steps.reverse() }
}
