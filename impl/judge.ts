/**
 * A claim to a verdict and a witness.
 *
 * | kind            | holds when                                                                    |
 * | --------------- | ----------------------------------------------------------------------------- |
 * | `never(p)`      | no reachable state is p (or no reachable step takes the named rule where p is) |
 * | `sometimes(p)`  | some reachable state is (or some step does)                                    |
 * | `rests(p)`      | some reachable p has no step that anybody owes: it may stay so for ever         |
 * | `recovers(p,q)` | from every reachable p some q can be reached, by the actors named              |
 * | `leadsTo(p,q)`  | every fair path from a p comes to a q                                          |
 *
 * Fairness is weak and by actor: an actor that can always take an owed step
 * does take one some day.  Nobody owes a command, a fault or a timer.
 */
import type { Claim, System } from '../spec/lang.ts'
import { derive } from './derive.ts'
import { type ExploreOptions, explore, type Graph, linksOf, type PathStep, pathTo } from './explore.ts'
import { fairTrap, type Links } from './fair.ts'
import { type Row, slug } from './flat.ts'
import { flatten } from './flatten.ts'
import { SpecError } from './move.ts'
import { watch } from './observer.ts'
import { anyOf, cellsOf, type Packed, pack, type Test } from './pack.ts'

/** The way to what a verdict rests on.  From `loop` on, its steps repeat for ever; without steps there, it stays. */
export interface Witness {
  readonly graph: Graph
  readonly start: number
  readonly steps: readonly PathStep[]
  readonly loop?: number
}

/** What the checker found of one claim under one version. */
export interface Verdict {
  readonly claim: Claim
  readonly version: string
  readonly holds: boolean
  /** Whether that is what the claim says of this version. */
  readonly expected: boolean
  /** Shows a claim broken, or a `sometimes` or `rests` fulfilled. */
  readonly witness?: Witness
  /** States of the system that was explored for it. */
  readonly states: number
}

/** Whether a claim is about what happens in the end: only then steps must be known, not states alone. */
export const isLasting = ({ kind }: Claim): boolean => kind === 'recovers' || kind === 'leadsTo'

/** Explores what a claim is about.  Graphs are kept, for many claims are about the same. */
export class Judge {
  private readonly graphs = new Map<string, { graph: Graph; links?: Links }>()
  private readonly explorer: (packed: Packed, options?: ExploreOptions) => Graph

  constructor(explorer: (packed: Packed, options?: ExploreOptions) => Graph = explore) {
    this.explorer = explorer
  }

  /**
   * The graph of a system under a version, without some rules and with some
   * observers.  Where `lasting` claims will be judged of it, its steps are kept.
   */
  graph(system: System, version: string, claim?: Claim, lasting = false): Graph {
    return this.entry(system, version, claim, lasting).graph
  }

  /** Judges a claim about a system.  Throws `SpecError` for a name in it that is not there. */
  judge(claim: Claim, system: System, version: string): Verdict {
    const entry = this.entry(system, version, claim)
    const { graph } = entry
    if (claim.rule !== undefined) checkRule(system, claim, claim.rule)
    const found = this.find(claim, entry)
    const wanted = claim.kind === 'sometimes' || claim.kind === 'rests'
    const holds = (found !== undefined) === wanted
    const expected = holds === (claim.broken[version] === undefined)
    const base = { claim, version, holds, expected, states: graph.size.states }
    return found === undefined ? base : { ...base, witness: found }
  }

  private entry(
    system: System,
    version: string,
    claim?: Claim,
    lasting = claim !== undefined && isLasting(claim),
  ): { graph: Graph; links?: Links } {
    const without = claim?.without ?? []
    const observers = claim?.observers ?? []
    const whole = JSON.stringify([system.name, version, [], []])
    const key = JSON.stringify([system.name, version, without, observers])
    const known = this.graphs.get(key)
    if (known !== undefined) return known
    // Graphs of systems cut down for one claim are rarely asked for twice, and they are large.
    if (this.graphs.size > 2) this.graphs.delete([...this.graphs.keys()].find(one => one !== whole) ?? '')
    const base = flatten(system, version)
    for (const name of without) checkNamed(system, name, claim?.name ?? '')
    const flat = watch(
      without.length === 0 ? base : flatten({ ...system, without: [...system.without, ...without] }, version),
      observers,
    )
    const packed = pack(flat)
    // Of the whole, all steps may be known: then what is left of it is soon found.
    const of = this.graphs.get(whole)?.graph
    const entry = { graph: (of && derive(of, packed, lasting)) ?? this.explorer(packed, { links: lasting }) }
    this.graphs.set(key, entry)
    return entry
  }

  private find(claim: Claim, entry: { graph: Graph; links?: Links }): Witness | undefined {
    const { graph } = entry
    const test = patterns(graph, claim.where)
    if (claim.kind === 'never' || claim.kind === 'sometimes') {
      return claim.rule === undefined ? firstState(graph, test) : firstStep(graph, test, ruleIds(graph, claim.rule))
    }
    if (claim.kind === 'rests') return firstState(graph, (states, at) => test(states, at) && !owes(graph, states, at))
    // A search that keeps steps is faster than asking of each where it leads.
    entry.links ??= graph.links ?? this.explorer(graph.packed, { links: true }).links ?? linksOf(graph)
    const goal = patterns(graph, claim.to)
    for (const actor of claim.by ?? []) {
      if (!graph.packed.flat.actors.includes(actor))
        throw new SpecError(`claim "${claim.name}": there is no actor "${actor}" in ${graph.packed.flat.name}`)
    }
    if (claim.kind === 'recovers') return stranded(graph, entry.links, test, goal, claim.by)
    const trap = fairTrap(graph, entry.links, test, goal)
    if (trap === undefined) return undefined
    return { graph, ...trap }
  }
}

const patterns = (graph: Graph, list: Claim['where']): Test =>
  anyOf(
    graph.packed,
    list.map(pattern => cellsOf(graph.packed.flat, pattern)),
  )

/** The id of a rule that a claim names as `side: name`, or as `name` for a rule of the whole. */
export const idOf = (name: string): string => {
  const [, side, rest] = /^(\w+): (.*)$/.exec(name) ?? []
  return rest === undefined ? slug(name) : `${side}/${slug(rest)}`
}

/** A claim may do without a rule that only some version has, but not without one that none has. */
function checkNamed(system: System, name: string, claim: string): void {
  const own = Object.values(system.rules).flat()
  const found = Object.entries(system.sides).some(([side, machines]) =>
    machines.some(machine =>
      Object.values(machine.rules)
        .flat()
        .some(rule => rule.name === name || `${side}: ${rule.name}` === name),
    ),
  )
  if (found || own.some(rule => rule.name === name)) return
  throw new SpecError(`claim "${claim}": there is no rule "${name}" in ${system.name}`)
}

/** A claim may name a rule that only some release has: in others nobody takes it.  It may name none that is left out. */
function checkRule(system: System, claim: Claim, name: string): void {
  checkNamed(system, name, claim.name)
  const bare = name.replace(/^\w+: /, '')
  if (![...system.without, ...claim.without].some(left => left === name || left === bare)) return
  throw new SpecError(`claim "${claim.name}": the rule "${name}" is left out`)
}

function ruleIds(graph: Graph, name: string): ReadonlySet<string> {
  const id = idOf(name)
  return new Set(graph.packed.flat.rules.filter(rule => rule.id === id || rule.rule.name === name).map(rule => rule.id))
}

/** Whether anybody owes a step in this state. */
export function owes(graph: Graph, states: Int32Array, at: number): boolean {
  const { packed } = graph
  let owed = false
  packed.step(states, at, new Int32Array(packed.words), row => {
    owed ||= packed.flat.rows[row]?.owed === true
  })
  return owed
}

function firstState(graph: Graph, test: Test): Witness | undefined {
  const { words } = graph.packed
  for (let state = 0; state < graph.size.states; state++) {
    if (test(graph.states, state * words)) return { graph, ...pathTo(graph, state) }
  }
  return undefined
}

function firstStep(graph: Graph, test: Test, ids: ReadonlySet<string>): Witness | undefined {
  const { words, step, flat } = graph.packed
  const wanted = (row: number): boolean => ids.has((flat.rows[row] as Row).rule.id)
  const next = new Int32Array(words)
  for (let state = 0; state < graph.size.states; state++) {
    if (!test(graph.states, state * words)) continue
    let found: PathStep | undefined
    step(graph.states, state * words, next, row => {
      if (found === undefined && wanted(row)) found = { row, state: graph.find(next, 0) }
    })
    if (found === undefined) continue
    const { start, steps } = pathTo(graph, state)
    return { graph, start, steps: [...steps, found] }
  }
  return undefined
}

/** A state that is p from which no q can be reached by these actors. */
function stranded(
  graph: Graph,
  links: Links,
  test: Test,
  goal: Test,
  by: readonly string[] | undefined,
): Witness | undefined {
  const { words, flat } = graph.packed
  const allowed = flat.rows.map(row => by === undefined || by.includes(row.rule.actor))
  const count = graph.size.states
  // Backwards from the goal: a list of predecessors in the same shape as the list of successors.
  const heads = new Int32Array(count + 1)
  const { edges } = links
  for (let e = 0; e < edges.length; e += 2) {
    const target = edges[e] ?? 0
    heads[target + 1] = (heads[target + 1] ?? 0) + 1
  }
  for (let i = 0; i < count; i++) heads[i + 1] = (heads[i + 1] ?? 0) + (heads[i] ?? 0)
  const fill = heads.slice()
  const sources = new Int32Array(edges.length / 2)
  for (let state = 0; state < count; state++) {
    for (let e = links.heads[state] ?? 0; e < (links.heads[state + 1] ?? 0); e++) {
      if (allowed[edges[e * 2 + 1] ?? 0] !== true) continue
      const target = edges[e * 2] ?? 0
      const at = fill[target] ?? 0
      sources[at] = state
      fill[target] = at + 1
    }
  }
  const good = new Uint8Array(count)
  const work: number[] = []
  for (let state = 0; state < count; state++) {
    if (!goal(graph.states, state * words)) continue
    good[state] = 1
    work.push(state)
  }
  for (let state = work.pop(); state !== undefined; state = work.pop()) {
    for (let e = heads[state] ?? 0; e < (fill[state] ?? 0); e++) {
      const source = sources[e] ?? 0
      if (good[source] === 1) continue
      good[source] = 1
      work.push(source)
    }
  }
  for (let state = 0; state < count; state++) {
    if (good[state] === 0 && test(graph.states, state * words)) return { graph, ...pathTo(graph, state) }
  }
  return undefined
}
