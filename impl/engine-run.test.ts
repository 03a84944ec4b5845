/** One search, printed twice, beside the slow twin. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { System } from '../spec/lang.ts'
import { systems } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import type { Shape } from './engine-kernel.ts'
import type { Program } from './engine-words.ts'
import { explore, type Graph, linksOf } from './explore.ts'
import { flatten } from './flatten.ts'
import { type Packed, pack } from './pack.ts'

/** All that two engines have to agree in. */
const found = (graph: Graph) => ({
  size: graph.size,
  fingerprint: graph.fingerprint,
  states: [...graph.states],
  parents: Array.from({ length: graph.size.states }, (_, state) => graph.parentOf(state)),
  taken: [...Array.from(graph.taken)],
  unused: graph.unused,
  heads: [...linksOf(graph).heads],
  edges: [...linksOf(graph).edges],
})

/** Rows tested one after another, and rows that are remembered to fit; batches that are always full, and hardly ever. */
const shapes: readonly Shape[] = [{}, { few: 0 }, { batch: 3 }, { few: 0, batch: 3 }, { few: 0, tested: new Set([0]) }]

describe('on random systems', () => {
  test.each(['js', 'wasm'] as const)('%s numbers states, steps and parents as the slow twin does', engine => {
    fc.assert(
      fc.property(randomSystem, fc.constantFrom(...shapes), fc.boolean(), (of, shape, links) => {
        const packed = pack(flatten(of, RANDOM_VERSION))
        const slow = explore(packed, { engine: 'interpret', links })
        fc.pre(slow.size.states < 500)
        expect(found(explore(packed, { engine, shape, links }))).toEqual(found(slow))
      }),
      { numRuns: 60 },
    )
  })
})

const of = (name: string): Packed =>
  pack(flatten(systems.find(system => system.name === name) as unknown as System, versions.at(-1) ?? ''))

/** What is compared of a large graph: all of it, by hashes and by samples. */
const sketch = (graph: Graph) => {
  const { heads, edges } = linksOf(graph)
  const step = Math.max(1, Math.floor(graph.size.states / 200))
  return {
    size: graph.size,
    fingerprint: graph.fingerprint,
    taken: [...Array.from(graph.taken)],
    last: [...graph.states.slice(-100)],
    parents: Array.from({ length: 200 }, (_, i) => graph.parentOf((i * step) % graph.size.states)),
    heads: heads.reduce((sum, head) => (sum * 31 + head) | 0, 0),
    edges: edges.reduce((sum, edge) => (sum * 31 + edge) | 0, 0),
  }
}

describe('on real systems', () => {
  test.each(['COLO quit', 'strangers', 'jobs'])('all engines come to the same of %s', { timeout: 120_000 }, name => {
    const packed = of(name)
    const slow = sketch(explore(packed, { engine: 'interpret', links: true }))
    for (const engine of ['js', 'wasm', 'auto'] as const) {
      expect(sketch(explore(packed, { engine, links: true })), engine).toEqual(slow)
    }
  })
})

/** A program in which a text stands for another. */
const edited =
  (from: string | RegExp, to: string) =>
  (program: Program): Program => {
    const before = JSON.stringify(program)
    const after = before.replace(from, to)
    if (before === after) throw new Error(`nothing says ${from}`)
    return JSON.parse(after) as Program
  }

describe('an engine that is broken on purpose', () => {
  const packed = of('COLO quit')
  const right = sketch(explore(packed, { engine: 'interpret' }))
  const wrong: { readonly [what: string]: (program: Program) => Program } = {
    'takes a state for another with the same bits of the hash': program =>
      edited(/\{"all":\[\["===",\{"load":"s","at":"a".*?\]\]?\]\}/, '{"all":[]}')(program),
    'does not remember which row was taken': edited(
      '["+",{"load":"c","at":"place","plus"',
      '["-",{"load":"c","at":"place","plus"',
    ),
    'hashes with another number': edited('15]', '14]'),
    'loses what was found when the table grows': edited(
      '{"set":"id","to":1},{"set":"a"',
      '{"set":"id","to":2},{"set":"a"',
    ),
    'forgets who found a state': edited('"store":"p","at":[">>>","count",6]', '"store":"p","at":[">>>","count",7]'),
  }
  test.each(Object.entries(wrong))('is noticed when it %s', { timeout: 120_000 }, (_, damage) => {
    for (const engine of ['js', 'wasm'] as const) {
      let seen: unknown
      try {
        seen = sketch(explore(packed, { engine, shape: { damage }, limit: 150_000 }))
      } catch (error) {
        seen = error
      }
      expect(String(seen)).not.toContain('nothing says')
      expect(seen).not.toEqual(right)
    }
  })
})
