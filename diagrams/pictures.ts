/** What the pictures show: a machine under one release, and what changed in it since another. */
import { namesOf } from '../impl/move.ts'
import { arrowsOf, GONE } from './arrows.ts'
import { grids } from './grid.ts'
import type { Change, Picture, PictureArrow, PictureState } from './picture.ts'
import type { StatePlan } from './plan.ts'
import { numberOf, type Seen } from './scan.ts'

const reading = ['bold: a command; +n: and n other causes; ⇒ event; ← message received']

/** States and arrows of one variable, as they are. */
function partsOf(seen: Seen, variable: string): { states: PictureState[]; arrows: PictureArrow[] } {
  const number = numberOf(seen.flat, variable)
  const values = seen.flat.variables[number]?.values ?? []
  const arrows = arrowsOf(seen, variable)
  const rests = namesOf(seen.rests(number), values)
  const here = new Set([...namesOf(seen.starts(number), values), ...arrows.flatMap(({ from, to }) => [from, to])])
  const all = [...values, GONE].filter(value => here.has(value))
  const everywhere = all.every(value => rests.includes(value))
  const kind = (value: string): PictureState['kind'] => {
    if (value === GONE) return 'gone'
    if (!arrows.some(({ from }) => from === value)) return 'final'
    return rests.includes(value) && !everywhere ? 'rest' : ''
  }
  return {
    states: all.map(value => ({ value, kind: kind(value), change: '' })),
    arrows: arrows.map(({ from, to, rows }) => ({ from, to, rows, change: '' })),
  }
}

/** What does not depend on states and arrows. */
const basics = ({ flat }: Seen, { file, layout }: StatePlan) => ({
  ...{ flat, grid: grids[file] ?? {}, later: layout?.later ?? [] },
  gathers: (layout?.frames ?? []).flatMap(frame => frame.gathers ?? []),
})

/** A machine under one release. */
export function pictureOf(seen: Seen, plan: StatePlan, title: string): Picture {
  const { states, arrows } = partsOf(seen, plan.variable)
  const colours = [
    states.some(({ kind }) => kind === 'rest') ? 'amber: may stay until an operator, a fault or a timer acts' : '',
    states.some(({ kind }) => kind === 'final') ? 'grey: never left' : '',
  ].filter(text => text !== '')
  return {
    title,
    states,
    arrows,
    ...basics(seen, plan),
    legend: [...reading, ...(colours.length > 0 ? [colours.join('; ')] : [])],
  }
}

const rulesOf = ({ rows }: PictureArrow): string => [...new Set(rows.map(row => row.rule.rule.name))].sort().join('|')

/** What changed in a machine from one release to another; nothing when nothing did. */
export function differenceOf(old: Seen, now: Seen, plan: StatePlan, title: string): Picture | undefined {
  const [a, b] = [partsOf(old, plan.variable), partsOf(now, plan.variable)]
  const sameArrow = (x: PictureArrow) => (y: PictureArrow) => x.from === y.from && x.to === y.to
  const change = (arrow: PictureArrow): Change => {
    const was = a.arrows.find(sameArrow(arrow))
    if (was === undefined) return 'new'
    return rulesOf(was) === rulesOf(arrow) ? '' : 'changed'
  }
  const gone = a.arrows.filter(arrow => !b.arrows.some(sameArrow(arrow)))
  const arrows = [
    ...b.arrows.map(arrow => ({ ...arrow, change: change(arrow) })),
    ...gone.map(arrow => ({ ...arrow, change: 'gone' as const })),
  ]
  if (arrows.every(arrow => arrow.change === '')) return undefined
  const has = (states: readonly PictureState[], value: string): boolean => states.some(state => state.value === value)
  const states = [
    ...b.states.map(state => ({ ...state, change: has(a.states, state.value) ? ('' as const) : ('new' as const) })),
    ...a.states.filter(({ value }) => !has(b.states, value)).map(state => ({ ...state, change: 'gone' as const })),
  ]
  const legend = [...reading, 'green: new; red, dashed: gone; brown: other rules take it']
  return { title, states, arrows, legend, ...basics(now, plan) }
}
