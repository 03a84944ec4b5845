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
import { slug } from './flat.ts'
import { flatten } from './flatten.ts'
import { SpecError } from './move.ts'
import { watch } from './observer.ts'
import { anyOf, cellsOf, type Packed, pack, type Scan, scanOf } from './pack.ts'
import { reduced } from './reduce.ts'

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

/** What a reduced search found of one claim. */
export interface ReducedVerdict {
  readonly holds: boolean
  /** States that it kept. */
  readonly states: number
}

/** Whether a claim is about what happens in the end: only then steps must be known, not states alone. */
export const isLasting = ({ kind }: Claim): boolean => kind === 'recovers' || kind === 'leadsTo'

/** A graph, and what was worked out of it. */
interface Entry {
  readonly graph: Graph
  links?: Links
  back?: Links
}

/** Claims of the same key are about the same rules and observers. */
const keyOf = (system: System, version: string, claim?: Claim): string =>
  JSON.stringify([system.name, version, claim?.without ?? [], claim?.observers ?? []])

/** What a claim is about.  Throws `SpecError` where it does without a rule that is not there. */
function packedFor(system: System, version: string, claim?: Claim): Packed {
  const without = claim?.without ?? []
  for (const name of without) checkNamed(system, name, claim?.name ?? '')
  const left = without.length === 0 ? system : { ...system, without: [...system.without, ...without] }
  return pack(watch(flatten(left, version), claim?.observers ?? []))
}

/** Explores what a claim is about.  Graphs are kept, for many claims are about the same. */
export class Judge {
  private readonly graphs = new Map<string, Entry>()
  /** What was last searched for less: claims about the same follow each other. */
  private small: { readonly of: string; readonly packed: Packed } | undefined
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

  /**
   * Judges a claim by a search that leaves out what it cannot tell; answers
   * nothing where that cannot judge it.  Throws `RangeError` where even that
   * has more states than the limit.  See `reduce.ts`.
   */
  reduced(claim: Claim, system: System, version: string, limit?: number): ReducedVerdict | undefined {
    if (claim.kind !== 'never' && claim.kind !== 'sometimes') return undefined
    if (claim.rule !== undefined) checkRule(system, claim, claim.rule)
    const known = this.small
    const packed = known?.of === keyOf(system, version, claim) ? known.packed : packedFor(system, version, claim)
    this.small = { of: keyOf(system, version, claim), packed }
    const where = claim.where.map(pattern => cellsOf(packed.flat, pattern))
    const found = reduced(
      packed,
      { where, ...(claim.rule !== undefined && { rules: ruleIds(packed, claim.rule) }) },
      {},
      limit,
    )
    return { holds: (found.way !== undefined) === (claim.kind === 'sometimes'), states: found.states }
  }

  private entry(
    system: System,
    version: string,
    claim?: Claim,
    lasting = claim !== undefined && isLasting(claim),
  ): Entry {
    const whole = keyOf(system, version)
    const key = keyOf(system, version, claim)
    const known = this.graphs.get(key)
    if (known !== undefined) return known
    // Graphs of systems cut down for one claim are rarely asked for twice, and they are large.
    if (this.graphs.size > 2) this.graphs.delete([...this.graphs.keys()].find(one => one !== whole) ?? '')
    const packed = packedFor(system, version, claim)
    // Of the whole, all steps may be known: then what is left of it is soon found.
    const of = this.graphs.get(whole)?.graph
    const entry: Entry = { graph: (of && derive(of, packed, lasting)) ?? this.explorer(packed, { links: lasting }) }
    this.graphs.set(key, entry)
    return entry
  }

  private find(claim: Claim, entry: Entry): Witness | undefined {
    const { graph } = entry
    const where = claim.where.map(pattern => cellsOf(graph.packed.flat, pattern))
    if (claim.kind === 'never' || claim.kind === 'sometimes') {
      const scan = scanOf(graph.packed, where)
      return claim.rule === undefined
        ? firstState(graph, scan)
        : firstStep(graph, scan, ruleIds(graph.packed, claim.rule))
    }
    if (claim.kind === 'rests') return firstState(graph, scanOf(graph.packed, where), state => !owes(graph, state))
    // A search that keeps steps is faster than asking of each where it leads.
    entry.links ??= graph.links ?? this.explorer(graph.packed, { links: true }).links ?? linksOf(graph)
    const goal = claim.to.map(pattern => cellsOf(graph.packed.flat, pattern))
    for (const actor of claim.by ?? []) {
      if (!graph.packed.flat.actors.includes(actor))
        throw new SpecError(`claim "${claim.name}": there is no actor "${actor}" in ${graph.packed.flat.name}`)
    }
    if (claim.kind === 'recovers') {
      entry.back ??= backwards(entry.links, graph.size.states)
      return stranded(graph, entry.back, scanOf(graph.packed, where), scanOf(graph.packed, goal), claim.by)
    }
    const trap = fairTrap(graph, entry.links, anyOf(graph.packed, where), anyOf(graph.packed, goal))
    if (trap === undefined) return undefined
    return { graph, ...trap }
  }
}

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

function ruleIds({ flat }: Packed, name: string): ReadonlySet<string> {
  const id = idOf(name)
  return new Set(flat.rules.filter(rule => rule.id === id || rule.rule.name === name).map(rule => rule.id))
}

/** Whether anybody owes a step in this state. */
export function owes(graph: Graph, state: number): boolean {
  const { packed, links, states } = graph
  const owed = (row: number): boolean => packed.flat.rows[row]?.owed === true
  if (links !== undefined) {
    const { heads, edges } = links
    for (let e = heads[state] ?? 0; e < (heads[state + 1] ?? 0); e++) if (owed(edges[e * 2 + 1] ?? -1)) return true
    return false
  }
  let any = false
  packed.step(states, state * packed.words, new Int32Array(packed.words), row => {
    any ||= owed(row)
  })
  return any
}

function firstState(graph: Graph, scan: Scan, also: (state: number) => boolean = () => true): Witness | undefined {
  const { states } = graph.size
  for (let state = scan(graph.states, 0, states); state >= 0; state = scan(graph.states, state + 1, states)) {
    if (also(state)) return { graph, ...pathTo(graph, state) }
  }
  return undefined
}

function firstStep(graph: Graph, scan: Scan, ids: ReadonlySet<string>): Witness | undefined {
  const { links, packed, taken, size } = graph
  const wanted = packed.flat.rows.map(({ rule }, row) => ids.has(rule.id) && taken[row] !== 0)
  if (!wanted.includes(true)) return undefined
  const next = new Int32Array(packed.words)
  for (let state = scan(graph.states, 0, size.states); state >= 0; state = scan(graph.states, state + 1, size.states)) {
    let found: PathStep | undefined
    if (links === undefined) {
      packed.step(graph.states, state * packed.words, next, row => {
        if (found === undefined && wanted[row] === true) found = { row, state: graph.find(next, 0) }
      })
    } else {
      const { heads, edges } = links
      const end = heads[state + 1] as number
      for (let e = heads[state] as number; e < end && found === undefined; e++) {
        const row = edges[e * 2 + 1] as number
        if (wanted[row] === true) found = { row, state: edges[e * 2] as number }
      }
    }
    if (found === undefined) continue
    const { start, steps } = pathTo(graph, state)
    return { graph, start, steps: [...steps, found] }
  }
  return undefined
}

/** The steps of a graph by where they lead: of state s those from `heads[s]` on; of each where it comes from, and its row. */
type Back = Links

function backwards({ heads: from, edges }: Links, count: number): Back {
  const heads = new Int32Array(count + 1)
  for (let e = 0; e < edges.length; e += 2) {
    const target = edges[e] as number
    heads[target + 1] = (heads[target + 1] as number) + 1
  }
  for (let i = 0; i < count; i++) heads[i + 1] = (heads[i + 1] as number) + (heads[i] as number)
  const fill = heads.slice()
  const sources = new Int32Array(edges.length)
  for (let state = 0; state < count; state++) {
    const end = from[state + 1] as number
    for (let e = from[state] as number; e < end; e++) {
      const target = edges[e * 2] as number
      const at = fill[target] as number
      sources[at * 2] = state
      sources[at * 2 + 1] = edges[e * 2 + 1] as number
      fill[target] = at + 1
    }
  }
  return { heads, edges: sources }
}

/** A state that is p from which no q can be reached by these actors. */
function stranded(
  graph: Graph,
  { heads, edges }: Back,
  where: Scan,
  goal: Scan,
  by: readonly string[] | undefined,
): Witness | undefined {
  const allowed = Uint8Array.from(graph.packed.flat.rows, row =>
    by === undefined || by.includes(row.rule.actor) ? 1 : 0,
  )
  const count = graph.size.states
  const good = new Uint8Array(count)
  const work = new Int32Array(count)
  let left = 0
  for (let state = goal(graph.states, 0, count); state >= 0; state = goal(graph.states, state + 1, count)) {
    good[state] = 1
    work[left++] = state
  }
  while (left > 0) {
    const state = work[--left] as number
    const end = heads[state + 1] as number
    for (let e = heads[state] as number; e < end; e++) {
      const source = edges[e * 2] as number
      if (good[source] === 1 || allowed[edges[e * 2 + 1] as number] === 0) continue
      good[source] = 1
      work[left++] = source
    }
  }
  return firstState(graph, where, state => good[state] === 0)
}
