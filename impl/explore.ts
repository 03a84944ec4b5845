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
  /** The first row that leads to a state from the one it was found from, where that is known. */
  readonly rowTo?: (state: number) => number
  /** How often each row is taken. */
  readonly taken: ArrayLike<number>
  /** Ids of rules that no reachable state takes. */
  readonly unused: readonly string[]
  /** The number of a state, or -1. */
  readonly find: (words: Int32Array, at: number) => number
  /** All steps, where they were asked for. */
  readonly links?: Links
}

/** How far a search has come. */
export interface Progress {
  readonly states: number
  readonly steps: number
  /** States that were found and not yet gone on from. */
  readonly queue: number
  /** Steps from a start to those that are found now. */
  readonly depth: number
  /** What the search holds in memory. */
  readonly bytes: number
  /** How many states it will be in the end, guessed from how the levels narrow; nothing while they widen. */
  readonly estimate: number | undefined
}

const count = (n: number): string => Math.round(n).toLocaleString('en')

/** A search was cut off, by a limit or for want of memory: says how far it came, and that this proves nothing. */
export class LimitError extends Error {
  override readonly name = 'LimitError'
  readonly at: Progress

  constructor(name: string, why: string, at: Progress) {
    const size =
      at.estimate === undefined
        ? `its levels still widen: expect more than ${count(at.states * 2)} in all`
        : `about ${count(at.estimate)} in all, as its levels narrow`
    super(
      `${why} of ${name}: cut off at ${count(at.states)} states and ${count(at.steps)} steps, ${at.depth} deep, with ` +
        `${count(at.queue)} states to go on from and ${count(at.bytes / 1e6)} MB; ${size}.  This proves nothing`,
    )
    this.at = at
  }
}

/** How many states it will be, from how many each level had: the sum of a falling series; nothing where they do not fall. */
export function estimateOf(levels: readonly number[], states: number): number | undefined {
  const [a = 0, b = 0, c = 0] = levels.slice(-3)
  if (levels.length < 4 || a === 0 || b === 0) return undefined
  const ratio = Math.sqrt(c / a)
  const whole = levels.reduce((sum, level) => sum + level, 0)
  return ratio < 0.97 && c < b ? Math.max(states, whole + (c * ratio) / (1 - ratio)) : undefined
}

/**
 * Who searches: `interpret` takes each row as it is written, and is what the
 * others are held against; `js` and `wasm` run the same search, printed as
 * JavaScript or as WebAssembly; `auto` begins with the one and goes on with the other.
 */
export const engines = ['auto', 'interpret', 'js', 'wasm'] as const
export type EngineName = (typeof engines)[number]

/** From so many states on it pays to compile; with so many rows it pays at once, for the code does not grow with them. */
const LARGE = 20_000
const MANY = 128

/** From so many states on several threads go on, where there are to be several. */
const TOGETHER = 400_000

/** States that a search goes on from before it looks up. */
const AT_ONCE = 16_384

export interface ExploreOptions {
  readonly engine?: EngineName
  /** More states than this are not looked for. */
  readonly limit?: number
  /** More bytes than this are not taken; what the machine has, when left out. */
  readonly bytes?: number
  /** Called now and then, at least twice a second once it has taken a second. */
  readonly progress?: (at: Progress) => void
  /** Whether the steps are kept. */
  readonly links?: boolean
  /** So many threads may search once it is large, with `auto` and `wasm`, where no steps are kept; one when left out. */
  readonly threads?: number
  /** How the search is printed, where that is not to be chosen. */
  readonly shape?: Shape
}

/** Of what the machine has, this much is taken, and the rest left to others. */
const SHARE = 0.8

/** Explores everything that can be reached.  Throws `LimitError` where it has to stop before that. */
export function explore(packed: Packed, options: ExploreOptions = {}): Graph {
  const engine = options.engine ?? packed.engine
  return engine === 'interpret' ? slowly(packed, options) : quickly(packed, engine, options)
}

/** Ids of rules of which no row was taken. */
export const unusedOf = ({ flat }: Packed, taken: ArrayLike<number>): string[] => {
  const used = new Set(flat.rows.filter((_, i) => taken[i] !== 0).map(row => row.rule.id))
  return flat.rules.map(rule => rule.id).filter(id => !used.has(id))
}

function quickly(packed: Packed, engine: EngineName, options: ExploreOptions): Graph {
  const { name } = packed.flat
  const limit = options.limit ?? Number.POSITIVE_INFINITY
  const bytes = options.bytes ?? SHARE * process.availableMemory()
  const levels: number[] = []
  let [from, to, at, depth] = [0, 0, 0, 0]
  const state = (): Progress => {
    const { count: states, steps, bytes } = run
    const estimate = estimateOf(levels, Math.max(states, to))
    return { states, steps, queue: states - at, depth, bytes, estimate }
  }
  const run = new Run(
    packed,
    {
      limit,
      bytes,
      over: why => {
        throw new LimitError(name, why, state())
      },
    },
    { ...options.shape, links: options.links === true },
    engine === 'wasm' || (engine === 'auto' && packed.flat.rows.length >= MANY) ? 'wasm' : 'js',
  )
  let told = performance.now() + 500
  const threads = engine === 'js' || options.links === true ? 1 : (options.threads ?? 1)
  const step = threads > 1 ? AT_ONCE * 8 : AT_ONCE
  try {
    for (to = run.count; ; depth++) {
      levels.push(to - from)
      // Others are not worth their start before there are so many.
      if (threads > 1 && run.count >= (options.shape?.together ?? TOGETHER)) run.gather(threads)
      for (at = from; at < to; at += step) {
        if (engine === 'auto' && run.count > LARGE) run.quicken()
        run.level(at, Math.min(to, at + step))
        if (options.progress === undefined || performance.now() < told) continue
        told = performance.now() + 250
        options.progress(state())
      }
      if (run.count === to) break
      from = to
      to = run.count
    }
  } finally {
    run.end()
  }
  const { count: found, steps, sums } = run
  const states = run.states()
  const links = options.links === true ? run.links() : undefined
  const parentOf = (state: number): number => {
    if (state < run.starts) return -1
    const between = run.foundBetween(state)
    return links === undefined ? foundFrom(packed, states, state, between) : linkedFrom(links, state, between)
  }
  return {
    packed,
    size: { states: found, steps, depth },
    fingerprint: printSums(sums),
    states,
    parentOf,
    ...(links !== undefined && { rowTo: state => rowBetween(links, parentOf(state), state) }),
    taken: run.taken,
    unused: unusedOf(packed, run.taken),
    find: (at, offset) => run.find(at, offset),
    ...(links !== undefined && { links }),
  }
}

/** The first row that leads from one state to another, or -1. */
function rowBetween({ heads, edges }: Links, from: number, to: number): number {
  const end = heads[from + 1] ?? 0
  for (let e = heads[from] ?? 0; e < end; e++) if (edges[e * 2] === to) return edges[e * 2 + 1] ?? -1
  return -1
}

/** The first state between two from which a step leads to a state. */
function linkedFrom(links: Links, state: number, [first, last]: readonly [number, number]): number {
  for (let parent = first; parent <= last; parent++) if (rowBetween(links, parent, state) >= 0) return parent
  throw new Error(`nothing leads to state ${state}`)
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

function slowly(packed: Packed, { limit = Number.POSITIVE_INFINITY, progress, links }: ExploreOptions): Graph {
  let [from, to, depth] = [0, 0, 0]
  const state = (): Progress => {
    const states = Math.min(search.table.count, limit)
    const bytes = 4 * (states * (packed.words + 1) + search.table.slots.length)
    return { states, steps: search.steps, queue: states - from, depth, bytes, estimate: undefined }
  }
  const over = (): never => {
    throw new LimitError(packed.flat.name, `more than ${limit} states`, state())
  }
  const search = new Search(packed, over, limit)
  search.start()
  const { table } = search
  for (to = table.count; ; depth++) {
    plain(search, from, to)
    if (table.count === to) break
    from = to
    to = table.count
    progress?.(state())
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
    let first = graph.rowTo?.(at) ?? -1
    if (first < 0)
      step(graph.states, parent * words, next, row => {
        if (first < 0 && next.every((word, i) => word === graph.states[at * words + i])) first = row
      })
    steps.push({ row: first, state: at })
    if (steps.length > graph.size.depth) throw new Error(`the way to state ${state} is longer than the graph is deep`)
    at = parent
  }
  return { start: at, steps: steps.reverse() }
}
