/**
 * A proof that a system cannot be told from another that was explored, or a
 * way on which it can.
 *
 * The proof looks only near the states where the two differ.  As long as the
 * one is in a state that the other may be in as well, every step that is not
 * changed leads to such a state again; so it is enough to follow, from each
 * state where they differ, what is not like that.
 *
 * Where that fails for a state, somebody who has seen what led there may still
 * not be able to tell: what came before may have been another thing.  What is
 * known of the other then is what all that leads there leaves in common; see
 * `Known`.  It is asked for where the proof fails, then at all that leads there,
 * and so on.
 */
import { type Compared, Comparison, type Flaw, type Tell, type Way } from './apart.ts'
import { Known } from './apart-known.ts'
import { bodyOf, changed, differing } from './differ.ts'
import { type Graph, pathTo } from './explore.ts'
import type { Row } from './flat.ts'
import type { Packed } from './pack.ts'

/** How far a proof may go: the states where it begins, the places that each looks at, and the steps that all look at together. */
export interface Bounds {
  readonly states: number
  readonly places: number
  /** Goes down as it is done. */
  readonly left: { work: number }
}

/** A way from a start on which the one is seen not to be the other. */
export interface Seen extends Way {
  readonly start: Int32Array
}

/** What came of a proof. */
export type Proved = 'within' | 'unknown' | Seen

/** From so many states that fail a way from the start is looked for, and how far. */
const TRIED = 6
const FAR = 600
/** So many failures in a row are enough. */
const ENOUGH = 30
/** More states than this are not looked at for what leads there. */
const REGION = 20_000

/** Whether all that is seen of one system is seen of another; one of the two was explored, and its graph is given. */
export function prove(
  graph: Graph,
  states: readonly number[],
  [one, other]: readonly [Packed, Packed],
  tells: readonly Tell[],
  { places, left }: Bounds,
  flaw?: Flaw,
): Proved {
  const { packed } = graph
  const wordsOf = (state: number): Int32Array => graph.states.subarray(state * packed.words, (state + 1) * packed.words)
  const comparison = new Comparison(one, other, tells, left, flaw)
  const known = new Known(graph, comparison)
  const check = (state: number): Compared => {
    for (const place of comparison.placesOf(wordsOf(state))) {
      const came = comparison.within(place, known.at(place), places, (to, may) => known.holds(to, may))
      if (came !== 'within') return came
    }
    return 'within'
  }
  const rows = new Map(one.flat.rows.map(row => [bodyOf(row), row.id]))
  const gone = new Set(changed(packed.flat, one.flat).lost.map(({ id }) => id))
  const wayTo = (state: number): Seen | undefined => {
    const path = pathTo(graph, state)
    if (path.steps.some(({ row }) => gone.has(row))) return undefined
    const taken = path.steps.map(({ row }) => rows.get(bodyOf(packed.flat.rows[row] as Row)) ?? -1)
    const start = wordsOf(path.start).slice()
    const way = comparison.towards(start, taken, FAR)
    return typeof way === 'string'
      ? undefined
      : { ...way, start, steps: [...taken.map(row => ({ row })), ...way.steps] }
  }
  let tried = 0
  for (;;) {
    const failed: number[] = []
    for (const [n, state] of states.entries()) {
      const came = check(state)
      if (came === 'within') continue
      if (typeof came !== 'string' && graph.parentOf(state) < 0) return { ...came, start: wordsOf(state).slice() }
      failed.push(state)
      if (tried < TRIED) {
        tried += 1
        const seen = wayTo(state)
        if (seen !== undefined) return seen
      }
      if (left.work < 0) return 'unknown'
      // Where this many have failed, most will, and none of the others has to wait for it.
      if (failed.length < ENOUGH || failed.length * 2 < n) continue
      failed.push(...states.slice(n + 1))
      break
    }
    if (failed.length === 0) return 'within'
    if (!known.widen(failed, REGION) || !known.settle(left)) return 'unknown'
  }
}

/**
 * Whether an edited system shows what the explored one does not, which has the same variables: `within` is a proof that
 * it does not, a way shows what.
 */
export function shows(graph: Graph, edited: Packed, tells: readonly Tell[], bounds: Bounds, flaw?: Flaw): Proved {
  const states = differing(graph, edited.flat, bounds.states)
  if (states.length >= bounds.states) return 'unknown'
  return prove(graph, states, [edited, graph.packed], tells, bounds, flaw)
}

/** Whether, of what the explored system shows, nothing is missing from the edited one: `within` is a proof. */
export function keeps(graph: Graph, edited: Packed, tells: readonly Tell[], bounds: Bounds, flaw?: Flaw): Proved {
  const states = differing(graph, edited.flat, bounds.states)
  if (states.length >= bounds.states) return 'unknown'
  return prove(graph, states, [graph.packed, edited], tells, bounds, flaw)
}

/**
 * Both: `alike` is a proof that nobody can tell the two apart, `less` that the edited one shows nothing that the other
 * does not; a way shows what it does.
 */
export function told(
  graph: Graph,
  edited: Packed,
  tells: readonly Tell[],
  bounds: Bounds,
  flaw?: Flaw,
): 'alike' | 'less' | 'unknown' | Seen {
  const came = shows(graph, edited, tells, bounds, flaw)
  if (came !== 'within') return came
  return keeps(graph, edited, tells, bounds, flaw) === 'within' ? 'alike' : 'less'
}
