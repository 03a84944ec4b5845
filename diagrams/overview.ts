/** A system seen from afar: states that fit the same pattern are one, and a step between two of them is an arrow. */
import { type Graph, linksOf } from '../impl/explore.ts'
import { anyOf, cellsOf } from '../impl/pack.ts'
import type { Pattern } from '../spec/lang.ts'
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
  'process gone': [6, 1],
}

/** COLO from its start to its end, on either side. */
export const overviews: readonly OverviewPlan[] = [
  {
    file: 'colo-primary-overview',
    system: 'COLO pair',
    title: 'COLO on the primary: start, running, failover',
    grid,
    phases: [
      { name: 'process gone', where: [{ 'src.process': 'gone' }] },
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
      { name: 'process gone', where: [{ 'dst.process': 'gone' }] },
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

/** The picture of an overview. */
export function overviewOf(graph: Graph, { phases, grid }: OverviewPlan, title: string): Picture {
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
  const taken = new Map<string, { from: number; to: number; rows: Set<number> }>()
  const { heads, edges } = linksOf(graph)
  for (let state = 0; state < size.states; state++) {
    const from = phaseOf[state] ?? 0
    const end = heads[state + 1] ?? 0
    for (let edge = heads[state] ?? 0; edge < end; edge++) {
      const to = phaseOf[edges[edge * 2] ?? 0] ?? 0
      if (from === to) continue
      const key = `${from} ${to}`
      const arrow = taken.get(key) ?? { from, to, rows: new Set<number>() }
      taken.set(key, arrow)
      arrow.rows.add(edges[edge * 2 + 1] ?? 0)
    }
  }
  const name = (phase: number): string => phases[phase]?.name ?? ''
  const arrows = [...taken.values()]
    .sort((a, b) => a.from - b.from || a.to - b.to)
    .map(({ from, to, rows }): PictureArrow => {
      const sorted = [...rows].sort((a, b) => a - b).flatMap(row => flat.rows[row] ?? [])
      return { from: name(from), to: name(to), rows: sorted, change: '' }
    })
  const here = new Set(arrows.flatMap(({ from, to }) => [from, to]))
  return {
    ...{ title, arrows, grid, flat, later: ['src.saying'].filter(variable => flat.index.has(variable)), gathers: [] },
    states: phases
      .filter(phase => here.has(phase.name))
      .map(phase => ({ value: phase.name, kind: phase.name === 'process gone' ? 'gone' : '', change: '' })),
    legend: ['bold: a command; +n: and n other causes; ⇒ event'],
  }
}
