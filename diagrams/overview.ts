/** A system seen from afar: states that fit the same pattern are one, and a step between two of them is an arrow. */
import { type Graph, linksOf, type PathStep } from '../impl/explore.ts'
import type { Row } from '../impl/flat.ts'
import { anyOf, cellsOf } from '../impl/pack.ts'
import type { Pattern } from '../spec/lang.ts'
import { GONE } from './arrows.ts'
import type { Grid } from './grid.ts'
import type { Picture, PictureArrow } from './picture.ts'

/** What is one in an overview: the first whose pattern a state fits. */
export interface Phase {
  readonly name: string
  /** Any of these. */
  readonly where: readonly Pattern[]
}

/** An overview of a system. */
export interface OverviewPlan {
  readonly file: string
  readonly system: string
  readonly title: string
  readonly phases: readonly Phase[]
  readonly grid: Grid
}

const grid: Grid = {
  'no COLO': [0, 0],
  'COLO is being started': [1, 0],
  'COLO runs': [2, 0],
  'a checkpoint': [3, -1],
  'waits after an error': [3, 1],
  'leaves COLO': [4, 0],
  'takes over': [4, 0],
  'cancelling in COLO': [4, 2],
  'serves alone': [5, 0],
  [GONE]: [6, 1],
}

/** COLO from its start to its end, on either side. */
export const overviews: readonly OverviewPlan[] = [
  {
    file: 'colo-primary-overview',
    system: 'COLO pair',
    title: 'COLO on the primary: start, running, failover',
    grid,
    phases: [
      { name: GONE, where: [{ 'src.process': 'gone' }] },
      {
        name: 'leaves COLO',
        where: [{ 'src.failover': ['require', 'active'], 'src.migration': ['colo', 'completed'] }],
      },
      { name: 'serves alone', where: [{ 'src.migration': 'completed', 'src.lastMode': 'primary' }] },
      { name: 'cancelling in COLO', where: [{ 'src.migration': 'cancelling', 'src.colo': '!none' }] },
      { name: 'waits after an error', where: [{ 'src.migration': 'colo', 'src.colo': 'exiting' }] },
      { name: 'a checkpoint', where: [{ 'src.migration': 'colo', 'src.vm': 'colo' }] },
      { name: 'COLO runs', where: [{ 'src.migration': 'colo' }] },
      { name: 'COLO is being started', where: [{ 'src.migration': ['setup', 'active', 'device'] }] },
      { name: 'no COLO', where: [{}] },
    ],
  },
  {
    file: 'colo-secondary-overview',
    system: 'COLO pair',
    title: 'COLO on the secondary: start, running, failover',
    grid,
    phases: [
      { name: GONE, where: [{ 'dst.process': 'gone' }] },
      { name: 'serves alone', where: [{ 'dst.incoming': 'completed', 'dst.vm': 'running', 'dst.half': 'idle' }] },
      {
        name: 'takes over',
        where: [{ 'dst.failover': ['require', 'active', 'relaunch'] }, { 'dst.incoming': 'completed' }],
      },
      { name: 'waits after an error', where: [{ 'dst.incoming': 'colo', 'dst.secondary': 'exiting' }] },
      { name: 'a checkpoint', where: [{ 'dst.incoming': 'colo', 'dst.vm': 'colo' }] },
      { name: 'COLO runs', where: [{ 'dst.incoming': 'colo' }] },
      { name: 'COLO is being started', where: [{ 'dst.incoming': ['setup', 'active'] }] },
      { name: 'no COLO', where: [{}] },
    ],
  },
]

/** An arrow between two phases: the rows that take it, and the first step that does. */
export interface PhaseArrow {
  readonly from: string
  readonly to: string
  readonly rows: readonly Row[]
  readonly first: { readonly state: number; readonly step: PathStep }
}

/** The arrows between phases, in their order. */
export function phaseArrows(graph: Graph, phases: readonly Phase[]): PhaseArrow[] {
  const { packed, states, size } = graph
  const { flat, words } = packed
  const tests = phases.map(({ where }) =>
    anyOf(
      packed,
      where.map(pattern => cellsOf(flat, pattern)),
    ),
  )
  const phaseOf = Uint8Array.from({ length: size.states }, (_, state) =>
    tests.findIndex(test => test(states, state * words)),
  )
  const taken = new Map<number, { rows: Set<number>; first: PhaseArrow['first'] }>()
  const { heads, edges } = linksOf(graph)
  for (let state = 0; state < size.states; state++) {
    const from = phaseOf[state] ?? 0
    const end = heads[state + 1] ?? 0
    for (let edge = heads[state] ?? 0; edge < end; edge++) {
      const next = edges[edge * 2] ?? 0
      const to = phaseOf[next] ?? 0
      if (from === to) continue
      const row = edges[edge * 2 + 1] ?? 0
      const key = from * phases.length + to
      const arrow = taken.get(key) ?? { rows: new Set<number>(), first: { state, step: { row, state: next } } }
      taken.set(key, arrow)
      arrow.rows.add(row)
    }
  }
  const name = (phase: number): string => phases[phase]?.name ?? ''
  return [...taken]
    .sort(([a], [b]) => a - b)
    .map(([key, { rows, first }]) => ({
      from: name(Math.floor(key / phases.length)),
      to: name(key % phases.length),
      rows: [...rows].sort((a, b) => a - b).flatMap(row => flat.rows[row] ?? []),
      first,
    }))
}

/** The picture of an overview. */
export function overviewOf(graph: Graph, { phases, grid }: OverviewPlan, title: string): Picture {
  const { flat } = graph.packed
  const arrows = phaseArrows(graph, phases).map(({ from, to, rows }): PictureArrow => ({ from, to, rows, change: '' }))
  const here = new Set(arrows.flatMap(({ from, to }) => [from, to]))
  return {
    ...{
      title,
      arrows,
      grid,
      flat,
      later: ['src.saying'].filter(variable => flat.index.has(variable)),
      gathers: [GONE],
    },
    states: phases
      .filter(phase => here.has(phase.name))
      .map(phase => ({ value: phase.name, kind: phase.name === GONE ? 'gone' : '', change: '' })),
    legend: ['bold: a command; +n: and n other causes; ⇒ event'],
  }
}
