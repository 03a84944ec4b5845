/** The machines of the page: each variable that is drawn, over all releases at once. */
import type { Flat } from '../../impl/flat.ts'
import { flatten } from '../../impl/flatten.ts'
import { SpecError } from '../../impl/move.ts'
import type { System } from '../../spec/lang.ts'
import { systems } from '../../spec/systems.ts'
import { GONE } from '../arrows.ts'
import type { ToldStory } from '../frames.ts'
import { type Grid, grids } from '../grid.ts'
import { layOut } from '../layout.ts'
import { widthOf } from '../measure.ts'
import { overviews } from '../overview.ts'
import { type StatePlan, states } from '../plan.ts'
import { type Part, type PartMachine, partAt } from './part.ts'
import type { Answers } from './questions.ts'
import { maskOf, releaseNames, releases } from './releases.ts'
import type { Rulebook } from './rulebook.ts'
import type { Stories } from './stories.ts'
import type { Tellings } from './tellings.ts'
import type { EdgeInfo, LayoutInfo, MachineInfo, Mask, NodeInfo, Point } from './types.ts'

/** A system by its name. */
export function systemNamed(name: string): System {
  const found = (systems as unknown as readonly System[]).find(system => system.name === name)
  if (found === undefined) throw new SpecError(`there is no system "${name}"`)
  return found
}

/** Releases in which a system is the very same, together. */
export function variantsOf(
  system: System,
  names: readonly string[] = releaseNames,
): { readonly flat: Flat; readonly names: readonly string[] }[] {
  const flats = names.map(name => flatten(system, name))
  const same = Map.groupBy(flats, flat =>
    JSON.stringify([flat.rules.map(({ id, rule }) => [id, rule]), flat.variables]),
  )
  return [...same.values()].flatMap(group => {
    // Told in the words of one that is judged, where one is.
    const flat =
      group.findLast(({ version }) => releases.some(({ name, judged }) => judged && name === version)) ?? group.at(-1)
    return flat === undefined ? [] : [{ flat, names: group.map(({ version }) => version) }]
  })
}

/** Which systems are drawn in which releases. */
export type Wanted = (system: string, release: string) => boolean

const everything: Wanted = () => true

/** Releases in which a system that is drawn is the very same, and in the words of which of them it is told. */
export interface Variant {
  readonly system: string
  readonly release: string
  readonly flat: Flat
  readonly names: readonly string[]
}

/** All that are to be explored, system by system. */
export const variants = (wanted: Wanted = everything): Variant[] =>
  [...new Set(states.map(({ system }) => system))].flatMap(system => {
    const chosen = releaseNames.filter(name => wanted(system, name))
    return variantsOf(systemNamed(system), chosen).map(one => ({ system, release: one.flat.version, ...one }))
  })

/** Explores one, unless somebody has done it. */
export type Explored = (variant: Variant) => Part | Promise<Part>

/** What is drawn, machines and overviews. */
interface Drawn extends Omit<StatePlan, 'layout'> {
  readonly grid: Grid
}

const all: readonly Drawn[] = [
  ...states.map(plan => ({ ...plan, grid: grids[plan.file] ?? {} })),
  ...overviews.map(plan => ({ ...plan, variable: '' })),
]

/** What is gathered of a machine while releases go by. */
interface Gathered {
  readonly plan: Drawn
  readonly values: string[]
  readonly nodes: Map<string, { mask: Mask; final: Mask; rest: Mask }>
  readonly edges: Map<string, GatheredEdge>
}

interface GatheredEdge {
  readonly from: string
  readonly to: string
  mask: Mask
  readonly labels: Map<string, Mask>
  readonly rules: Map<number, Mask>
  readonly ways: Map<number, Mask>
}

const FONT = 12

const add = <K>(map: Map<K, Mask>, key: K, mask: Mask): void => void map.set(key, (map.get(key) ?? 0) | mask)

/** Gathers every system of the plan in every release; what was found besides is passed on. */
export async function machinesOf(
  book: Rulebook,
  stories: Stories,
  heard: { readonly questions: Answers; readonly tellings: Tellings },
  chosen: readonly Variant[],
  explored: Explored = ({ system, release }) => partAt(systemNamed(system), release),
): Promise<MachineInfo[]> {
  const found: MachineInfo[] = []
  for (const [system, plans] of Map.groupBy(all, plan => plan.system)) {
    const mine: Gathered[] = plans.map(plan => ({ plan, values: [], nodes: new Map(), edges: new Map() }))
    for (const variant of chosen.filter(one => one.system === system)) {
      const { flat, names } = variant
      const { machines, outcomes, tellings } = await explored(variant)
      const mask = maskOf(names)
      for (const rule of flat.rules) book.numberOf(rule)
      // In a part a rule goes by its place.
      const ruleOf = (place: number): number => {
        const rule = flat.rules[place]
        return rule === undefined ? -1 : book.numberOf(rule)
      }
      const told = (story: ToldStory): number =>
        stories.add({
          ...story,
          release: flat.version,
          frames: story.frames.map(frame => ({ ...frame, rule: ruleOf(frame.rule) })),
        })
      for (const one of mine) {
        const part = machines.find(({ file }) => file === one.plan.file)
        if (part !== undefined) gather(part, mask, one, ruleOf, told)
      }
      heard.questions.hear(outcomes, mask, told)
      heard.tellings.hear(tellings, mask, told)
    }
    for (const one of mine) if (one.nodes.size > 0) found.push(await finish(one))
  }
  return found
}

function gather(
  part: PartMachine,
  mask: Mask,
  { values, nodes, edges }: Gathered,
  ruleOf: (place: number) => number,
  told: (story: ToldStory) => number,
): void {
  for (const value of part.values) if (!values.includes(value)) values.push(value)
  for (const { value, final, rest } of part.states) {
    const node = nodes.get(value) ?? { mask: 0, final: 0, rest: 0 }
    node.mask |= mask
    if (final) node.final |= mask
    else if (rest) node.rest |= mask
    nodes.set(value, node)
  }
  for (const { from, to, label, rules, way } of part.arrows) {
    const key = JSON.stringify([from, to])
    const edge = edges.get(key) ?? { from, to, mask: 0, labels: new Map(), rules: new Map(), ways: new Map() }
    edges.set(key, edge)
    edge.mask |= mask
    add(edge.labels, JSON.stringify(label), mask)
    for (const rule of rules) add(edge.rules, ruleOf(rule), mask)
    if (way !== undefined) add(edge.ways, told(way), mask)
  }
}

/** What a machine is while it is laid out. */
type Parts = Pick<MachineInfo, 'nodes' | 'edges'>

async function finish({ plan, values, nodes, edges }: Gathered): Promise<MachineInfo> {
  const order = [...values, GONE].filter(value => nodes.has(value))
  const parts: Parts = {
    nodes: order.map((value): NodeInfo => ({ value, ...(nodes.get(value) ?? { mask: 0, final: 0, rest: 0 }) })),
    edges: [...edges.values()].map(
      ({ from, to, mask, labels, rules, ways }): EdgeInfo => ({
        ...{ from, to, mask },
        labels: [...labels].map(([lines, of]) => ({ mask: of, lines: JSON.parse(lines) as string[] })),
        rules: [...rules].map(([rule, of]) => ({ rule, mask: of })),
        ways: [...ways].map(([story, of]) => ({ story, mask: of })),
      }),
    ),
  }
  const { grid } = plan
  const same = Map.groupBy(releaseNames, name =>
    JSON.stringify(
      [...parts.nodes, ...parts.edges.flatMap(({ labels }) => labels)].map(({ mask }) => (mask & maskOf([name])) !== 0),
    ),
  )
  const layouts: LayoutInfo[] = []
  for (const names of same.values()) {
    if (parts.edges.some(({ mask }) => (mask & maskOf(names)) !== 0))
      layouts.push(await layoutOf(parts, maskOf(names), grid))
  }
  layouts.push({ ...(await layoutOf(parts, -1, grid)), mask: 0 })
  return { ...{ id: plan.file, title: plan.title, system: plan.system, variable: plan.variable }, ...parts, layouts }
}

/** Lays out what is there in some releases. */
async function layoutOf({ nodes, edges }: Parts, mask: Mask, grid: Grid): Promise<LayoutInfo> {
  const here = <T extends { readonly mask: Mask }>(list: readonly T[]) =>
    list.flatMap((item, number) => ((item.mask & mask) === 0 ? [] : [{ item, number }]))
  const [states, arrows] = [here(nodes), here(edges)]
  const room = (lines: readonly string[]): number => Math.max(...lines.map(line => widthOf(line, FONT - 1, true)))
  const laid = await layOut(
    states.map(({ item: { value } }) => ({ value, w: Math.max(80, widthOf(value, FONT + 1, true) + 22), h: 32 })),
    arrows.map(({ item: { from, to, labels } }) => {
      const own = labels.filter(label => (label.mask & mask) !== 0).map(({ lines }) => lines)
      return { from, to, w: 6 + Math.max(...own.map(room)), h: 4 + 14 * Math.max(...own.map(({ length }) => length)) }
    }),
    grid,
  )
  const points = (list: readonly Point[]): string =>
    list.map(({ x, y }) => `${Math.round(x)},${Math.round(y)}`).join(' ')
  return {
    ...{ mask, width: Math.ceil(laid.width), height: Math.ceil(laid.height) },
    nodes: Object.fromEntries(
      states.map(({ item: { value }, number }) => {
        const { x, y, w, h } = laid.nodes.get(value) ?? { x: 0, y: 0, w: 0, h: 0 }
        return [number, [x, y, w, h].map(Math.round)]
      }),
    ),
    edges: Object.fromEntries(
      arrows.map(({ number }, i) => {
        const { points: way = [], label = { x: 0, y: 0, w: 0, h: 0 } } = laid.edges[i] ?? {}
        return [number, [points(way), Math.round(label.x + label.w / 2), Math.round(label.y)]]
      }),
    ),
  }
}
