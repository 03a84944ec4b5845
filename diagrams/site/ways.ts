/** Ways through explored graphs: the shortest to each arrow, and all that can follow something. */
import type { Graph, PathStep } from '../../impl/explore.ts'
import { linksOf, pathTo } from '../../impl/explore.ts'
import { anyOf, cellsOf, read } from '../../impl/pack.ts'
import type { Pattern } from '../../spec/lang.ts'
import { GONE } from '../arrows.ts'
import { printEvent } from '../label.ts'
import { numberOf, sideOf } from '../scan.ts'
import type { Path } from '../story.ts'

/** The first step, in the order of the search, that takes each arrow of these variables, by `variable from to`. */
export function firstSteps(graph: Graph, variables: readonly string[]): Map<string, { state: number; step: PathStep }> {
  const { packed, states, size } = graph
  const { flat, fields, words } = packed
  const watched = variables.map(name => ({ name, side: sideOf(name), number: numberOf(flat, name) }))
  const moves = flat.rows.map(row =>
    watched.flatMap(({ name, side, number }) => {
      const to = row.cells.find(({ variable }) => variable === number)?.to ?? -1
      if (to < 0) return []
      const ends = row.outputs.some(output => output.kind === 'exits' && output.side === side)
      const values = flat.variables[number]?.values ?? []
      // By the number of the value it comes from: whether this row was seen to take the arrow.
      const known = new Uint8Array(Math.max(1, values.length))
      return [{ name, field: fields[number], values, known, to: ends ? GONE : (values[to] ?? '') }]
    }),
  )
  const found = new Map<string, { state: number; step: PathStep }>()
  const { heads, edges } = linksOf(graph)
  for (let state = 0; state < size.states; state++) {
    const end = heads[state + 1] ?? 0
    for (let edge = heads[state] ?? 0; edge < end; edge++) {
      const [next = 0, row = 0] = [edges[edge * 2], edges[edge * 2 + 1]]
      for (const { name, field, values, known, to } of moves[row] ?? []) {
        const value = field === undefined ? 0 : read(states, state * words, field)
        if (known[value] === 1) continue
        known[value] = 1
        const from = field === undefined ? '' : (values[value] ?? '')
        const key = JSON.stringify([name, from, to])
        if (from !== to && !found.has(key)) found.set(key, { state, step: { row, state: next } })
      }
    }
  }
  return found
}

/** The shortest way whose last step is this one. */
export function wayTo(graph: Graph, { state, step }: { readonly state: number; readonly step: PathStep }): Path {
  const { start, steps } = pathTo(graph, state)
  return { start, steps: [...steps, step] }
}

/** What is asked of a graph: something happens where it is like this; what is said until it is like that, or rests? */
export interface Asked {
  readonly where: Pattern
  /** The rules, by id, that begin it. */
  readonly begins: readonly string[]
  /** Faults that may come besides; commands may not. */
  readonly faults: readonly string[]
  /** Where it is over; it is also over where nobody owes a step. */
  readonly until: Pattern
  /** Whose events are listened to. */
  readonly side: string
}

/** One thing that can follow: what was said, where it ended, and the shortest way through it. */
export interface Followed {
  readonly events: readonly string[]
  /** The values of what says how it ended. */
  readonly end: string
  readonly path: Path
}

/** Longer than this, what is said repeats itself. */
const LONGEST = 12

/** All that can follow, each sequence of events once for each way to end; shortest way first. */
export function follow(
  graph: Graph,
  { where, begins, faults, until, side }: Asked,
  ends: readonly string[],
): Followed[] {
  const { packed, states, size } = graph
  const { flat, words, fields } = packed
  const fits = anyOf(packed, [cellsOf(flat, where)])
  const isOver = anyOf(packed, [cellsOf(flat, until)])
  const { heads, edges } = linksOf(graph)
  /** Calls back with the row and the end of each step of a state. */
  const eachStep = (state: number, take: (row: number, next: number) => void): void => {
    const end = heads[state + 1] ?? 0
    for (let edge = heads[state] ?? 0; edge < end; edge++) take(edges[edge * 2 + 1] ?? 0, edges[edge * 2] ?? 0)
  }
  const said = flat.rows.map(row =>
    row.outputs.flatMap(output =>
      output.kind === 'event' && output.side === side
        ? [printEvent(output.name, output.data)]
        : output.kind === 'exits' && output.side === side
          ? ['(the process ends)']
          : [],
    ),
  )
  const beginning = flat.rows.map(({ rule }) => begins.includes(rule.id))
  const goesOn = flat.rows.map(row => row.owed || (row.cause?.kind === 'fault' && faults.includes(row.rule.id)))
  // A node is a state with what was said so far; they are found in the order of the number of steps.
  const sequences: (readonly string[])[] = [[]]
  const known = new Map<string, number>([['[]', 0]])
  const numbered = (events: readonly string[]): number => {
    const key = JSON.stringify(events)
    const number = known.get(key) ?? sequences.push(events) - 1
    known.set(key, number)
    return number
  }
  const nodes: { state: number; said: number; parent: number; row: number }[] = []
  const seen = new Set<number>()
  const add = (state: number, events: number, parent: number, row: number): void => {
    const key = events * size.states + state
    if (seen.has(key)) return
    seen.add(key)
    nodes.push({ state, said: events, parent, row })
  }
  for (let state = 0; state < size.states; state++) {
    if (!fits(states, state * words)) continue
    eachStep(state, (row, next) => {
      if (beginning[row]) add(next, numbered(said[row] ?? []), -1 - state, row)
    })
  }
  const results = new Map<string, Followed>()
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at] as (typeof nodes)[number]
    const events = sequences[node.said] ?? []
    const over = isOver(states, node.state * words)
    let owes = false
    if (!over && events.length <= LONGEST) {
      eachStep(node.state, (row, next) => {
        if (!goesOn[row]) return
        if (flat.rows[row]?.owed) owes = true
        const more = said[row] ?? []
        add(next, more.length === 0 ? node.said : numbered([...events, ...more]), at, row)
      })
    }
    if (owes || events.length > LONGEST) continue
    const end = ends.map(name => {
      const number = numberOf(flat, name)
      const field = fields[number]
      const value = field === undefined ? '' : flat.variables[number]?.values[read(states, node.state * words, field)]
      return value ?? ''
    })
    const key = JSON.stringify([events, end])
    if (!results.has(key)) results.set(key, { events, end: end.join(', '), path: pathOf(graph, nodes, at) })
  }
  return [...results.values()]
}

function pathOf(graph: Graph, nodes: readonly { state: number; parent: number; row: number }[], at: number): Path {
  const steps: PathStep[] = []
  let first = -1
  for (let i = at; i >= 0; ) {
    const node = nodes[i]
    if (node === undefined) break
    steps.push({ row: node.row, state: node.state })
    if (node.parent < 0) first = -1 - node.parent
    i = node.parent
  }
  const { start, steps: before } = pathTo(graph, first)
  return { start, steps: [...before, ...steps.reverse()] }
}
