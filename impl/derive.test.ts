/** A part of a system, read off the graph of the whole, beside a search of its own. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { claims } from '../spec/claims.ts'
import type { Observer, System } from '../spec/lang.ts'
import { systems } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import { derive } from './derive.ts'
import { explore, type Graph } from './explore.ts'
import type { Flat } from './flat.ts'
import { flatten } from './flatten.ts'
import { watch } from './observer.ts'
import { pack } from './pack.ts'

const graphOf = (flat: Flat): Graph => explore(pack(flat), { links: true })

/** All that the two have to agree in. */
const found = (graph: Graph | undefined) =>
  graph && {
    size: graph.size,
    fingerprint: graph.fingerprint,
    states: [...graph.states],
    ways: Array.from({ length: graph.size.states }, (_, state) => [graph.parentOf(state), graph.rowTo?.(state)]),
    found: Array.from({ length: graph.size.states }, (_, n) => graph.find(graph.states, n * graph.packed.words)),
    taken: [...Array.from(graph.taken)],
    unused: graph.unused,
    heads: [...(graph.links?.heads ?? [])],
    edges: [...(graph.links?.edges ?? [])],
  }

const counter: Observer = {
  name: 'moves',
  values: ['none', 'one', 'more'],
  follows: [{ side: 'src', event: 'MOVED', moves: ['none -> one', 'one -> more'] }],
}
const last: Observer = {
  name: 'last',
  values: ['none', 'even', 'odd'],
  follows: ['even', 'odd'].map((name, by) => ({ side: 'src', event: 'MOVED', data: { by }, moves: [`-> ${name}`] })),
}

/** Names of rules of a system, some of them. */
const some = (of: System, which: number): string[] =>
  [of, ...Object.values(of.sides).flat()]
    .flatMap(({ rules }) => Object.values(rules).flat())
    .filter((_, i) => (which >>> (i % 31)) & 1)
    .map(({ name }) => name)

const parts = fc.record({
  of: randomSystem,
  without: fc.oneof(fc.constant(0), fc.nat()),
  observers: fc.constantFrom<Observer[]>([], [counter], [last, counter]),
})

/** The whole, and a part of it. */
const drawn = ({ of, without, observers }: { of: System; without: number; observers: Observer[] }) => {
  const whole = graphOf(flatten(of, RANDOM_VERSION))
  const left = flatten({ ...of, without: some(of, without) }, RANDOM_VERSION)
  return { whole, part: watch(left, observers) }
}

describe('a part of a random system', () => {
  test('has the graph that a search of its own finds', () => {
    let derived = 0
    fc.assert(
      fc.property(parts, one => {
        const { whole, part } = drawn(one)
        fc.pre(whole.size.states < 300)
        const graph = derive(whole, pack(part), true)
        if (graph === undefined) return
        derived += 1
        expect(found(graph)).toEqual(found(graphOf(part)))
      }),
      { numRuns: 150 },
    )
    // Where rules differ in nothing but what they say, it is left to the search.
    expect(derived).toBeGreaterThan(75)
  })

  test('is seen not to have it when a step of the whole is wrong', () => {
    const seen = fc.check(
      fc.property(parts, one => {
        const { whole, part } = drawn(one)
        fc.pre(whole.size.states < 300)
        const { edges = new Int32Array() } = whole.links ?? {}
        for (let e = 0; e < edges.length; e += 6) edges[e] = 0
        const graph = derive(whole, pack(part), true)
        if (graph !== undefined) expect(found(graph)).toEqual(found(graphOf(part)))
      }),
      { numRuns: 200 },
    )
    expect(seen.failed).toBe(true)
  })

  test('is no part when a row does something else, or asks less', () => {
    fc.assert(
      fc.property(randomSystem, of => {
        const whole = graphOf(flatten(of, RANDOM_VERSION))
        const { flat } = whole.packed
        const [row] = flat.rows.filter(({ cells }) => cells.length > 0)
        fc.pre(row !== undefined && whole.size.states < 300)
        const edited = (cells: typeof row.cells) =>
          pack({ ...flat, rows: flat.rows.map(one => (one === row ? { ...one, cells } : one)) })
        const more = row.cells.map(cell => ({ ...cell, to: cell.to < 0 ? 0 : -1 }))
        expect(derive(whole, edited(more))).toBeUndefined()
        expect(derive(whole, edited(row.cells.slice(1)))).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })
})

describe('the parts that claims are about', () => {
  const newest = versions.at(-1) ?? ''
  test.each(['precopy', 'strangers', 'quit'])('of %s are all read off', { timeout: 60_000 }, name => {
    const system = systems.find(one => one.name === name) as unknown as System
    const whole = graphOf(flatten(system, newest))
    const about = claims.filter(one => one.system === name && one.without.length + one.observers.length > 0)
    const different = Map.groupBy(about, ({ without, observers }) => JSON.stringify([without, observers]))
    expect(different.size).toBeGreaterThan(0)
    for (const [claim] of different.values()) {
      const { without = [], observers = [] } = claim ?? {}
      const part = watch(flatten({ ...system, without: [...system.without, ...without] }, newest), observers)
      const graph = derive(whole, pack(part))
      const own = explore(pack(part))
      expect({ size: graph?.size, print: graph?.fingerprint }).toEqual({ size: own.size, print: own.fingerprint })
    }
  })
})
