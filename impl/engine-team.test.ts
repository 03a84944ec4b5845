/** A search on several threads, beside one on one thread. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { System } from '../spec/lang.ts'
import { systems } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import type { Shape } from './engine-kernel.ts'
import type { Given } from './engine-mate.ts'
import { hashOf } from './engine-table.ts'
import type { Program } from './engine-words.ts'
import { explore, type Graph, pathTo } from './explore.ts'
import { flatten } from './flatten.ts'
import { type Packed, pack } from './pack.ts'

/** What does not depend on who finds a state first: how far it is, for one, but not its number. */
const found = (graph: Graph, sample = 1) => {
  const { words } = graph.packed
  const far = new Map<string, number>()
  for (let state = 0; state < graph.size.states; state++) {
    // The same states are looked at, whatever their numbers.
    if ((hashOf(graph.states, state * words, words) >>> 0) % sample !== 0) continue
    const key = graph.states.slice(state * words, (state + 1) * words).join()
    expect(graph.find(graph.states, state * words)).toBe(state)
    far.set(key, pathTo(graph, state).steps.length)
  }
  const { size, fingerprint, taken, unused } = graph
  return { size, fingerprint, taken: Array.from(taken), unused, far: [...far].sort() }
}

const together = (packed: Packed, threads: number, shape: Shape = {}): Graph =>
  explore(packed, { engine: 'wasm', threads, shape: { together: 0, ...shape } })

const of = (name: string): Packed =>
  pack(flatten(systems.find(system => system.name === name) as unknown as System, versions.at(-1) ?? ''))

describe('several threads', () => {
  test('find what one finds of random systems', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(randomSystem, fc.constantFrom<Shape>({}, { few: 0 }, { batch: 3 }), (system, shape) => {
        const packed = pack(flatten(system, RANDOM_VERSION))
        const alone = explore(packed, { engine: 'interpret' })
        fc.pre(alone.size.states > 5 && alone.size.states < 2000)
        expect(found(together(packed, 2, shape))).toEqual(found(alone))
      }),
      { numRuns: 12 },
    )
  })

  test.each([
    ['COLO quit', 2, 0],
    ['strangers', 3, 500],
    ['quit', 2, 300_000],
  ])('find what one finds of %s: %i of them, from %i states on', { timeout: 120_000 }, (name, threads, from) => {
    const packed = of(name)
    const alone = found(explore(packed, { engine: 'wasm' }), 1999)
    expect(found(together(packed, threads, { together: from }), 1999)).toEqual(alone)
  })

  test('stop at a limit, and say so', () => {
    const packed = of('COLO quit')
    const cut = /^more than 50,000 states of COLO quit: cut off at 50,000 states .*This proves nothing$/
    const shape = { together: 0 }
    expect(() => explore(packed, { engine: 'wasm', threads: 2, limit: 50_000, shape })).toThrow(cut)
    const { size } = explore(packed, { engine: 'wasm', threads: 2, limit: 118_482, shape })
    expect(size.states).toBe(118_482)
  })
})

/** A program of several threads in which a text stands for another. */
const edited =
  (from: string | RegExp, to: string) =>
  (program: Program): Program => {
    if (!program.memories.includes('k')) return program
    const before = JSON.stringify(program)
    const after = before.replace(from, to)
    if (before === after) throw new Error(`nothing says ${from}`)
    return JSON.parse(after) as Program
  }

describe('a search on several threads that is broken on purpose', () => {
  const packed = of('COLO quit')
  const right = found(explore(packed, { engine: 'wasm' }), 1999)
  test.each(
    Object.entries({
      'has two threads take the same numbers': edited('"by":256', '"by":128'),
      'does not look at what has come to where it looked': edited(
        /\{"all":\[\["===",\{"load":"s".*?\]\]\}/,
        '{"all":[]}',
      ),
      'keeps another than who found a state': edited(/("f","at":\[">>>","id",3\],"value":).*?\}/, '$1"id"'),
      'counts what one thread has counted only': edited(
        '{"store":"c","at":5,"value":"steps"}',
        '{"store":"c","at":5,"value":1}',
      ),
      'loses a state when the table grows': edited('["+","id",1]', '["+","id",2]'),
    }),
  )('is noticed when it %s', { timeout: 60_000 }, (_, damage) => {
    let seen: unknown
    try {
      const graph = explore(packed, { engine: 'wasm', threads: 2, limit: 150_000, shape: { together: 0, damage } })
      seen = found(graph, 1999)
    } catch (error) {
      seen = error
    }
    expect(String(seen)).not.toContain('nothing says')
    expect(seen).not.toEqual(right)
  })
})

describe('a thread that fails', () => {
  const packed = of('COLO quit')
  test('says why, and ends the search', () => {
    const trial = { given: (given: Given) => ({ ...given, memories: { k: given.memories.k } as never }) }
    expect(() => together(packed, 2, { trial })).toThrow(/^a thread of the search failed: .+With --threads 1 there is/)
  })

  test.each([
    ['ends without a word', 'process.exit(0)'],
    ['never begins', 'throw new Error("no")'],
  ])('is missed when it %s', { timeout: 30_000 }, (_, code) => {
    const trial = { file: new URL(`data:text/javascript,${encodeURIComponent(code)}`), patience: 1500 }
    expect(() => together(packed, 2, { trial })).toThrow(/it gave no sign of life for 2 seconds/)
  })
})
