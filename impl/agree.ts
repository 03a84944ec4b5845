/**
 * Sets explorers against each other: each is brought to the same plain form,
 * the set of states and the set of (state, row, state) steps, and compared.
 */
import { getAdjacencyMap } from 'xstate/graph'
import { chart, eventOf, logic, rowOf, stateOf } from './chart.ts'
import { Fingerprint } from './engine-table.ts'
import { explore, type Graph } from './explore.ts'
import type { Flat } from './flat.ts'
import { decode, encode, pack } from './pack.ts'
import { enabled, key, type State, starts, take } from './walk.ts'

/** What an explorer found: states by their keys, and steps between keys by the number of the row. */
export interface Reached {
  readonly states: ReadonlyMap<string, State>
  readonly steps: readonly { readonly from: string; readonly row: number; readonly to: string }[]
}

/** Gives back the first text of its kind: a graph has many steps to each state, and keys are long. */
function interning(): (text: string) => string {
  const known = new Map<string, string>()
  return text => {
    const first = known.get(text)
    if (first === undefined) known.set(text, text)
    return first ?? text
  }
}

/** What the packed engine found. */
export function explored({ packed, size, states }: Graph): Reached {
  const { words, step } = packed
  const next = new Int32Array(words)
  const found = new Map<string, State>()
  const steps: { from: string; row: number; to: string }[] = []
  const once = interning()
  for (let n = 0; n < size.states; n++) {
    const state = decode(packed, states, n * words)
    const from = once(key(state))
    found.set(from, state)
    step(states, n * words, next, row => {
      steps.push({ from, row, to: once(key(decode(packed, next))) })
    })
  }
  return { states: found, steps }
}

/** What one finds by walking. */
export function walked(flat: Flat): Reached {
  const states = new Map<string, State>()
  const steps: { from: string; row: number; to: string }[] = []
  const queue = starts(flat)
  const once = interning()
  for (const state of queue) states.set(once(key(state)), state)
  for (const state of queue) {
    const from = once(key(state))
    for (const row of enabled(flat, state)) {
      const next = take(flat, state, row)
      const to = once(key(next))
      steps.push({ from, row: row.id, to })
      if (states.has(to)) continue
      states.set(to, next)
      queue.push(next)
    }
  }
  return { states, steps }
}

/** As much of a node of an adjacency map as both copies of XState's graph tools have in common. */
interface Node {
  readonly transitions: {
    readonly [event: string]: { readonly event: { readonly type: string }; readonly state: unknown }
  }
}

/** The union of what is reached from each start; states that an earlier start led to are not gone into again. */
function union(
  flat: Flat,
  stateIn: (snapshot: unknown) => State,
  from: (start: State, known: Known) => object,
): Reached {
  const states = new Map<string, State>()
  const steps: { from: string; row: number; to: string }[] = []
  for (const start of starts(flat)) {
    const before = new Set(states.keys())
    if (before.has(key(start))) continue
    const map = from(start, state => before.has(key(state)))
    for (const [from, { transitions }] of Object.entries(map) as [string, Node][]) {
      states.set(from, JSON.parse(from) as State)
      for (const { event, state } of Object.values(transitions)) {
        steps.push({ from, row: rowOf(event), to: key(stateIn(state)) })
      }
    }
  }
  return { states, steps }
}

type Known = (state: State) => boolean

/** What `xstate/graph` finds on the chart. */
export function charted(flat: Flat): Reached {
  const events = flat.rows.map(eventOf)
  const of = (snapshot: unknown): State => stateOf(flat, (snapshot as { readonly value: unknown }).value)
  return union(flat, of, (start, known) =>
    getAdjacencyMap(chart(flat, start), {
      events,
      filterEvents: (snapshot, event) => snapshot.can(event),
      serializeState: snapshot => key(of(snapshot)),
      stopWhen: snapshot => known(of(snapshot)),
    }),
  )
}

/** What another copy of the graph tools finds on the wrapped rules; `search` calls its `getAdjacencyMap`. */
export function wrapped(
  flat: Flat,
  search: (
    rules: ReturnType<typeof logic>,
    options: { serializeState: (snapshot: unknown) => string; stopWhen: (snapshot: unknown) => boolean },
  ) => object,
): Reached {
  const of = (snapshot: unknown): State => stateOf(flat, (snapshot as { readonly context: unknown }).context)
  return union(flat, of, (start, known) =>
    search(logic(flat, start), {
      serializeState: snapshot => key(of(snapshot)),
      stopWhen: snapshot => known(of(snapshot)),
    }),
  )
}

/** The fingerprint of what was found, computed apart from the search that `explore` makes. */
export function fingerprintOf(flat: Flat, { states, steps }: Reached): string {
  const packed = pack(flat, 'interpret')
  const fingerprint = new Fingerprint()
  const hashes = new Map<string, number>()
  for (const [name, state] of states) {
    const words = encode(packed, state)
    fingerprint.state(words, 0, packed.words)
    hashes.set(name, Fingerprint.of(words, 0, packed.words))
  }
  for (const { from, row, to } of steps) fingerprint.step(hashes.get(from) ?? 0, row, hashes.get(to) ?? 0)
  return fingerprint.print()
}

/** What one found and the other did not, in words; empty when they agree.  At most `limit` of each kind. */
export function difference(one: Reached, other: Reached, limit = 3): string[] {
  // States by numbers that both share: the steps of a large graph, written out with its states, are gigabytes.
  const numbers = new Map<string, number>()
  const numberOf = (state: string): number => {
    const known = numbers.get(state) ?? numbers.size
    numbers.set(state, known)
    return known
  }
  const stepsOf = ({ steps }: Reached) =>
    new Map(steps.map(step => [`${numberOf(step.from)} ${step.row} ${numberOf(step.to)}`, step]))
  const missing = <T>(
    mine: ReadonlyMap<string, T>,
    theirs: ReadonlyMap<string, T>,
    say: (key: string, of: T) => string,
  ) =>
    [...mine]
      .filter(([key]) => !theirs.has(key))
      .slice(0, limit)
      .map(([key, of]) => say(key, of))
  const state = (who: string) => (key: string) => `only ${who} has the state ${key}`
  const step =
    (who: string) =>
    (_: string, { from, row, to }: Reached['steps'][number]) =>
      `only ${who} has the step ${from} -${row}-> ${to}`
  const [mine, theirs] = [stepsOf(one), stepsOf(other)]
  const twice = [
    ['one', one.steps.length - mine.size] as const,
    ['the other', other.steps.length - theirs.size] as const,
  ].flatMap(([who, count]) => (count > 0 ? [`${who} has ${count} steps twice`] : []))
  return [
    ...missing(one.states, other.states, state('one')),
    ...missing(other.states, one.states, state('the other')),
    ...missing(mine, theirs, step('one')),
    ...missing(theirs, mine, step('the other')),
    ...twice,
  ]
}

/** How the packed engine and each of the others disagree, `engine: what`; empty when all agree. */
export function disagreements(flat: Flat, graph: Graph = explore(pack(flat))): string[] {
  const mine = explored(graph)
  const others: [string, Reached][] = [
    ['interpret', explored(explore(pack(flat, 'interpret')))],
    ['walk', walked(flat)],
    ['xstate/graph', charted(flat)],
  ]
  const found = others.flatMap(([name, theirs]) => difference(mine, theirs).map(text => `${name}: ${text}`))
  const recomputed = fingerprintOf(flat, mine)
  if (recomputed !== graph.fingerprint) found.push(`fingerprint: ${graph.fingerprint} is ${recomputed} recomputed`)
  if (mine.steps.length !== graph.size.steps) found.push(`size: ${graph.size.steps} steps are ${mine.steps.length}`)
  return found
}
