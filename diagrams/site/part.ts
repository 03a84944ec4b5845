/**
 * What the page takes of one explored graph, as plain data: it can be found on another
 * thread, and be kept.  Rules go by their place among those of the flattened system.
 */
import { explore, type Graph } from '../../impl/explore.ts'
import type { FlatRule } from '../../impl/flat.ts'
import { flatten } from '../../impl/flatten.ts'
import { namesOf, SpecError } from '../../impl/move.ts'
import { pack } from '../../impl/pack.ts'
import type { System } from '../../spec/lang.ts'
import { type Arrow, arrowsOf, GONE } from '../arrows.ts'
import { causesOf } from '../causes.ts'
import { storyOf, type ToldStory } from '../frames.ts'
import { printEvent } from '../label.ts'
import { wrap } from '../mermaid.ts'
import { type OverviewPlan, overviews, phaseArrows } from '../overview.ts'
import { states, type WitnessPlan, witnesses } from '../plan.ts'
import { numberOf, type Seen, scan } from '../scan.ts'
import { stepsBefore, witness } from '../story.ts'
import { outcomesOf, type PartOutcome } from './questions.ts'
import { firstSteps, wayTo } from './ways.ts'

/** A machine under one release. */
export interface PartMachine {
  readonly file: string
  /** All that its variable may be, whether it comes to it or not. */
  readonly values: readonly string[]
  readonly states: readonly { readonly value: string; readonly final: boolean; readonly rest: boolean }[]
  readonly arrows: readonly {
    readonly from: string
    readonly to: string
    readonly label: readonly string[]
    readonly rules: readonly number[]
    /** The shortest way there. */
    readonly way?: ToldStory
  }[]
}

/** A sequence diagram of the plan, where this release has such a way. */
export interface PartTelling {
  readonly file: string
  /** So many steps come before what it is about. */
  readonly skip: number
  readonly story: ToldStory
}

/** All of it. */
export interface Part {
  /** Overviews are machines, too: their states are phases. */
  readonly machines: readonly PartMachine[]
  readonly tellings: readonly PartTelling[]
  readonly outcomes: readonly PartOutcome[]
}

/** So many letters stand on a line of a label, with room for the longest status; and so many lines are there of each kind. */
const WIDTH = 24
const LINES = 2

/** Text on a few lines; what does not fit is left out, and said to be. */
function few(text: string): string[] {
  const lines = wrap(text, WIDTH)
  const shown = lines.slice(0, LINES)
  return lines.length > LINES ? [...shown.slice(0, -1), `${shown.at(-1)}…`] : shown
}

/** The few words on an arrow: its command or first cause, and what is said. */
function shortLabel(rows: Arrow['rows']): string[] {
  const causes = causesOf(rows)
  const { text: first = '', command } = causes[0] ?? {}
  // A star marks a command.
  const mark = command === true ? '*' : ''
  const head = few(first)
  const more = causes.length > 1 ? ` +${causes.length - 1}` : ''
  const events = new Set(
    rows.flatMap(({ outputs }) =>
      outputs.flatMap(output => (output.kind === 'event' ? [printEvent(output.name, output.data)] : [])),
    ),
  )
  const said = [...events].map(event => event.replace(/^MIGRATION /, '')).join(', ')
  return [
    ...head.map((line, i) => `${mark}${line}${i === head.length - 1 ? more : ''}`),
    ...(said === '' ? [] : few(`⇒\u00a0${said}`).map(line => line.replace('\u00a0', ' '))),
  ]
}

/** An arrow as it is kept. */
const arrowOf = (
  { from, to, rows }: Pick<Arrow, 'from' | 'to' | 'rows'>,
  placeOf: (rule: FlatRule) => number,
  way: ToldStory | undefined,
): PartMachine['arrows'][number] => ({
  ...{ from, to, label: shortLabel(rows), rules: [...new Set(rows.map(({ rule }) => placeOf(rule)))] },
  ...(way !== undefined && { way }),
})

/** A system from afar. */
function overviewPart(
  graph: Graph,
  { file, title, phases }: OverviewPlan,
  placeOf: (rule: FlatRule) => number,
): PartMachine {
  const arrows = phaseArrows(graph, phases)
  const here = new Set(arrows.flatMap(({ from, to }) => [from, to]))
  const values = phases.map(({ name }) => name)
  return {
    ...{ file, values },
    states: values.filter(value => here.has(value)).map(value => ({ value, final: false, rest: false })),
    arrows: arrows.map(arrow => {
      const name = `${title}: ${arrow.from} to ${arrow.to}`
      return arrowOf(arrow, placeOf, storyOf(graph, wayTo(graph, arrow.first), name, placeOf))
    }),
  }
}

/** A sequence diagram; nothing where a release has no such way. */
function tellingOf(graph: Graph, plan: WitnessPlan, placeOf: (rule: FlatRule) => number): PartTelling[] {
  const { file, title, goal, from } = plan
  try {
    const path = witness(graph, goal)
    const skip = from === undefined ? 0 : stepsBefore(graph, path, from.where)
    return [{ file, skip, story: storyOf(graph, path, title, placeOf) }]
  } catch (error) {
    if (error instanceof SpecError) return []
    throw error
  }
}

function machineOf(
  seen: Seen,
  variable: string,
  placeOf: (rule: FlatRule) => number,
  wayOf: (from: string, to: string) => ToldStory | undefined,
): Omit<PartMachine, 'file'> {
  const number = numberOf(seen.flat, variable)
  const values = seen.flat.variables[number]?.values ?? []
  const arrows = arrowsOf(seen, variable)
  const rests = namesOf(seen.rests(number), values)
  const here = new Set([...namesOf(seen.starts(number), values), ...arrows.flatMap(({ from, to }) => [from, to])])
  return {
    values,
    states: [...here].map(value => ({
      value,
      final: value !== GONE && !arrows.some(({ from }) => from === value),
      rest: rests.includes(value),
    })),
    arrows: arrows.map(arrow => arrowOf(arrow, placeOf, wayOf(arrow.from, arrow.to))),
  }
}

/** What the page takes of a graph. */
export function partOf(graph: Graph): Part {
  const { flat } = graph.packed
  const places = new Map(flat.rules.map(({ id }, place) => [id, place]))
  const placeOf = ({ id }: FlatRule): number => places.get(id) ?? -1
  const plans = states.filter(({ system }) => system === flat.name)
  const variables = plans.map(({ variable }) => variable)
  const seen = scan(graph, variables)
  const firsts = firstSteps(graph, variables)
  const machines = plans.map(({ file, title, variable }) => {
    const wayOf = (from: string, to: string): ToldStory | undefined => {
      const first = firsts.get(JSON.stringify([variable, from, to]))
      if (first === undefined) return undefined
      return storyOf(graph, wayTo(graph, first), `${title}: ${from} to ${to}`, placeOf)
    }
    return { file, ...machineOf(seen, variable, placeOf, wayOf) }
  })
  const own = <P extends { readonly system: string }>(all: readonly P[]): P[] =>
    all.filter(({ system }) => system === flat.name)
  return {
    machines: [...machines, ...own(overviews).map(plan => overviewPart(graph, plan, placeOf))],
    tellings: own(witnesses).flatMap(plan => tellingOf(graph, plan, placeOf)),
    outcomes: outcomesOf(graph, placeOf),
  }
}

/** The same of a system under a release, which is explored for it. */
export const partAt = (system: System, release: string): Part =>
  partOf(explore(pack(flatten(system, release)), { links: true }))
