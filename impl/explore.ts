/**
 * Breadth-first search over packed states: how many there are, how they hang
 * together, and the shortest way to each.
 */
import type { Shape } from './engine-kernel.ts'
import { Run } from './engine-run.ts'
import { plain, Search } from './engine-search.ts'
import { printSums } from './engine-table.ts'
import type { Links } from './fair.ts'
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
  /** The state that a state was found from, or -1; see `pathTo`. */
  readonly parentOf: (state: number) => number
  /** How often each row is taken. */
  readonly taken: ArrayLike<number>
  /** Ids of rules that no reachable state takes. */
  readonly unused: readonly string[]
  /** The number of a state, or -1. */
  readonly find: (words: Int32Array, at: number) => number
  /** All steps, where they were asked for. */
  readonly links?: Links
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
 * Who searches: `interpret` takes each row as it is written, and is what the
 * others are held against; `js` and `wasm` run the same search, printed as
 * JavaScript or as WebAssembly; `auto` begins with the one and goes on with the other.
 */
export const engines = ['auto', 'interpret', 'js', 'wasm'] as const
export type EngineName = (typeof engines)[number]

/** From so many states on it pays to compile. */
const LARGE = 20_000

/** States that a search goes on from before it looks up. */
const AT_ONCE = 16_384

export interface ExploreOptions {
  readonly engine?: EngineName
  readonly limit?: number
  /** Called now and then. */
  readonly progress?: (at: Progress) => void
  /** Whether the steps are kept. */
  readonly links?: boolean
  /** How the search is printed, where that is not to be chosen. */
  readonly shape?: Shape
}

/** Explores everything that can be reached.  Throws `LimitError` past `limit` states. */
export function explore(packed: Packed, options: ExploreOptions = {}): Graph {
  const limit = options.limit ?? 300_000_000
  const over = (): never => {
    throw new LimitError(`more than ${limit} states of ${packed.flat.name}; this proves nothing`)
  }
  const engine = options.engine ?? packed.engine
  return engine === 'interpret'
    ? slowly(packed, { limit, over }, options)
    : quickly(packed, engine, { limit, over }, options)
}

interface Bounds {
  readonly limit: number
  readonly over: () => never
}

const unusedOf = ({ flat }: Packed, taken: ArrayLike<number>): string[] => {
  const used = new Set(flat.rows.filter((_, i) => taken[i] !== 0).map(row => row.rule.id))
  return flat.rules.map(rule => rule.id).filter(id => !used.has(id))
}

function quickly(packed: Packed, engine: EngineName, bounds: Bounds, options: ExploreOptions): Graph {
  const run = new Run(packed, bounds, { ...options.shape, links: options.links === true })
  if (engine === 'wasm') run.quicken()
  let depth = 0
  for (let from = 0, to = run.count; ; depth++) {
    for (let at = from; at < to; at += AT_ONCE) {
      if (engine === 'auto' && run.count > LARGE) run.quicken()
      run.level(at, Math.min(to, at + AT_ONCE))
    }
    if (run.count === to) break
    from = to
    to = run.count
    options.progress?.({ states: to, queue: to - from })
  }
  const { count, steps, sums } = run
  const states = run.states()
  return {
    packed,
    size: { states: count, steps, depth },
    fingerprint: printSums(sums),
    states,
    parentOf: state => (state < run.starts ? -1 : foundFrom(packed, states, state, run.foundBetween(state))),
    taken: run.taken,
    unused: unusedOf(packed, run.taken),
    find: (at, offset) => run.find(at, offset),
    ...(options.links === true && { links: run.links() }),
  }
}

/** The first state between two that leads to a state. */
function foundFrom(
  { words, step }: Packed,
  states: Int32Array,
  state: number,
  [first, last]: readonly [number, number],
): number {
  const next = new Int32Array(words)
  for (let parent = first; parent <= last; parent++) {
    let leads = false
    step(states, parent * words, next, () => {
      leads ||= next.every((word, i) => word === states[state * words + i])
    })
    if (leads) return parent
  }
  throw new Error(`nothing leads to state ${state}`)
}

function slowly(packed: Packed, bounds: Bounds, { progress, links }: ExploreOptions): Graph {
  const search = new Search(packed, bounds.over, bounds.limit)
  search.start()
  const { table } = search
  let depth = 0
  for (let from = 0, to = table.count; ; depth++) {
    plain(search, from, to)
    if (table.count === to) break
    from = to
    to = table.count
    progress?.({ states: to, queue: to - from })
  }
  const graph: Graph = {
    packed,
    size: { states: table.count, steps: search.steps, depth },
    fingerprint: search.fingerprint.print(),
    states: table.states.subarray(0, table.count * packed.words),
    parentOf: state => search.parents[state] ?? -1,
    taken: search.taken,
    unused: unusedOf(packed, search.taken),
    find: (at, offset) => table.find(at, offset),
  }
  return links === true ? { ...graph, links: linksOf(graph) } : graph
}

/** Lists all steps of a graph. */
export function linksOf(graph: Graph): Links {
  if (graph.links !== undefined) return graph.links
  const { words, step } = graph.packed
  const heads = new Int32Array(graph.size.states + 1)
  const edges = new Int32Array(graph.size.steps * 2)
  const next = new Int32Array(words)
  let e = 0
  for (let state = 0; state < graph.size.states; state++) {
    heads[state] = e / 2
    step(graph.states, state * words, next, row => {
      edges[e++] = graph.find(next, 0)
      edges[e++] = row
    })
  }
  heads[graph.size.states] = e / 2
  return { heads, edges }
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
  for (let parent = graph.parentOf(at); parent >= 0; parent = graph.parentOf(at)) {
    let first = -1
    step(graph.states, parent * words, next, row => {
      if (first < 0 && next.every((word, i) => word === graph.states[at * words + i])) first = row
    })
    steps.push({ row: first, state: at })
    at = parent
  }
  return { start: at, steps: steps.reverse() }
}
