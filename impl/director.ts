/**
 * Behaviour on cue: has a system do, at a certain moment, what its rules leave
 * open, and what the world may do to it.
 *
 * A script is a list of lines; a line is a moment and a cue.  Whatever a script
 * says, nothing comes that the rules do not allow: a rule that is insisted on is
 * taken where it may be taken, and not anywhere else.
 */
import { type Flat, type Row, slug } from './flat.ts'
import type { Members } from './frames.ts'
import type { Reference } from './reference.ts'

/** What to do. */
export type Cue =
  /** Takes a rule, by `side/rule-name` or `rule-name`, wherever it may be, before others; so often, or always. */
  | { readonly take: string; readonly times?: number }
  /** Never takes a rule. */
  | { readonly avoid: string }
  /** Has a rule be as if nothing had been said of it. */
  | { readonly allow: string }
  /** Has a fault happen to a side, or (`''`) to the whole. */
  | { readonly fault: string; readonly at: string }
  /** Sends a command to a side, as if one of its clients had, and has it be answered before anything else happens. */
  | { readonly send: string; readonly to: string; readonly arguments?: Members }

/** When: at the start, when a variable becomes a value, or when a rule has been taken; each time, or the nth time only. */
export type Moment =
  | { readonly variable: string; readonly value: string; readonly time?: number }
  | { readonly rule: string; readonly time?: number }

/** A cue, and its moment; the start when left out. */
export interface Line {
  readonly when?: Moment
  readonly does: Cue
}

/** What a director needs of the world. */
export interface Stage {
  /** Has a fault happen that is not one of this system's own; false where it cannot. */
  readonly fault?: (side: string, name: string) => boolean
  /** Is told what became of a cue, in a sentence. */
  readonly note?: (text: string) => void
}

const names = ({ rule: { id } }: Row, rule: string): boolean => id === rule || id.slice(id.indexOf('/') + 1) === rule

/** What of a script names something that a system has not, in a sentence; nothing when all is well. */
export function problemOf(flat: Flat, { when, does }: Line): string | undefined {
  const rules = [
    ...(when !== undefined && 'rule' in when ? [when.rule] : []),
    ...('take' in does ? [does.take] : 'avoid' in does ? [does.avoid] : 'allow' in does ? [does.allow] : []),
  ]
  const ids = new Set(flat.rules.flatMap(({ id }) => [id, id.slice(id.indexOf('/') + 1)]))
  const lost = rules.find(rule => !ids.has(rule))
  if (lost !== undefined) return `there is no rule "${lost}" in ${flat.version}${nearest(lost, [...ids])}`
  if (when !== undefined && 'variable' in when) {
    const variable = flat.variables[flat.index.get(when.variable) ?? -1]
    if (variable === undefined)
      return `there is no variable "${when.variable}"${nearest(
        when.variable,
        flat.variables.map(({ name }) => name),
      )}`
    if (!variable.values.includes(when.value))
      return `${when.variable} is never "${when.value}"; it is ${variable.values.join(', ')}`
  }
  const side = 'fault' in does ? does.at : 'send' in does ? does.to : undefined
  if (side !== undefined && side !== '' && !flat.sides.includes(side))
    return `there is no side "${side}"; there are ${flat.sides.join(', ')}`
  if ('fault' in does) {
    const faults = flat.rows.flatMap(({ cause }) =>
      cause?.kind === 'fault' && cause.side === does.at ? [cause.name] : [],
    )
    if (!faults.includes(does.fault))
      return `${does.at || 'the whole'} knows no fault "${does.fault}"; there are ${[...new Set(faults)].join(', ')}`
  }
  return undefined
}

function nearest(name: string, all: readonly string[]): string {
  const words = (text: string) => new Set(slug(text).split('-'))
  const wanted = words(name)
  const score = (one: string) => {
    const found = words(one)
    const common = [...wanted].filter(word => found.has(word)).length
    return common / (wanted.size + found.size - common)
  }
  const best = all.reduce((a, b) => (score(b) > score(a) ? b : a), '')
  return score(best) > 0.3 ? `; is it "${best}"?` : ''
}

/** Directs a running system.  Its `taken`, `shown` and `allows` belong into the options of the system. */
export class Director {
  private readonly lines: readonly Line[]
  private readonly stage: Stage
  private readonly times = new Map<Line, number>()
  private readonly insisted = new Map<string, number>()
  private readonly forbidden = new Set<string>()
  private readonly due: Cue[] = []
  private reference: Reference | undefined
  private acting = false

  constructor(lines: readonly Line[], stage: Stage = {}) {
    this.lines = lines
    this.stage = stage
    // What is said of rules holds before the first step is taken.
    for (const { when, does } of lines) if (when === undefined && !('send' in does || 'fault' in does)) this.rule(does)
  }

  /** Begins with what is to happen at the start. */
  begin(reference: Reference): void {
    this.reference = reference
    for (const { when, does } of this.lines)
      if (when === undefined && ('send' in does || 'fault' in does)) this.due.push(does)
    this.obey()
    this.shown()
  }

  /** Whether a row may be taken, as far as the script is concerned. */
  allows(row: Row): boolean {
    for (const rule of this.forbidden) if (names(row, rule)) return false
    return true
  }

  /** Whether the script wants a row whatever else speaks against it. */
  insists(row: Row): boolean {
    for (const rule of this.insisted.keys()) if (names(row, rule)) return true
    return false
  }

  /** A row has been taken; see `RunnerOptions.onStep`. */
  taken(row: Row): void {
    for (const [rule, left] of this.insisted) {
      if (!names(row, rule)) continue
      if (left > 1) this.insisted.set(rule, left - 1)
      else this.insisted.delete(rule)
    }
    for (const line of this.lines) {
      if (line.when === undefined || !this.isMoment(row, line.when)) continue
      const time = (this.times.get(line) ?? 0) + 1
      this.times.set(line, time)
      if (line.when.time === undefined || line.when.time === time) this.due.push(line.does)
    }
  }

  /** All that a row shows has been shown; see `RunnerOptions.onShown`. */
  shown(): void {
    if (this.acting || this.reference === undefined) return
    this.acting = true
    for (let cue = this.due.shift(); cue !== undefined; cue = this.due.shift()) this.act(cue)
    this.acting = false
    this.obey()
  }

  private isMoment(row: Row, when: Moment): boolean {
    if ('rule' in when) return names(row, when.rule)
    const { reference } = this
    return (
      reference?.valueOf(when.variable) === when.value &&
      row.cells.some(({ variable, to }) => to >= 0 && reference.flat.variables[variable]?.name === when.variable)
    )
  }

  private act(cue: Cue): void {
    const { reference, stage } = this
    if ('fault' in cue) {
      const done = reference?.fault(cue.at, cue.fault) || stage.fault?.(cue.at, cue.fault)
      stage.note?.(`${cue.fault}${cue.at && ` at ${cue.at}`}${done ? '' : ': nothing that it could happen to'}`)
    } else if ('send' in cue) {
      const before = new Set(reference?.waiting())
      const { send, to, arguments: given } = cue
      stage.note?.(`${send} to ${to}`)
      reference?.send(to, { execute: send, ...(given !== undefined && { arguments: given }) })
      for (const ask of reference?.waiting() ?? []) if (!before.has(ask)) reference?.urge(ask)
    } else this.rule(cue)
  }

  private rule(cue: Cue): void {
    if ('take' in cue) {
      this.insisted.set(cue.take, cue.times ?? Number.POSITIVE_INFINITY)
      this.forbidden.delete(cue.take)
    } else if ('avoid' in cue) {
      this.forbidden.add(cue.avoid)
      this.insisted.delete(cue.avoid)
    } else if ('allow' in cue) {
      this.forbidden.delete(cue.allow)
      this.insisted.delete(cue.allow)
    }
  }

  private obey(): void {
    this.reference?.insist([...this.insisted.keys()])
  }
}
