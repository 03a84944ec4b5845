/**
 * Rows to an XState machine: one parallel region per variable, one event per row.
 *
 * An event exists exactly where its row is enabled.  Each arrow of a row sits
 * on the value it leaves and is guarded by all that the row tests of other
 * variables, so that the regions that a row moves leave together or not at
 * all.  XState takes an arrow without target and action for a forbidden one;
 * a row that moves nothing is therefore an arrow from a value to itself.
 *
 * The configuration is plain JSON, its guards being named by what they test:
 * it can be pasted into the Stately tools.  A machine has one start; for a
 * system with several, `chart` takes the one it is to start in, and whoever
 * wants the whole graph takes the union over `starts(flat)` (see agree.ts).
 */
import { and, fromTransition, not, or, setup, stateIn } from 'xstate'
import type { Flat, Row } from './flat.ts'
import { everything, namesOf, printBits } from './move.ts'
import { enabled, type State, starts, take } from './walk.ts'

/** The event that takes a row. */
export interface RowEvent {
  readonly type: string
}

/** An arrow from a value to another of the same variable. */
export interface Arrow {
  target: string
  guard?: string
}

/** A machine's configuration in XState's terms, as far as it is used here. */
export interface ChartConfig {
  id: string
  type: 'parallel'
  states: { [variable: string]: { initial: string; states: { [value: string]: { on: { [event: string]: Arrow[] } } } } }
}

/** The event of a row: the rule's id and the row's number, since a rule may be several rows. */
export const eventOf = (row: Row): RowEvent => ({ type: `${row.rule.id}#${row.id}` })

/** The row of an event, or -1 for an event of somebody else. */
export const rowOf = (event: { readonly type: string }): number => Number(/#(\d+)$/.exec(event.type)?.[1] ?? -1)

// XState reads a dot in a target as a way into a state; names may have dots of their own.
const target = (value: string): string => value.replaceAll(/[\\.#]/g, '\\$&')

/** What a row tests of each variable but this one, in words that name the guard. */
function guardOf(flat: Flat, row: Row, but: number): { name: string; tests: { variable: number; from: number }[] } {
  const tests = row.cells.filter(({ variable, from }) => {
    const { values } = flat.variables[variable] ?? { values: [] }
    return variable !== but && from !== everything(values)
  })
  const words = tests.map(({ variable, from }) => {
    const { name, values } = flat.variables[variable] ?? { name: '', values: [] }
    return `${name} is ${printBits(from, values)}`
  })
  return { name: words.join(', '), tests }
}

/** The cells whose variables carry a row's arrows: those that move, or one that stays. */
function carriers(flat: Flat, row: Row): { variable: number; from: number; to: number }[] {
  const moving = row.cells.filter(cell => cell.to >= 0)
  if (moving.length > 0) return moving
  const all = everything(flat.variables[0]?.values ?? [])
  return [row.cells[0] ?? { variable: 0, from: all, to: -1 }]
}

/** The configuration of a machine that starts in one of the system's starts. */
export function chartConfig(flat: Flat, start: State = starts(flat)[0] ?? {}): ChartConfig {
  const regions = flat.variables.map(({ name, values }) => {
    const states = Object.fromEntries(values.map(value => [value, { on: {} as { [event: string]: Arrow[] } }]))
    return { name, initial: start[name] ?? values[0] ?? '', states }
  })
  for (const row of flat.rows) {
    for (const { variable, from, to } of carriers(flat, row)) {
      const { values } = flat.variables[variable] ?? { values: [] }
      const { name: guard } = guardOf(flat, row, variable)
      for (const value of namesOf(from, values)) {
        const arrow: Arrow = { target: target(values[to] ?? value), ...(guard === '' ? {} : { guard }) }
        const state = regions[variable]?.states[value]
        if (state !== undefined) state.on[eventOf(row).type] = [arrow]
      }
    }
  }
  return {
    id: flat.name,
    type: 'parallel',
    states: Object.fromEntries(regions.map(({ name, initial, states }) => [name, { initial, states }])),
  }
}

const testOf = (flat: Flat, variable: number, from: number) => {
  const { name, values } = flat.variables[variable] ?? { name: '', values: [] }
  const being = namesOf(from, values)
  const missing = values.filter(value => !being.includes(value))
  if (missing.length === 1) return not(stateIn({ [name]: missing[0] ?? '' }))
  return or(being.map(value => stateIn({ [name]: value })))
}

/** The guards that `chartConfig` names, made of `stateIn`. */
export function guardsOf(flat: Flat) {
  const guards = flat.rows.flatMap(row =>
    carriers(flat, row).flatMap(({ variable }) => {
      const { name, tests } = guardOf(flat, row, variable)
      return name === '' ? [] : [[name, and(tests.map(test => testOf(flat, test.variable, test.from)))] as const]
    }),
  )
  return Object.fromEntries(guards)
}

/** A machine that starts in one of the system's starts, for actors and for `xstate/graph`. */
export const chart = (flat: Flat, start?: State) =>
  setup({ types: {} as { events: RowEvent }, guards: guardsOf(flat) }).createMachine(chartConfig(flat, start))

/** A snapshot's value as a state, its members in the order of the variables. */
export const stateOf = (flat: Flat, value: unknown): State => {
  const regions = value as State
  return Object.fromEntries(flat.variables.map(({ name }) => [name, regions[name] ?? '']))
}

/**
 * The rules as transition logic whose context is the state, and the events that
 * exist in a snapshot of it: for `@xstate/graph`, which in 3.0.4 ignores
 * `filterEvents` and has to be told the events of each state.
 */
export function logic(flat: Flat, start: State = starts(flat)[0] ?? {}) {
  const step = (state: State, event: RowEvent): State => {
    const row = flat.rows.find(({ id }) => id === rowOf(event))
    return row === undefined ? state : take(flat, state, row)
  }
  return {
    logic: fromTransition(step, start),
    events: ({ context }: { readonly context: State }): RowEvent[] => enabled(flat, context).map(eventOf),
  }
}
