/** What cannot be told apart shows the same, on random systems: held against all that each of them can show. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Machine, System } from '../spec/lang.ts'
import { type Bounds, Comparison, type Flaw, type Tell, told } from './apart.ts'
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

const bounds: Bounds = { states: 500, places: 300 }

/** What a row shows, in the words of this test. */
function shown({ cause, outputs }: Row): string {
  const said = outputs.filter(({ kind }) => kind !== 'sends').map(one => JSON.stringify({ ...one, desc: '' }))
  const asked = cause?.kind === 'command' || cause?.kind === 'fault' ? [JSON.stringify(cause)] : []
  return [...asked, ...said].join(' ')
}

/** The states that are come to in silence, and those themselves. */
function silentFrom(flat: Flat, states: readonly State[]): State[] {
  const all = new Map(states.map(state => [JSON.stringify(state), state]))
  for (const one of all.values())
    for (const row of enabled(flat, one)) {
      const next = take(flat, one, row)
      if (shown(row) === '' && !all.has(JSON.stringify(next))) all.set(JSON.stringify(next), next)
    }
  return [...all.values()]
}

/** Whether a state may come back in silence. */
const spins = (flat: Flat, state: State): boolean =>
  enabled(flat, state).some(
    row =>
      shown(row) === '' &&
      silentFrom(flat, [take(flat, state, row)]).some(one => JSON.stringify(one) === JSON.stringify(state)),
  )

/** All that a system can show in so many observations: what is said, how it answers, that it rests. */
class Shows {
  private readonly flat: Flat
  private readonly known = new Map<string, Set<string>>()

  constructor(flat: Flat) {
    this.flat = flat
  }

  from(state: State, length: number): Set<string> {
    const key = `${length} ${JSON.stringify(state)}`
    const known = this.known.get(key)
    if (known !== undefined) return known
    const found = new Set<string>([''])
    this.known.set(key, found)
    if (length === 0) return found
    const add = (first: string, next: State): void => {
      for (const rest of this.from(next, length - 1)) found.add(`${first}; ${rest}`)
    }
    for (const one of silentFrom(this.flat, [state])) {
      const rows = enabled(this.flat, one)
      const answer = Object.values(one)[0] ?? ''
      add(answer, one)
      if (rows.every(({ owed }) => !owed)) add(`rests, ${answer}`, one)
      for (const row of rows) if (shown(row) !== '') add(shown(row), take(this.flat, one, row))
    }
    return found
  }

  all(length: number): Set<string> {
    return new Set(starts(this.flat).flatMap(state => [...this.from(state, length)]))
  }
}

const LENGTH = 3

const isPart = (some: ReadonlySet<string>, all: ReadonlySet<string>): boolean => [...some].every(one => all.has(one))

/** An edited system; none where an edit meant for one rule makes no sense of another of that name. */
function flatEdited(system: System): Flat | undefined {
  try {
    return flatten(system, RANDOM_VERSION)
  } catch (error) {
    if (error instanceof SpecError) return undefined
    throw error
  }
}

/** What came of the mutants of some random systems, held against all that each can show. */
function compareSome(runs: number, flaw?: Flaw) {
  const wrong: string[] = []
  let alike = 0
  let less = 0
  let ways = 0
  for (const system of fc.sample(randomSystem, { numRuns: runs, seed: 7 })) {
    const flat = flatten(system, RANDOM_VERSION)
    const packed = pack(flat)
    if (packed.starts.length > packed.words * 4) continue
    const graph = explore(packed, { limit: 100_000 })
    if (graph.size.states > 60) continue
    const first = packed.fields[0] as Field
    const tell: Tell = (states, at) => read(states, at, first)
    const shows = new Shows(flat).all(LENGTH)
    const machines = Object.values(system.sides).flat() as Machine[]
    for (const mutant of machines.flatMap(machine => mutantsOf(machine, RANDOM_VERSION)).slice(0, 25)) {
      const changedTo = editedWhere(system as System, mutant.edits)
      if (changedTo === undefined) continue
      const other = flatEdited(changedTo)
      if (other === undefined || !sameVariables(flat, other)) continue
      const edited = pack(other)
      const came = told(graph, edited, tell, bounds, flaw)
      if (came !== 'unknown') {
        const otherShows = new Shows(other).all(LENGTH)
        if (!isPart(otherShows, shows) || (came === 'alike' && !isPart(shows, otherShows)))
          wrong.push(`${came}: ${mutant.what}`)
        if (came === 'alike') alike += 1
        else less += 1
      } else if (flaw === undefined) {
        const start = packed.starts.slice(0, packed.words)
        const way = new Comparison(edited, packed, tell).towards(start, [], 500)
        if (typeof way === 'string') continue
        ways += 1
        if (isShown(flat, other, way.rows)) wrong.push(`a way that both have: ${mutant.what}`)
      }
    }
  }
  return { wrong, alike, less, ways }
}

/** Whether what is seen on a way of one system, with an answer at every step, can be seen of another. */
function isShown(flat: Flat, other: Flat, rows: readonly number[]): boolean {
  const [start] = starts(other)
  if (start === undefined) return true
  let may = [start]
  let at = start
  const close = (states: readonly State[]): State[] => silentFrom(flat, states)
  const look = (): void => {
    may = close(may).filter(state => Object.values(state)[0] === Object.values(at)[0])
    if (enabled(other, at).some(({ owed }) => owed)) {
      // Whoever goes round and round in silence is seen as little of as who rests.
      const still = (of: Flat, state: State) => spins(of, state) || enabled(of, state).every(({ owed }) => !owed)
      if (spins(other, at) && !may.some(state => still(flat, state))) may = []
      return
    }
    const resting = may.filter(state => enabled(flat, state).every(({ owed }) => !owed))
    may = close(resting).filter(state => Object.values(state)[0] === Object.values(at)[0])
  }
  look()
  for (const id of rows) {
    const row = other.rows[id] as Row
    at = take(other, at, row)
    const label = shown(row)
    if (label !== '')
      may = close(may).flatMap(state =>
        enabled(flat, state)
          .filter(one => shown(one) === label)
          .map(one => take(flat, state, one)),
      )
    look()
  }
  return may.length > 0
}

test('what is alike shows the same, what is less shows no more, and a way shows the difference', {
  timeout: 60_000,
}, () => {
  const { wrong, alike, less, ways } = compareSome(70)
  expect(wrong).toEqual([])
  expect(alike).toBeGreaterThan(50)
  expect(less).toBeGreaterThan(50)
  expect(ways).toBeGreaterThan(50)
})

test.each(['no answers', 'no rest', 'outputs only'] as const)(
  'with %s it would be wrong',
  { timeout: 60_000 },
  flaw => {
    expect(compareSome(60, flaw).wrong.length).toBeGreaterThan(0)
  },
)
