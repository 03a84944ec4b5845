/** The machines of the page: each variable that is drawn, over all releases at once. */
import { explore, type Graph } from '../../impl/explore.ts'
import type { Flat } from '../../impl/flat.ts'
import { flatten } from '../../impl/flatten.ts'
import { namesOf, SpecError } from '../../impl/move.ts'
import { pack } from '../../impl/pack.ts'
import type { System } from '../../spec/lang.ts'
import { systems } from '../../spec/systems.ts'
import { type Arrow, arrowsOf, GONE } from '../arrows.ts'
import { storyOf } from '../frames.ts'
import { type Grid, grids } from '../grid.ts'
import { printEvent } from '../label.ts'
import { layOut } from '../layout.ts'
import { widthOf } from '../measure.ts'
import { type StatePlan, states } from '../plan.ts'
import { numberOf, scan } from '../scan.ts'
import { maskOf, releaseNames, releases } from './releases.ts'
import type { Rulebook } from './rulebook.ts'
import type { Stories } from './stories.ts'
import type { EdgeInfo, LayoutInfo, MachineInfo, Mask, NodeInfo, Point } from './types.ts'
import { firstSteps, wayTo } from './ways.ts'

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

/** What is gathered of a machine while releases go by. */
interface Gathered {
  readonly plan: StatePlan
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
const MOST = 26

const shorten = (text: string, most = MOST): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

/** The few words on an arrow: its command or first cause, and what is said. */
function shortLabel(arrow: Arrow): string[] {
  const commands = new Set(arrow.rows.flatMap(({ cause }) => (cause?.kind === 'command' ? [cause.name] : [])))
  const others = new Set(
    arrow.rows.flatMap(({ cause, rule }) =>
      cause?.kind === 'command' ? [] : [cause?.kind === 'receives' ? `← ${cause.name}` : rule.rule.name],
    ),
  )
  const causes = [...[...commands].map(name => `*${name}`), ...others]
  const [first = ''] = causes
  const events = new Set(
    arrow.rows.flatMap(({ outputs }) =>
      outputs.flatMap(output => (output.kind === 'event' ? [printEvent(output.name, output.data)] : [])),
    ),
  )
  const said = [...events].map(event => event.replace(/^MIGRATION /, '')).join(', ')
  return [
    `${shorten(first)}${causes.length > 1 ? ` +${causes.length - 1}` : ''}`,
    ...(said === '' ? [] : [shorten(`⇒ ${said}`, MOST + 2)]),
  ]
}

const add = <K>(map: Map<K, Mask>, key: K, mask: Mask): void => void map.set(key, (map.get(key) ?? 0) | mask)

/** Explores every system of the plan in every release, and lends each graph besides. */
export async function machinesOf(
  book: Rulebook,
  stories: Stories,
  lend: (graph: Graph, mask: Mask) => void,
  wanted: Wanted = everything,
): Promise<MachineInfo[]> {
  const all: Gathered[] = states.map(plan => ({ plan, values: [], nodes: new Map(), edges: new Map() }))
  for (const [system, mine] of Map.groupBy(all, ({ plan }) => plan.system)) {
    const chosen = releaseNames.filter(name => wanted(system, name))
    for (const { flat, names } of variantsOf(systemNamed(system), chosen)) {
      const graph = explore(pack(flat))
      const mask = maskOf(names)
      for (const rule of flat.rules) book.numberOf(rule)
      gather(graph, mask, mine, book, stories)
      lend(graph, mask)
    }
  }
  const found: MachineInfo[] = []
  for (const one of all) if (one.nodes.size > 0) found.push(await finish(one))
  return found
}

function gather(graph: Graph, mask: Mask, mine: readonly Gathered[], book: Rulebook, stories: Stories): void {
  const { flat } = graph.packed
  const variables = mine.map(({ plan }) => plan.variable)
  const seen = scan(graph, variables)
  const firsts = firstSteps(graph, variables)
  for (const { plan, values, nodes, edges } of mine) {
    const number = numberOf(flat, plan.variable)
    const all = flat.variables[number]?.values ?? []
    for (const value of all) if (!values.includes(value)) values.push(value)
    const arrows = arrowsOf(seen, plan.variable)
    const rests = namesOf(seen.rests(number), all)
    const here = new Set([...namesOf(seen.starts(number), all), ...arrows.flatMap(({ from, to }) => [from, to])])
    for (const value of here) {
      const node = nodes.get(value) ?? { mask: 0, final: 0, rest: 0 }
      const final = value !== GONE && !arrows.some(({ from }) => from === value)
      node.mask |= mask
      if (final) node.final |= mask
      else if (rests.includes(value)) node.rest |= mask
      nodes.set(value, node)
    }
    for (const arrow of arrows) {
      const { from, to } = arrow
      const key = JSON.stringify([from, to])
      const edge = edges.get(key) ?? { from, to, mask: 0, labels: new Map(), rules: new Map(), ways: new Map() }
      edges.set(key, edge)
      edge.mask |= mask
      add(edge.labels, JSON.stringify(shortLabel(arrow)), mask)
      for (const { rule } of arrow.rows) add(edge.rules, book.numberOf(rule), mask)
      const first = firsts.get(JSON.stringify([plan.variable, from, to]))
      if (first === undefined) continue
      const title = `${plan.title}: ${from} to ${to}`
      add(edge.ways, stories.add(storyOf(graph, wayTo(graph, first), title, book.numberOf)), mask)
    }
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
  const grid = grids[plan.file] ?? {}
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
