/** A machine as a picture whose states and arrows are links. */
import type { EdgeInfo, LayoutInfo, MachineInfo, Mask } from '../types.ts'
import { at, bitOf, s } from './dom.ts'

/** What is looked at, and how. */
export interface ChartView {
  readonly release: string
  /** Compared with an older release. */
  readonly before?: string
  /** The state that a side is in, and the arrow it has just taken. */
  readonly lit?: string
  readonly from?: string
  /** What was clicked. */
  readonly state?: string
  readonly arrow?: readonly [from: string, to: string]
}

/** How something differs between two releases. */
export type Change = '' | 'new' | 'gone' | 'changed'

/** How an arrow differs: other rules take it, or it is in one of the two only. */
export function changeOf(edge: EdgeInfo, before: string, now: string): Change {
  const [a, b] = [bitOf(before), bitOf(now)]
  if ((edge.mask & a) === 0) return 'new'
  if ((edge.mask & b) === 0) return 'gone'
  return edge.rules.some(({ mask }) => ((mask & a) === 0) !== ((mask & b) === 0)) ? 'changed' : ''
}

/** What is written on an arrow in a release, or in the one before that it is gone from. */
export const labelOf = (edge: EdgeInfo, release: string, before = release): readonly string[] =>
  (
    edge.labels.find(({ mask }) => (mask & bitOf(release)) !== 0) ??
    edge.labels.find(({ mask }) => (mask & bitOf(before)) !== 0)
  )?.lines ?? []

const layoutFor = ({ layouts }: MachineInfo, { release, before }: ChartView): LayoutInfo | undefined =>
  before === undefined ? layouts.find(({ mask }) => (mask & bitOf(release)) !== 0) : layouts.at(-1)

const shown = (mask: Mask, { release, before }: ChartView): boolean =>
  (mask & (bitOf(release) | (before === undefined ? 0 : bitOf(before)))) !== 0

/** The picture. */
export function chart(machine: MachineInfo, view: ChartView): SVGElement {
  const layout = layoutFor(machine, view)
  const { width = 0, height = 0, nodes = {}, edges = {} } = layout ?? {}
  const base = ['machine', machine.id, view.release] as const
  const more = view.before === undefined ? [] : ['compare', view.before]
  const marker = `head-${machine.id}`
  const arrows = machine.edges.flatMap((edge, i) => {
    const [points = '', x = 0, y = 0] = edges[i] ?? []
    if (points === '' || !shown(edge.mask, view)) return []
    const lines = labelOf(edge, view.release, view.before)
    const change = view.before === undefined ? '' : changeOf(edge, view.before, view.release)
    const chosen = view.arrow?.[0] === edge.from && view.arrow[1] === edge.to
    const taken = view.from === edge.from && view.lit === edge.to
    const classes = ['edge', change, chosen ? 'chosen' : '', taken ? 'lit' : ''].filter(name => name !== '').join(' ')
    const said = lines.map(line => line.replace(/^\*/, '')).join(' ')
    return [
      s(
        'a',
        {
          class: classes,
          href: at(...base, ...more, 'arrow', edge.from, edge.to),
          'aria-label': `${edge.from} to ${edge.to}: ${said}${change === '' ? '' : ` (${change})`}`,
        },
        s('polyline', { class: 'hit', points }),
        s('polyline', { class: 'line', points, 'marker-end': `url(#${marker})` }),
        s(
          'text',
          { x, y: y + 11, 'text-anchor': 'middle' },
          ...lines.map((line, n) =>
            s(
              'tspan',
              { x, dy: n === 0 ? 0 : 13, class: line.startsWith('*') ? 'command' : undefined },
              // The blank is for whoever reads it as one text.
              `${line.replace(/^\*/, '')}${n < lines.length - 1 ? ' ' : ''}`,
            ),
          ),
        ),
      ),
    ]
  })
  const states = machine.nodes.flatMap((node, i) => {
    const [x = 0, y = 0, w = 0, high = 0] = nodes[i] ?? []
    if (w === 0 || !shown(node.mask, view)) return []
    const bit = bitOf(view.release)
    const change =
      view.before === undefined
        ? ''
        : (node.mask & bitOf(view.before)) === 0
          ? 'new'
          : (node.mask & bit) === 0
            ? 'gone'
            : ''
    const kind =
      node.value === 'process gone' ? 'end' : (node.final & bit) !== 0 ? 'final' : (node.rest & bit) !== 0 ? 'rest' : ''
    const marks = [view.state === node.value ? 'chosen' : '', view.lit === node.value ? 'lit' : '']
    return [
      s(
        'a',
        {
          class: ['node', kind, change, ...marks].filter(name => name !== '').join(' '),
          href: at(...base, ...more, 'state', node.value),
          'aria-label': `state ${node.value}${change === '' ? '' : ` (${change})`}${view.lit === node.value ? ', where it is now' : ''}`,
        },
        s('rect', { x, y, width: w, height: high, rx: 6 }),
        s('text', { x: x + w / 2, y: y + high / 2 + 4.5, 'text-anchor': 'middle' }, node.value),
      ),
    ]
  })
  return s(
    'svg',
    {
      class: 'chart',
      viewBox: `0 0 ${width} ${height}`,
      style: `max-width:${Math.round(width * 1.05)}px;min-width:${Math.round(width * 0.72)}px`,
      role: 'group',
      'aria-label': `${machine.title}, QEMU ${view.release}`,
    },
    s(
      'defs',
      {},
      s(
        'marker',
        {
          id: marker,
          viewBox: '0 0 10 10',
          refX: 9,
          refY: 5,
          markerUnits: 'userSpaceOnUse',
          markerWidth: 10,
          markerHeight: 10,
          orient: 'auto-start-reverse',
        },
        s('path', { d: 'M0,1 L10,5 L0,9 z', class: 'head' }),
      ),
    ),
    ...arrows,
    ...states,
  )
}
