/** Graphs small enough to count by hand. */
import { describe, expect, test } from 'vitest'
import {
  command,
  machine,
  type Rule,
  receives,
  type System,
  sends,
  system,
  type Variables,
  wire,
} from '../spec/lang.ts'
import { explored, fingerprintOf, walked } from './agree.ts'
import { Fingerprint, mix, StateTable } from './engine-table.ts'
import { engines, estimateOf, explore, type Graph, type Progress, pathTo } from './explore.ts'
import { flatten } from './flatten.ts'
import { decode, encode, pack } from './pack.ts'

const graphOf = (of: System, options: Parameters<typeof explore>[1] = {}): Graph =>
  explore(pack(flatten(of, '9.0')), options)
const cite = 'f.c:f'

/** One process of two that use one lock. */
const user = (name: string): Rule<{ lock: readonly ['free', 'a', 'b']; at: readonly ['out', 'in'] }>[] => [
  { name: 'enter', cite, does: { lock: `free -> ${name as 'a'}`, at: 'out -> in' } },
  { name: 'leave', cite, does: { lock: `${name as 'a'} -> free`, at: 'in -> out' } },
]
const lock = { lock: ['free', 'a', 'b'] } as const
const mutex = system('mutex', {
  about: '',
  shared: lock,
  sides: {
    a: [machine('user', { ...lock, at: ['out', 'in'] }, { thread: user('a') })],
    b: [machine('user', { ...lock, at: ['out', 'in'] }, { thread: user('b') })],
  },
})

/** One side that sends A or B at will, and one that takes them in order. */
const channel = (capacity: number) => {
  const one = { x: ['x'] } as const satisfies Variables
  return system('channel', {
    about: '',
    sides: {
      s: [
        machine('s', one, {
          t: [
            { name: 'send A', cite, does: {}, says: [sends('A')] },
            { name: 'send B', cite, does: {}, says: [sends('B')] },
          ],
        }),
      ],
      r: [
        machine('r', one, {
          t: [
            { name: 'take A', cite, on: receives('A'), does: {} },
            { name: 'take B', cite, on: receives('B'), does: {} },
          ],
        }),
      ],
    },
    wires: [wire('s', 'r', capacity)],
  }) as System
}

/** A ring of so many places, with a rule that is never taken. */
const ring = (places: number): System => {
  const at = Array.from({ length: places }, (_, i) => `p${i}`)
  const leave = at.map(
    (here, i): Rule => ({ name: `leave ${here}`, cite, does: { at: `${here} -> ${at[(i + 1) % places]}` } }),
  )
  const never: Rule = { name: 'stay away', cite, on: command('c'), does: { other: 'never' } }
  const shared: Variables = { at, other: ['now', 'never'] }
  return { ...system('ring', { about: '', sides: {} }), shared, rules: { world: [...leave, never] } } as System
}

describe('a mutex', () => {
  const graph = graphOf(mutex as System)

  test('has three states, since both are never in', () => {
    expect(graph.size).toEqual({ states: 3, steps: 4, depth: 1 })
    expect(graph.find(encode(graph.packed, { lock: 'a', 'a.at': 'in', 'b.at': 'in' }), 0)).toBe(-1)
  })

  test('numbers states in the order found, the start first', () => {
    const states = [0, 1, 2].map(n => decode(graph.packed, graph.states, n * graph.packed.words).lock)
    expect(states).toEqual(['free', 'a', 'b'])
    expect([0, 1, 2].map(graph.parentOf)).toEqual([-1, 0, 0])
    expect(Array.from(graph.taken)).toEqual([1, 1, 1, 1])
    expect(graph.unused).toEqual([])
  })

  test('loses its point when the lock is not tested', () => {
    const broken = JSON.parse(JSON.stringify(mutex).replaceAll('free -> ', '-> ')) as System
    const wrong = graphOf(broken)
    expect(wrong.find(encode(wrong.packed, { lock: 'b', 'a.at': 'in', 'b.at': 'in' }), 0)).toBeGreaterThan(0)
  })
})

describe('a wire', () => {
  // 2^0 + 2^1 + ... + 2^n words; each but the full ones can grow in 2 ways, each but the empty one shrink in 1.
  test.each([
    [1, { states: 3, steps: 4, depth: 1 }],
    [2, { states: 7, steps: 12, depth: 2 }],
    [3, { states: 15, steps: 28, depth: 3 }],
    [5, { states: 63, steps: 124, depth: 5 }],
  ])('of %i places holds every word of two letters up to that length', (capacity, size) => {
    expect(graphOf(channel(capacity)).size).toEqual(size)
  })
})

describe('a ring', () => {
  test('is as deep as it has places but one', () => {
    const graph = graphOf(ring(7))
    expect(graph.size).toEqual({ states: 7, steps: 7, depth: 6 })
    expect(graph.unused).toEqual(['stay-away'])
  })

  test('has one shortest path to each place', () => {
    const graph = graphOf(ring(7))
    const target = graph.find(encode(graph.packed, { at: 'p4' }), 0)
    const { start, steps } = pathTo(graph, target)
    const names = steps.map(({ row }) => graph.packed.flat.rows[row]?.rule.id)
    expect(start).toBe(0)
    expect(names).toEqual(['leave-p0', 'leave-p1', 'leave-p2', 'leave-p3'])
    expect(steps.at(-1)?.state).toBe(target)
    expect(pathTo(graph, 0)).toEqual({ start: 0, steps: [] })
  })

  test('is entered at the nearest of several starts', () => {
    const graph = graphOf({ ...ring(7), start: { at: ['p0', 'p3'] } })
    expect(graph.size).toEqual({ states: 7, steps: 7, depth: 3 })
    const { start, steps } = pathTo(graph, graph.find(encode(graph.packed, { at: 'p5' }), 0))
    expect(decode(graph.packed, graph.states, start * graph.packed.words).at).toBe('p3')
    expect(steps).toHaveLength(2)
  })

  test('is not gone round past the limit', () => {
    expect(graphOf(ring(7), { limit: 7 }).size.states).toBe(7)
    for (const engine of engines) {
      expect(() => graphOf(ring(7), { limit: 6, engine }), engine).toThrow(
        'more than 6 states of ring: cut off at 6 states and ',
      )
    }
  })

  test('is not gone round past the memory there is', () => {
    expect(() => graphOf(channel(9), { bytes: 20_000, engine: 'wasm' })).toThrow(
      /^more than 0 MB of channel: cut off at [\d,]+ states and .*its levels still widen.*This proves nothing$/,
    )
  })

  test('tells how far it has come', () => {
    const seen: Progress[] = []
    graphOf(ring(3), { engine: 'interpret', progress: at => seen.push(at) })
    expect(seen.map(({ states, queue }) => ({ states, queue }))).toEqual([
      { states: 2, queue: 1 },
      { states: 3, queue: 1 },
    ])
  })
})

describe('an estimate', () => {
  test('is made where levels narrow, and not before', () => {
    expect(estimateOf([1, 2, 4, 8, 16], 31)).toBeUndefined()
    // 64 + 32 + 16 + 8 + 4 + ...
    expect(estimateOf([1, 8, 64, 32, 16], 121)).toBeCloseTo(137)
    expect(estimateOf([1, 1], 2)).toBeUndefined()
  })
})

describe('a shortest path', () => {
  test('is no longer than the distance that walking finds', () => {
    const graph = graphOf(channel(4))
    const { steps } = walked(graph.packed.flat)
    const { states } = explored(graph)
    const keys = [...states.keys()]
    const far = new Map([[keys[0], 0]])
    for (const from of keys) {
      for (const step of steps) {
        if (step.from === from && !far.has(step.to)) far.set(step.to, (far.get(from) ?? 0) + 1)
      }
    }
    expect(keys.map((_, n) => pathTo(graph, n).steps.length)).toEqual(keys.map(at => far.get(at)))
  })
})

describe('the fingerprint', () => {
  test('is the one that was seen before', () => {
    expect(graphOf(mutex as System).fingerprint).toMatchInlineSnapshot(`"bd63f89ec4401424"`)
    expect(graphOf(channel(3)).fingerprint).toMatchInlineSnapshot(`"6fc72f218ed6a56a"`)
  })

  test('is of states and steps, whatever their order', () => {
    const { flat } = graphOf(channel(3)).packed
    const { states, steps } = walked(flat)
    const backwards = { states: new Map([...states].reverse()), steps: [...steps].reverse() }
    expect(fingerprintOf(flat, backwards)).toBe(graphOf(channel(3)).fingerprint)
    expect(fingerprintOf(flat, { states, steps: steps.slice(1) })).not.toBe(graphOf(channel(3)).fingerprint)
    const [first] = states.keys()
    const fewer = new Map([...states].filter(([name]) => name !== first))
    expect(fingerprintOf(flat, { states: fewer, steps }).slice(0, 8)).not.toBe(
      fingerprintOf(flat, { states, steps }).slice(0, 8),
    )
  })
})

describe('a table of states', () => {
  test.each([1, 2, 3])('of %i words grows, finds all that is in it and nothing else', words => {
    const table = new StateTable(words, 16)
    // Far more than the first capacity; scattered, and with negative words.
    const count = 20_000
    const state = (n: number) => Int32Array.from({ length: words }, (_, i) => (i === words - 1 ? mix(17, n) : n % 7))
    for (let n = 0; n < count; n++) expect(table.add(state(n), 0)).toBe(n)
    for (let n = 0; n < count; n += 13) {
      expect(table.find(state(n), 0)).toBe(n)
      expect(table.add(state(n), 0)).toBe(n)
    }
    expect(table.count).toBe(count)
    expect(table.find(state(count + 1), 0)).toBe(-1)
  })

  test('reads a state where it stands among others', () => {
    const table = new StateTable(2, 4)
    const both = Int32Array.from([1, 2, 3, 4])
    expect([table.add(both, 0), table.add(both, 2), table.add(both, 0)]).toEqual([0, 1, 0])
    expect([...table.states.subarray(0, 4)]).toEqual([1, 2, 3, 4])
  })

  test('spreads states that differ in a few high bits', () => {
    const places = new Set<number>()
    for (let n = 0; n < 4096; n++) places.add(Fingerprint.of(Int32Array.from([n << 20, 0]), 0, 2) & 4095)
    // Balls thrown blindly would hit 63 in 100 of the places; a plain exclusive or hits one.
    expect(places.size).toBeGreaterThan(0.6 * 4096)
  })
})
