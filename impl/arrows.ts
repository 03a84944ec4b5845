/**
 * The rules as the arrows of a chart: from which value to which, of every
 * variable that the outside has a name for; and what each command is answered
 * at each value.
 *
 * All values that a rule leaves open and that can be reached are written out.
 */
import type { Match } from '../spec/lang.ts'
import type { FlatRule, Row } from './flat.ts'
import { type Reach, valueNames } from './reach.ts'

/** What the outside calls a variable: the type of its values, and whose value it is, by side. */
export interface Known {
  readonly enum: string
  readonly side: { readonly [side: string]: string }
  readonly role: { readonly [side: string]: string }
  /** The event that announces what is stored, and the member that has it. */
  readonly said?: { readonly event: string; readonly member: string }
}

/** The variables that the outside has a name for, by their names on a side. */
export type Knowns = { readonly [variable: string]: Known }

/** One move of one variable. */
export interface Arrow {
  readonly machine: string
  readonly side: string
  readonly role: string
  readonly variable: string
  readonly from: string
  readonly to: string
}

/** An arrow with the rules that take it and the releases in which they do. */
export interface TakenArrow extends Arrow {
  readonly rules: readonly string[]
  readonly versions: readonly string[]
}

/** How a command ends. */
export type Outcome = 'accepted' | 'refused' | 'aborts'

/** What a rule, or a query, answers to a command, and at which values of each variable that is known. */
export interface Answer {
  readonly id: string
  readonly command: string
  /** What the arguments must match; nothing for any. */
  readonly arguments: Match
  readonly outcome: Outcome
  readonly class?: string
  readonly text?: string
  readonly states: readonly { readonly variable: string; readonly known: Known; readonly values: readonly string[] }[]
  readonly side: string
}

/** A variable of a system that is known, with its side. */
interface Place {
  readonly number: number
  readonly variable: string
  readonly side: string
  readonly known: Known
}

function placesOf({ flat }: Reach, knowns: Knowns): Place[] {
  return flat.variables.flatMap(({ name }, number) => {
    const at = name.indexOf('.')
    const [side, variable] = [name.slice(0, at), name.slice(at + 1)]
    const known = at > 0 && !name.includes('>') && Object.hasOwn(knowns, variable) ? knowns[variable] : undefined
    return known === undefined ? [] : [{ number, variable, side, known }]
  })
}

/** The values that a row announces, in order, of those that it may store one after the other. */
function announced(row: Row, { known, side }: Place, always: boolean): string[] {
  const { said } = known
  if (said === undefined) return []
  const member = (data: Match): string[] => {
    const value = (data as { readonly [member: string]: Match } | null)?.[said.member]
    return typeof value === 'string' ? [value] : []
  }
  if (!always) {
    return row.outputs.flatMap(output =>
      output.kind === 'event' && output.side === side && output.name === said.event ? member(output.data) : [],
    )
  }
  return (row.rule.rule.says ?? []).flatMap(says =>
    'event' in says && says.event === said.event ? member(says.data) : [],
  )
}

/** The arrows that a row takes on a variable: the store itself, or one after the other all that it announces. */
function arrowsOfRow(reach: Reach, row: Row, place: Place): Arrow[] {
  const { flat } = reach
  const cell = row.cells.find(({ variable }) => variable === place.number)
  if (cell === undefined || cell.to < 0) return []
  const values = flat.variables[place.number]?.values ?? []
  const to = values[cell.to] ?? ''
  const said = announced(row, place, false)
  // Where nobody hears of them, the stores are the same.
  const chain = said.length > 0 ? said : announced(row, place, true)
  const path = chain.length > 1 && chain.at(-1) === to ? chain : [to]
  const again = said.at(-1) === to
  const { variable, known, side } = place
  const base = { machine: known.enum, side: known.side[side] ?? side, role: known.role[side] ?? side, variable }
  const found = valueNames(flat, place.number, reach.before(row, place.number)).flatMap(start =>
    path.map((end, i): Arrow => ({ ...base, from: i === 0 ? start : (path[i - 1] ?? ''), to: end })),
  )
  return found.filter(({ from, to: end }) => from !== end || again)
}

const keyOf = ({ machine, side, role, variable, from, to }: Arrow): string =>
  JSON.stringify([machine, side, role, variable, from, to])

const byText = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

/** The arrows of every rule, by the rule's id, each once. */
export function arrowsOf(reach: Reach, knowns: Knowns): Map<string, Arrow[]> {
  const places = placesOf(reach, knowns)
  const found = new Map<string, Map<string, Arrow>>()
  for (const row of reach.flat.rows) {
    for (const place of places) {
      for (const arrow of arrowsOfRow(reach, row, place)) {
        const arrows = found.get(row.rule.id) ?? new Map<string, Arrow>()
        found.set(row.rule.id, arrows.set(keyOf(arrow), arrow))
      }
    }
  }
  return new Map([...found].map(([id, arrows]) => [id, [...arrows].sort(byText).map(([, arrow]) => arrow)]))
}

/** The arrows of several releases, each once, with who takes it and in which of them. */
export function joinArrows(
  releases: readonly { readonly version: string; readonly arrows: ReadonlyMap<string, readonly Arrow[]> }[],
): TakenArrow[] {
  const joined = new Map<string, { arrow: Arrow; rules: Set<string>; versions: Set<string> }>()
  for (const { version, arrows } of releases) {
    for (const [rule, list] of arrows) {
      for (const arrow of list) {
        const key = keyOf(arrow)
        const known = joined.get(key) ?? { arrow, rules: new Set(), versions: new Set() }
        joined.set(key, known)
        known.rules.add(rule)
        known.versions.add(version)
      }
    }
  }
  return [...joined]
    .sort(byText)
    .map(([, { arrow, rules, versions }]) => ({ ...arrow, rules: [...rules], versions: [...versions] }))
}

function outcomeOf(row: Row): Pick<Answer, 'outcome' | 'class' | 'text'> | undefined {
  for (const output of row.outputs) {
    if (output.kind === 'returns') return { outcome: 'accepted' }
    if (output.kind === 'fails') return { outcome: 'refused', class: output.class, text: output.desc }
  }
  return row.outputs.some(({ kind }) => kind === 'exits') ? { outcome: 'aborts' } : undefined
}

const statesWhere = (reach: Reach, places: readonly Place[], side: string, bits: (variable: number) => number) =>
  places
    .filter(place => place.side === side)
    .map(({ number, variable, known }) => ({ variable, known, values: valueNames(reach.flat, number, bits(number)) }))

function ruleAnswer(reach: Reach, rule: FlatRule, rows: readonly Row[], places: readonly Place[]): Answer[] {
  const { on } = rule.rule
  const outcome = rows.map(outcomeOf).find(found => found !== undefined)
  if (on === undefined || !('command' in on) || outcome === undefined) return []
  const bits = (variable: number) => rows.reduce((all, row) => all | reach.before(row, variable), 0)
  const states = statesWhere(reach, places, rule.side, bits)
  return [{ id: rule.id, command: on.command, arguments: on.arguments ?? null, ...outcome, states, side: rule.side }]
}

/** What each rule on a command, and each query, answers and where. */
export function answersOf(reach: Reach, knowns: Knowns): Answer[] {
  const places = placesOf(reach, knowns)
  const { flat } = reach
  const rows = Map.groupBy(flat.rows, row => row.rule)
  const rules = flat.rules.flatMap(rule => ruleAnswer(reach, rule, rows.get(rule) ?? [], places))
  const queries = flat.queries.map(({ side, command, where }): Answer => {
    const states = statesWhere(reach, places, side, variable => reach.where(where, variable))
    return { id: `${side}/${command}`, command, arguments: null, outcome: 'accepted', states, side }
  })
  return [...rules, ...queries]
}

/** What a command is answered at one value of one variable. */
export interface AnsweredAt {
  readonly command: string
  readonly machine: string
  readonly side: string
  readonly role: string
  readonly state: string
  readonly outcome: Outcome
  readonly class: string | null
  readonly text: string | null
  /** What the arguments of the calls are that are answered so, one for each rule that says so. */
  readonly arguments: readonly Match[]
  readonly rules: readonly string[]
  readonly versions: readonly string[]
}

/**
 * The answers of several releases, a row for each command, value and outcome.
 * Each process is asked about what it is: `own` names each side, and a variable
 * of a side that is about another is left out.
 */
export function joinAnswers(
  releases: readonly { readonly version: string; readonly answers: readonly Answer[] }[],
  own: { readonly [side: string]: string },
): AnsweredAt[] {
  type Joined = {
    readonly row: Omit<AnsweredAt, 'arguments' | 'rules' | 'versions'>
    readonly ways: Map<string, Match>
    readonly rules: Set<string>
    readonly versions: Set<string>
  }
  const joined = new Map<string, Joined>()
  const all = releases.flatMap(({ version, answers }) =>
    answers.flatMap(answer =>
      answer.states
        .filter(({ known }) => known.side[answer.side] === own[answer.side])
        .map(({ known, values }) => ({ version, answer, known, values })),
    ),
  )
  for (const { version, answer, known, values } of all) {
    const way = JSON.stringify(answer.arguments)
    for (const state of values) {
      const row = {
        ...{ command: answer.command, machine: known.enum },
        ...{ side: known.side[answer.side] ?? answer.side, role: known.role[answer.side] ?? answer.side, state },
        ...{ outcome: answer.outcome, class: answer.class ?? null, text: answer.text ?? null },
      }
      const key = JSON.stringify(row)
      const entry = joined.get(key) ?? { row, ways: new Map(), rules: new Set(), versions: new Set() }
      joined.set(key, entry)
      entry.ways.set(way, answer.arguments)
      entry.rules.add(answer.id)
      entry.versions.add(version)
    }
  }
  return [...joined].sort(byText).map(([, { row, ways, rules, versions }]) => ({
    ...row,
    arguments: [...ways.values()],
    rules: [...rules],
    versions: [...versions],
  }))
}
