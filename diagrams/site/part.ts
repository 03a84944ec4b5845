/**
 * What the page takes of one explored graph, as plain data: it can be found on another
 * thread, and be kept.  Rules go by their place among those of the flattened system.
 */
import { explore, type Graph } from '../../impl/explore.ts'
import type { FlatRule } from '../../impl/flat.ts'
import { flatten } from '../../impl/flatten.ts'
import { namesOf } from '../../impl/move.ts'
import { pack } from '../../impl/pack.ts'
import type { System } from '../../spec/lang.ts'
import { type Arrow, arrowsOf, GONE } from '../arrows.ts'
import { storyOf, type ToldStory } from '../frames.ts'
import { printEvent } from '../label.ts'
import { states } from '../plan.ts'
import { numberOf, type Seen, scan } from '../scan.ts'
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

/** All of it. */
export interface Part {
  readonly machines: readonly PartMachine[]
  readonly outcomes: readonly PartOutcome[]
}

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
    arrows: arrows.map(arrow => {
      const { from, to, rows } = arrow
      const way = wayOf(from, to)
      const rules = [...new Set(rows.map(({ rule }) => placeOf(rule)))]
      return { from, to, label: shortLabel(arrow), rules, ...(way !== undefined && { way }) }
    }),
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
  return { machines, outcomes: outcomesOf(graph, placeOf) }
}

/** The same of a system under a release, which is explored for it. */
export const partAt = (system: System, release: string): Part =>
  partOf(explore(pack(flatten(system, release)), { links: true }))
