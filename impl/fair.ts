/**
 * Finds a fair way never to come to a goal: a place where QEMU may stay, or a loop it may go round, for ever.
 */
import { type Graph, type PathStep, pathTo } from './explore.ts'
import { SpecError } from './move.ts'
import type { Test } from './pack.ts'

/** The steps of a graph: those of state s are numbered `heads[s]` to `heads[s + 1] - 1`; of each the target and the row. */
export interface Links {
  readonly heads: Int32Array
  readonly edges: Int32Array
}

/** The way into a trap, and from step `loop` on what repeats there (nothing: it stays). */
export interface Trap {
  readonly start: number
  readonly steps: readonly PathStep[]
  readonly loop: number
}

/** A fair path from a state that passes `from` on which `goal` never holds again, or undefined. */
export function fairTrap(graph: Graph, links: Links, from: Test, goal: Test): Trap | undefined {
  const { words, flat } = graph.packed
  const count = graph.size.states
  const inside = new Uint8Array(count)
  const cause = new Int32Array(count).fill(-1)
  const via = new Int32Array(count).fill(-1)
  const bad = (state: number): boolean => !goal(graph.states, state * words)
  // All that can be reached from such a state without the goal, breadth first so that witnesses are short.
  const queue = new Int32Array(count)
  let found = 0
  for (let state = 0; state < count; state++) {
    if (from(graph.states, state * words) && bad(state)) {
      inside[state] = 1
      queue[found++] = state
    }
  }
  const { heads, edges } = links
  for (let q = 0; q < found; q++) {
    const state = queue[q] as number
    const end = heads[state + 1] as number
    for (let e = heads[state] as number; e < end; e++) {
      const target = edges[e * 2] as number
      if (inside[target] !== 0) continue
      // What was found to be the goal is not asked again.
      inside[target] = bad(target) ? 1 : 2
      if (inside[target] === 2) continue
      cause[target] = state
      via[target] = edges[e * 2 + 1] as number
      queue[found++] = target
    }
  }
  const actors = [...new Set(flat.rows.filter(row => row.owed).map(row => row.rule.actor))]
  if (actors.length > 31) throw new SpecError(`${flat.name} has more than 31 actors that owe steps`)
  const actorOf = flat.rows.map(row => (row.owed ? actors.indexOf(row.rule.actor) : -1))
  const region = queue.subarray(0, found)
  const { component, components: many } = components(links, inside, region, count)
  // An actor lets a component go on for ever if it is idle somewhere in it, or acts within it.
  const all = 2 ** actors.length - 1
  const content = new Int32Array(many)
  for (const state of region) {
    const id = component[state] as number
    let able = 0
    let acts = 0
    const end = heads[state + 1] as number
    for (let e = heads[state] as number; e < end; e++) {
      const actor = actorOf[edges[e * 2 + 1] as number] as number
      if (actor < 0) continue
      able |= 1 << actor
      const target = edges[e * 2] as number
      if (inside[target] === 1 && component[target] === id) acts |= 1 << actor
    }
    content[id] = (content[id] as number) | (all & ~able) | acts
  }
  const trap = region.find(state => content[component[state] as number] === all)
  if (trap === undefined) return undefined
  const steps: PathStep[] = []
  let at = trap
  while ((cause[at] ?? -1) >= 0) {
    steps.push({ row: via[at] as number, state: at })
    at = cause[at] as number
  }
  const head = pathTo(graph, at)
  const way = [...head.steps, ...steps.reverse()]
  return { start: head.start, steps: [...way, ...fairLoop(links, component, trap, actorOf)], loop: way.length }
}

/**
 * A way from a state back to itself within its component on which every actor
 * acts or is idle somewhere; nothing when all are idle where it starts.
 */
function fairLoop(links: Links, component: Int32Array, home: number, actorOf: readonly number[]): PathStep[] {
  const steps: PathStep[] = []
  const waiting = new Set(ableAt(links, home, actorOf))
  let at = home
  while (waiting.size > 0 || at !== home) {
    const part = wayWithin(links, component, at, (row, state) => {
      if (waiting.size === 0) return state === home
      const able = ableAt(links, state, actorOf)
      return waiting.has(actorOf[row] ?? -1) || [...waiting].some(actor => !able.has(actor))
    })
    for (const { row, state } of part) {
      const able = ableAt(links, state, actorOf)
      for (const actor of waiting) if (actor === actorOf[row] || !able.has(actor)) waiting.delete(actor)
      at = state
    }
    steps.push(...part)
  }
  return steps
}

/** The actors that owe a step in a state. */
function ableAt(links: Links, state: number, actorOf: readonly number[]): Set<number> {
  const able = new Set<number>()
  for (let e = links.heads[state] ?? 0; e < (links.heads[state + 1] ?? 0); e++) {
    const actor = actorOf[links.edges[e * 2 + 1] ?? 0] ?? -1
    if (actor >= 0) able.add(actor)
  }
  return able
}

/** The shortest way from a state, of one step at least, to a step that is wanted, within its component, where there is one. */
function wayWithin(
  links: Links,
  component: Int32Array,
  from: number,
  wanted: (row: number, state: number) => boolean,
): PathStep[] {
  const ways: { readonly step: PathStep; readonly before: number }[] = []
  const seen = new Set([from])
  const queue = [{ state: from, way: -1 }]
  for (const { state, way } of queue) {
    for (let e = links.heads[state] ?? 0; e < (links.heads[state + 1] ?? 0); e++) {
      const step = { row: links.edges[e * 2 + 1] ?? 0, state: links.edges[e * 2] ?? 0 }
      if (component[step.state] !== component[from]) continue
      const number = ways.push({ step, before: way }) - 1
      if (wanted(step.row, step.state)) {
        const steps: PathStep[] = []
        for (let i = number; i >= 0; i = ways[i]?.before ?? -1) steps.push((ways[i] as { step: PathStep }).step)
        return steps.reverse()
      }
      if (seen.has(step.state)) continue
      seen.add(step.state)
      queue.push({ state: step.state, way: number })
    }
  }
  throw new Error('a component that is not one')
}

/** Tarjan's strongly connected components of the states inside, without recursion. */
function components(
  { heads, edges }: Links,
  inside: Uint8Array,
  roots: Int32Array,
  count: number,
): { readonly component: Int32Array; readonly components: number } {
  const component = new Int32Array(count).fill(-1)
  // When each was come to, from one on, and the first that can be come back to.
  const index = new Int32Array(count)
  const low = new Int32Array(count)
  const edge = new Int32Array(count)
  const stack = new Int32Array(roots.length)
  const call = new Int32Array(roots.length)
  let [stacked, called, clock, components] = [0, 0, 0, 0]
  for (const root of roots) {
    if (index[root] !== 0) continue
    call[called++] = root
    while (called > 0) {
      const state = call[called - 1] as number
      if (index[state] === 0) {
        clock += 1
        index[state] = clock
        low[state] = clock
        edge[state] = heads[state] as number
        stack[stacked++] = state
      }
      let deeper = -1
      let at = edge[state] as number
      const end = heads[state + 1] as number
      while (at < end && deeper < 0) {
        const target = edges[at * 2] as number
        at += 1
        if (inside[target] !== 1 || component[target] !== -1) continue
        if (index[target] === 0) deeper = target
        else if ((index[target] as number) < (low[state] as number)) low[state] = index[target] as number
      }
      edge[state] = at
      if (deeper >= 0) {
        call[called++] = deeper
        continue
      }
      called -= 1
      if (called > 0) {
        const parent = call[called - 1] as number
        if ((low[state] as number) < (low[parent] as number)) low[parent] = low[state] as number
      }
      if (low[state] !== index[state]) continue
      for (;;) {
        const member = stack[--stacked] as number
        component[member] = components
        if (member === state) break
      }
      components += 1
    }
  }
  return { component, components }
}
