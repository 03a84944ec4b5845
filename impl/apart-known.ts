/**
 * What is known of the other of two systems, in states where both may be.
 *
 * Of most it is only that it may be there as well.  In some region it is more:
 * whatever led to a state, the other may be in all that is left in common by
 * everything that leads there.  That is the largest answer to a set of
 * equations, one for each state of the region, solved from above.
 */
import type { Comparison } from './apart.ts'
import { TooMuch } from './apart-side.ts'
import { explore, type Graph, linksOf } from './explore.ts'
import type { Links } from './fair.ts'

const common = (some: readonly number[], others: readonly number[]): readonly number[] => {
  const there = new Set(others)
  return some.every(one => there.has(one)) ? some : some.filter(one => there.has(one))
}

/** The region, and what is known in it. */
export class Known {
  private readonly graph: Graph
  private readonly comparison: Comparison
  private links: Links | undefined
  /** The states of the region. */
  private readonly region = new Set<number>()
  /** For each place of it what the other may be in at least; nothing as long as that may be anything. */
  private known = new Map<number, readonly number[]>()

  constructor(graph: Graph, comparison: Comparison) {
    this.graph = graph
    this.comparison = comparison
  }

  private placesOf(state: number): number[] {
    const { states, packed } = this.graph
    return this.comparison.placesOf(states.subarray(state * packed.words, (state + 1) * packed.words))
  }

  /** The places that the other may be in, at least, where both may be at one. */
  at(place: number): readonly number[] {
    return this.known.get(place) ?? this.comparison.around(place)
  }

  /** Whether that it may be in these is as much as is known of a place. */
  holds(place: number, may?: readonly number[]): boolean {
    const known = this.known.get(place)
    if (known === undefined || may === undefined) return known === undefined
    const there = new Set(may)
    return known.every(one => there.has(one))
  }

  private before(states: ReadonlySet<number>): Map<number, number[]> {
    const { graph } = this
    this.links ??= graph.packed.engine === 'interpret' ? linksOf(graph) : explore(graph.packed, { links: true }).links
    const found = new Map<number, number[]>([...states].map(state => [state, []]))
    if (this.links === undefined) return found
    const { heads, edges } = this.links
    for (let from = 0; from < graph.size.states; from++) {
      const end = heads[from + 1] ?? 0
      for (let e = heads[from] ?? 0; e < end; e++) {
        const list = found.get(edges[e * 2] ?? 0)
        if (list !== undefined && list.at(-1) !== from) list.push(from)
      }
    }
    return found
  }

  /** Makes the region larger: by these states, or, where they are in it, by all that lead to them.  False where it cannot. */
  widen(states: readonly number[], most: number): boolean {
    const { region } = this
    const size = region.size
    const inside = new Set(states.filter(state => region.has(state)))
    for (const state of states) region.add(state)
    if (inside.size > 0) for (const list of this.before(inside).values()) for (const state of list) region.add(state)
    // What leads there is in it already, and all that is known is known: what leads to that.
    if (region.size === size) for (const list of this.before(region).values()) for (const one of list) region.add(one)
    return region.size > size && region.size <= most
  }

  /** Finds what is known in the region; false where that takes more work. */
  settle(left: { readonly work: number }): boolean {
    const { comparison, region, graph } = this
    this.known = new Map()
    const found = new Map<number, readonly number[]>()
    try {
      const due = new Set<number>()
      const own = new Set([...region].flatMap(state => this.placesOf(state)).filter(place => comparison.isStill(place)))
      const meet = (to: number, may: readonly number[]): void => {
        // Where the one has come to what the other may not have come to, it is followed by itself.
        if (!may.includes(to)) return
        const was = found.get(to)
        const now = was === undefined ? may : common(was, may)
        if (now === was) return
        found.set(to, now)
        due.add(to)
      }
      const entries = new Set([...this.before(region).values()].flat())
      for (const state of entries)
        for (const place of this.placesOf(state)) {
          if (own.has(place)) continue
          for (const { to, may } of comparison.moves(place, comparison.around(place), own)) meet(to, may)
          if (left.work < 0) return false
        }
      for (const state of region)
        if (graph.parentOf(state) < 0) for (const place of this.placesOf(state)) meet(place, comparison.around(place))
      for (const place of due) {
        due.delete(place)
        for (const { to, may } of comparison.moves(place, found.get(place) ?? [], own)) meet(to, may)
        if (left.work < 0) return false
      }
    } catch (error) {
      if (error instanceof TooMuch) return false
      throw error
    }
    this.known = found
    return true
  }
}
