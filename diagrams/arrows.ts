/**
 * From rows to the arrows of one variable, and from the arrows of several
 * states that agree to one arrow of a frame around them.
 */
import type { Row } from '../impl/flat.ts'
import { namesOf } from '../impl/move.ts'
import { numberOf, type Seen, sideOf } from './scan.ts'

/** Where an arrow leads whose step ends the process. */
export const GONE = 'process gone'

/** A move of one variable, and the rows that make it. */
export interface Arrow {
  /** A value, or the name of a frame. */
  readonly from: string
  /** A value, or `GONE`. */
  readonly to: string
  readonly rows: readonly Row[]
  /** For an arrow that stands for several: those. */
  readonly parts?: readonly Arrow[]
}

/** States that are drawn inside one box. */
export interface Frame {
  readonly title: string
  readonly holds: readonly string[]
  /** Where all that leads there from the states of this frame is one arrow, which says what comes from which state. */
  readonly gathers?: readonly string[]
}

const endsProcess = (row: Row, side: string): boolean =>
  row.outputs.some(output => output.kind === 'exits' && output.side === side)

/** The arrows of a variable, ordered as its values are; a step that moves it and ends its process leads to `GONE`. */
export function arrowsOf(seen: Seen, name: string): Arrow[] {
  const { flat } = seen
  const variable = numberOf(flat, name)
  const values = flat.variables[variable]?.values ?? []
  const arrows = new Map<string, { from: string; to: string; rows: Row[] }>()
  for (const row of flat.rows) {
    const to = values[row.cells.find(cell => cell.variable === variable)?.to ?? -1]
    if (to === undefined) continue
    const target = endsProcess(row, sideOf(name)) ? GONE : to
    for (const from of namesOf(seen.before(row.id, variable), values)) {
      if (from === to) continue
      const key = JSON.stringify([from, target])
      const arrow = arrows.get(key) ?? { from, to: target, rows: [] }
      arrow.rows.push(row)
      arrows.set(key, arrow)
    }
  }
  const place = (value: string): number => (value === GONE ? values.length : values.indexOf(value))
  return [...arrows.values()].sort((a, b) => place(a.from) - place(b.from) || place(a.to) - place(b.to))
}

const rulesOf = (arrow: Arrow | undefined): Set<string> => new Set(arrow?.rows.map(row => row.rule.id))

/**
 * Moves what every state of a frame does alike out to the frame: a rule that
 * leads from each of them to the same place outside becomes one arrow.
 */
export function hoist(arrows: readonly Arrow[], frames: readonly Frame[]): Arrow[] {
  let rest = [...arrows]
  const hoisted: Arrow[] = []
  for (const { title, holds } of frames) {
    if (holds.length < 2) continue
    const find = (from: string, to: string): Arrow | undefined => rest.find(a => a.from === from && a.to === to)
    const targets = [...new Set(rest.map(arrow => arrow.to))].filter(to => !holds.includes(to))
    for (const to of targets) {
      const rules = holds.map(from => rulesOf(find(from, to)))
      const shared = new Set([...(rules[0] ?? [])].filter(id => rules.every(ids => ids.has(id))))
      if (shared.size === 0) continue
      const isShared = (arrow: Arrow): boolean => holds.includes(arrow.from) && arrow.to === to
      const rows = rest.filter(isShared).flatMap(arrow => arrow.rows.filter(row => shared.has(row.rule.id)))
      hoisted.push({ from: title, to, rows: [...new Set(rows)] })
      rest = rest.flatMap(arrow => {
        if (!isShared(arrow)) return [arrow]
        const kept = arrow.rows.filter(row => !shared.has(row.rule.id))
        return kept.length === 0 ? [] : [{ ...arrow, rows: kept }]
      })
    }
  }
  return [...rest, ...hoisted]
}

/** Makes one arrow of all that lead from the states of a frame to a place that it gathers. */
export function gather(arrows: readonly Arrow[], frames: readonly Frame[]): Arrow[] {
  let all = [...arrows]
  for (const { title, holds, gathers = [] } of frames) {
    for (const to of gathers) {
      const isPart = (arrow: Arrow): boolean => arrow.to === to && (arrow.from === title || holds.includes(arrow.from))
      const parts = all.filter(isPart)
      if (parts.length < 2) continue
      const rows = parts.flatMap(arrow => arrow.rows)
      all = [...all.filter(arrow => !isPart(arrow)), { from: title, to, rows, parts }]
    }
  }
  return all
}
