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
  const queue: number[] = []
  for (let state = 0; state < count; state++) {
    if (bad(state) && from(graph.states, state * words)) {
      inside[state] = 1
      queue.push(state)
    }
  }
  for (let q = 0; q < queue.length; q++) {
    const state = queue[q] as number
    for (let e = links.heads[state] ?? 0; e < (links.heads[state + 1] ?? 0); e++) {
      const target = links.edges[e * 2] as number
      if (inside[target] === 1 || !bad(target)) continue
      inside[target] = 1
      cause[target] = state
      via[target] = links.edges[e * 2 + 1] as number
      queue.push(target)
    }
  }
  const actors = [...new Set(flat.rows.filter(row => row.owed).map(row => row.rule.actor))]
  if (actors.length > 31) throw new SpecError(`${flat.name} has more than 31 actors that owe steps`)
  const actorOf = flat.rows.map(row => (row.owed ? actors.indexOf(row.rule.actor) : -1))
  const component = components(links, inside, queue, count)
  // An actor lets a component go on for ever if it is idle somewhere in it, or acts within it.
  const all = 2 ** actors.length - 1
  const content = new Map<number, number>()
  for (const state of queue) {
    let able = 0
    let acts = 0
    for (let e = links.heads[state] ?? 0; e < (links.heads[state + 1] ?? 0); e++) {
      const actor = actorOf[links.edges[e * 2 + 1] as number] as number
      if (actor < 0) continue
      able |= 1 << actor
      const target = links.edges[e * 2] as number
      if (inside[target] === 1 && component[target] === component[state]) acts |= 1 << actor
    }
    const id = component[state] as number
    content.set(id, (content.get(id) ?? 0) | (all & ~able) | acts)
  }
  const trap = queue.find(state => content.get(component[state] as number) === all)
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
function components(links: Links, inside: Uint8Array, roots: readonly number[], count: number): Int32Array {
  const component = new Int32Array(count).fill(-1)
  const index = new Int32Array(count).fill(-1)
  const low = new Int32Array(count)
  const edge = new Int32Array(count)
  const stack: number[] = []
  const call: number[] = []
  let clock = 0
  let components = 0
  for (const root of roots) {
    if (index[root] !== -1) continue
    call.push(root)
    while (call.length > 0) {
      const state = call[call.length - 1] as number
      if (index[state] === -1) {
        index[state] = clock
        low[state] = clock
        clock += 1
        edge[state] = links.heads[state] as number
        stack.push(state)
      }
      let deeper = -1
      const end = links.heads[state + 1] as number
      while ((edge[state] as number) < end && deeper < 0) {
        const target = links.edges[(edge[state] as number) * 2] as number
        edge[state] = (edge[state] as number) + 1
        if (inside[target] !== 1 || component[target] !== -1) continue
        if (index[target] === -1) deeper = target
        else low[state] = Math.min(low[state] as number, index[target] as number)
      }
      if (deeper >= 0) {
        call.push(deeper)
        continue
      }
      call.pop()
      const parent = call[call.length - 1]
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[state] as number)
      if (low[state] !== index[state]) continue
      for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
        component[member] = components
        if (member === state) break
      }
      components += 1
    }
  }
  return component
}
