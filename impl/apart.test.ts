/** What cannot be told apart shows the same, on random systems: held against all that each of them can show. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Machine, System } from '../spec/lang.ts'
import { type Bounds, type Seen, told } from './apart-proof.ts'
import type { Flaw, Tell } from './apart-side.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import { sameVariables } from './differ.ts'
import { editedWhere } from './edit.ts'
import { explore } from './explore.ts'
import type { Flat, Row } from './flat.ts'
import { flatten } from './flatten.ts'
import { SpecError } from './move.ts'
import { mutantsOf } from './mutate.ts'
import { type Field, pack, read } from './pack.ts'
import { enabled, type State, starts, take } from './walk.ts'

const bounds = (): Bounds => ({ states: 500, places: 300, left: { work: 2_000_000 } })

/** A state, the commands that wait at each side's monitor, and what the last step has still to say. */
interface Place {
  readonly state: State
  readonly asked: { readonly [side: string]: readonly string[] }
  readonly rest: readonly string[]
}

const keyOf = (place: Place): string => JSON.stringify(place)
const askOf = ({ cause }: Row): string => (cause?.kind === 'command' ? `ask ${JSON.stringify(cause)}` : '')

/** What a row shows, in the words of this test. */
const saidOf = ({ cause, outputs }: Row): string[] => [
  ...(cause?.kind === 'fault' ? [JSON.stringify(cause)] : []),
  ...outputs.filter(({ kind }) => kind !== 'sends').map(one => JSON.stringify({ ...one, desc: '' })),
]

/** The commands of each side. */
const asksOf = (flat: Flat): [side: string, ask: string][] =>
  [
    ...new Map(
      flat.rows.flatMap(row => (askOf(row) === '' ? [] : [[askOf(row), [row.cause?.side ?? '', askOf(row)]]])),
    ).values(),
  ] as [string, string][]

/** The steps out of a place: what is seen, '' for nothing. */
function stepsOf(flat: Flat, place: Place): { seen: string; to: Place }[] {
  const { state, asked, rest } = place
  const [first, ...later] = rest
  if (first !== undefined) return [{ seen: first, to: { ...place, rest: later } }]
  return enabled(flat, state).flatMap(row => {
    const side = row.cause?.side ?? ''
    const ask = askOf(row)
    if (ask !== '' && asked[side]?.[0] !== ask) return []
    const [seen = '', ...left] = saidOf(row)
    let waiting = ask === '' ? asked : { ...asked, [side]: asked[side]?.slice(1) ?? [] }
    for (const output of row.outputs) if (output.kind === 'exits') waiting = { ...waiting, [output.side]: [] }
    return [{ seen, to: { state: take(flat, state, row), asked: waiting, rest: left } }]
  })
}

const restsAt = (flat: Flat, { state, asked, rest }: Place): boolean =>
  rest.length === 0 &&
  enabled(flat, state).every(
    row => !row.owed && (askOf(row) === '' || asked[row.cause?.side ?? '']?.[0] !== askOf(row)),
  )

/** The places that are come to in silence, and those themselves. */
function silentFrom(flat: Flat, places: readonly Place[]): Place[] {
  const all = new Map(places.map(place => [keyOf(place), place]))
  for (const one of all.values())
    for (const { seen, to } of stepsOf(flat, one)) if (seen === '' && !all.has(keyOf(to))) all.set(keyOf(to), to)
  return [...all.values()]
}

/** What is come to in silence from a state, by their texts; and that state. */
function roundFrom(flat: Flat, state: State): Map<string, State> {
  const all = new Map([[JSON.stringify(state), state]])
  for (const at of all.values())
    for (const row of enabled(flat, at)) {
      if (askOf(row) !== '' || saidOf(row).length > 0) continue
      const next = take(flat, at, row)
      if (!all.has(JSON.stringify(next))) all.set(JSON.stringify(next), next)
    }
  return all
}

/** Whether a state may come back in silence for ever, and nobody puts off what is owed. */
function spins(flat: Flat, state: State): boolean {
  const own = JSON.stringify(state)
  const round = [...roundFrom(flat, state)].filter(([, one]) => roundFrom(flat, one).has(own))
  const keys = new Set(round.map(([key]) => key))
  const rows = round.map(([, one]) => ({
    owed: new Set(enabled(flat, one).flatMap(row => (row.owed ? [row.rule.actor] : []))),
    acts: enabled(flat, one)
      .filter(row => askOf(row) === '' && saidOf(row).length === 0 && keys.has(JSON.stringify(take(flat, one, row))))
      .map(row => row.rule.actor),
  }))
  const acting = new Set(rows.flatMap(({ acts }) => acts))
  return (
    acting.size > 0 &&
    [...acting, ...flat.actors].every(who => acting.has(who) || !rows.every(({ owed }) => owed.has(who)))
  )
}

/** All that a system can show in so many observations: what it is asked, what is said, how it answers, that it rests. */
class Shows {
  private readonly flat: Flat
  private readonly asks: readonly [string, string][]
  private readonly known = new Map<string, Set<string>>()

  constructor(flat: Flat, asks: readonly [string, string][]) {
    this.flat = flat
    this.asks = asks
  }

  from(place: Place, length: number): Set<string> {
    const key = `${length} ${keyOf(place)}`
    const known = this.known.get(key)
    if (known !== undefined) return known
    const found = new Set<string>([''])
    this.known.set(key, found)
    if (length === 0) return found
    const add = (first: string, next: Place): void => {
      for (const rest of this.from(next, length - 1)) found.add(`${first}; ${rest}`)
    }
    for (const one of silentFrom(this.flat, [place])) {
      for (const { seen, to } of stepsOf(this.flat, one)) if (seen !== '') add(seen, to)
      if (one.rest.length > 0) continue
      const answer = Object.values(one.state)[0] ?? ''
      // A question is answered after the commands before it.
      if (Object.values(one.asked).every(list => list.length === 0)) add(answer, one)
      if (restsAt(this.flat, one)) add('rests', one)
      for (const [side, ask] of this.asks) {
        const waiting = one.asked[side] ?? []
        if (waiting.length < 2) add(ask, { ...one, asked: { ...one.asked, [side]: [...waiting, ask] } })
      }
    }
    return found
  }

  all(length: number): Set<string> {
    return new Set(starts(this.flat).flatMap(state => [...this.from({ state, asked: {}, rest: [] }, length)]))
  }
}

const LENGTH = 3

const isPart = (some: ReadonlySet<string>, all: ReadonlySet<string>): boolean => [...some].every(one => all.has(one))

/** An edited system; none where an edit meant for one rule makes no sense of another of that name. */
function flatEdited(edited: System): Flat | undefined {
  try {
    return flatten(edited, RANDOM_VERSION)
  } catch (error) {
    if (error instanceof SpecError) return undefined
    throw error
  }
}

/** What came of the mutants of some random systems, held against all that each can show. */
function compareSome(runs: number, flaw?: Flaw) {
  const wrong: string[] = []
  let [alike, less, ways] = [0, 0, 0]
  for (const drawn of fc.sample(randomSystem, { numRuns: runs, seed: 7 })) {
    const flat = flatten(drawn, RANDOM_VERSION)
    const packed = pack(flat)
    if (packed.starts.length > packed.words * 4) continue
    const graph = explore(packed, { limit: 100_000 })
    if (graph.size.states > 60) continue
    const first = packed.fields[0] as Field
    const tell: Tell = (states, at) => read(states, at, first) + 1
    const shows = new Shows(flat, asksOf(flat)).all(LENGTH)
    const machines = Object.values(drawn.sides).flat() as Machine[]
    for (const mutant of machines.flatMap(one => mutantsOf(one, RANDOM_VERSION)).slice(0, 25)) {
      const changedTo = editedWhere(drawn as System, mutant.edits)
      const other = changedTo && flatEdited(changedTo)
      if (other === undefined || !sameVariables(flat, other)) continue
      const came = told(graph, pack(other), [tell], bounds(), flaw)
      if (came === 'unknown') continue
      if (typeof came === 'string') {
        const otherShows = new Shows(other, asksOf(flat)).all(LENGTH)
        if (!isPart(otherShows, shows) || (came === 'alike' && !isPart(shows, otherShows)))
          wrong.push(`${came}: ${mutant.what}`)
        if (came === 'alike') alike += 1
        else less += 1
      } else {
        ways += 1
        if (isShown(flat, other, came)) wrong.push(`a way that both have: ${mutant.what}`)
      }
    }
  }
  return { wrong, alike, less, ways }
}

/** Whether what is seen on a way of one system, with an answer at every step, can be seen of another. */
function isShown(flat: Flat, other: Flat, { start, steps, asks }: Seen): boolean {
  const packed = pack(other)
  const first = starts(other).find((_, n) => packed.starts[n * packed.words] === start[0])
  if (first === undefined) return true
  let may: Place[] = [{ state: first, asked: {}, rest: [] }]
  let at = first
  const rests = (): boolean => enabled(other, at).every(row => !row.owed)
  const see = (seen: string): void => {
    may = silentFrom(flat, may).flatMap(one =>
      stepsOf(flat, one).flatMap(step => (step.seen === seen ? [step.to] : [])),
    )
  }
  const ask = (side: string, asked: string): void => {
    may = silentFrom(flat, may)
      .filter(({ rest }) => rest.length === 0)
      .map(one => ({ ...one, asked: { ...one.asked, [side]: [...(one.asked[side] ?? []), asked] } }))
  }
  const look = (): void => {
    const alike = (one: Place): boolean => one.rest.length === 0 && Object.values(one.state)[0] === Object.values(at)[0]
    may = silentFrom(flat, may).filter(alike)
    if (rests()) may = may.filter(one => restsAt(flat, one))
    // Whoever goes round and round in silence is seen as little of as who rests.
    else if (spins(other, at) && !may.some(one => restsAt(flat, one) || spins(flat, one.state))) may = []
  }
  look()
  for (const { row: id } of steps) {
    const row = other.rows[id] as Row
    at = take(other, at, row)
    if (askOf(row) !== '') ask(row.cause?.side ?? '', askOf(row))
    for (const said of saidOf(row)) see(said)
    look()
  }
  if (asks !== undefined) {
    ask(asks.cause.side, `ask ${JSON.stringify(asks.cause)}`)
    may = silentFrom(flat, may).filter(one => restsAt(flat, one) && (one.asked[asks.cause.side]?.length ?? 0) > 0)
  }
  return may.length > 0
}

test('what is alike shows the same, what is less shows no more, and a way shows the difference', {
  timeout: 120_000,
}, () => {
  const { wrong, alike, less, ways } = compareSome(70)
  expect(wrong).toEqual([])
  expect(alike).toBeGreaterThan(50)
  expect(less).toBeGreaterThan(50)
  expect(ways).toBeGreaterThan(50)
})

test.each(['no answers', 'no rest', 'no causes', 'held back for ever'] as const)(
  'with %s it would be wrong',
  { timeout: 120_000 },
  flaw => {
    expect(compareSome(60, flaw).wrong.length).toBeGreaterThan(0)
  },
)
