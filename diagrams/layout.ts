/**
 * Places states and arrows: each row of a grid is a layer of its own, so that
 * what the grid says comes out whatever the arrows are.  ELK finds the ways of
 * the arrows between them, and room for what is written on these.
 */
import { createRequire } from 'node:module'
import type { ELK, ElkNode } from 'elkjs'
import type { Grid } from './grid.ts'
import type { Box, Point } from './site/types.ts'

/** A state, with the room it takes. */
export interface Stateful {
  readonly value: string
  readonly w: number
  readonly h: number
}

/** An arrow, with the room that its text takes. */
export interface Arrowed {
  readonly from: string
  readonly to: string
  readonly w: number
  readonly h: number
}

/** Where all of it stands. */
export interface Laid {
  readonly width: number
  readonly height: number
  readonly nodes: ReadonlyMap<string, Box>
  readonly edges: readonly { readonly points: readonly Point[]; readonly label: Box }[]
}

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.partitioning.activate': 'true',
  'elk.spacing.nodeNode': '36',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeLabel': '2',
  'elk.padding': '[top=12,left=12,bottom=12,right=12]',
  'elk.layered.spacing.nodeNodeBetweenLayers': '24',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.crossingMinimization.semiInteractive': 'true',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
}

/** How wide a column is to the layout; only the order counts. */
const COLUMN = 400

const round = (n: number | undefined): number => Math.round((n ?? 0) * 10) / 10

let elk: ELK | undefined

/** One thread, started once. */
function engine(): ELK {
  if (elk === undefined) {
    // A CommonJS bundle whose types say otherwise.
    const Elk = createRequire(import.meta.url)('elkjs/lib/elk.bundled.js') as new () => ELK
    elk = new Elk()
  }
  return elk
}

/** Lays a machine out. */
export async function layOut(states: readonly Stateful[], arrows: readonly Arrowed[], grid: Grid): Promise<Laid> {
  const last = 1 + Math.max(0, ...Object.values(grid).map(([row]) => row))
  const place = (value: string) => grid[value] ?? ([last, 0] as const)
  // Rows that nobody stands in would be gaps.
  const rows = [...new Set(states.map(({ value }) => place(value)[0]))].sort((a, b) => a - b)
  const straight = ({ from, to }: Arrowed): boolean => place(from)[1] === 0 && place(to)[1] === 0
  const graph: ElkNode = {
    id: 'root',
    layoutOptions: OPTIONS,
    children: states.map(({ value, w, h }) => ({
      id: value,
      width: w,
      height: h,
      layoutOptions: {
        'elk.partitioning.partition': String(rows.indexOf(place(value)[0])),
        'elk.position': `(${place(value)[1] * COLUMN},0)`,
      },
    })),
    edges: arrows.map((arrow, i) => ({
      id: `e${i}`,
      sources: [arrow.from],
      targets: [arrow.to],
      labels: [
        {
          text: ' ',
          width: arrow.w,
          height: arrow.h,
          layoutOptions: { 'elk.edgeLabels.inline': 'true', 'elk.edgeLabels.placement': 'CENTER' },
        },
      ],
      layoutOptions: {
        'elk.layered.priority.straightness':
          straight(arrow) && place(arrow.to)[0] - place(arrow.from)[0] === 1 ? '20' : straight(arrow) ? '5' : '1',
      },
    })),
  }
  const laid = await engine().layout(graph)
  const nodes = new Map(
    (laid.children ?? []).map(({ id, x, y, width, height }): [string, Box] => [
      id,
      { x: round(x), y: round(y), w: round(width), h: round(height) },
    ]),
  )
  const edges = (laid.edges ?? []).map(({ sections = [], labels = [] }) => {
    const points = sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [
      startPoint,
      ...bendPoints,
      endPoint,
    ])
    const [label] = labels
    return {
      points: points.map(({ x, y }) => ({ x: round(x), y: round(y) })),
      label: { x: round(label?.x), y: round(label?.y), w: round(label?.width), h: round(label?.height) },
    }
  })
  return { width: round(laid.width), height: round(laid.height), nodes, edges }
}
