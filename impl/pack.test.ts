/** States in a few words, and rows as code over them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Pattern, type Rule, type System, system, type Variables } from '../spec/lang.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import type { Flat } from './flat.ts'
import { flatten } from './flatten.ts'
import { SpecError } from './move.ts'
import {
  anyOf,
  cellsOf,
  decode,
  encode,
  layout,
  type Packed,
  pack,
  read,
  recall,
  rememberedOf,
  type Step,
} from './pack.ts'
import { holds, key, starts } from './walk.ts'

const of = (variables: Variables, rules: readonly Rule[] = [], start: Pattern = {}): Flat =>
  flatten(
    system('one', { about: '', sides: {}, shared: variables, rules: { w: rules }, start: start as never }) as System,
    '9.0',
  )

const values = (count: number): string[] => Array.from({ length: count }, (_, i) => `v${i}`)
/** Variables by how many values each has. */
const sized = (counts: readonly number[]): Variables =>
  Object.fromEntries(counts.map((count, i) => [`x${i}`, values(count)]))
const counts = fc.array(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 40, size: 'max' })

/** The successors of a state, as `row: state`. */
function successors(packed: Packed, state: Int32Array): string[] {
  const next = new Int32Array(packed.words)
  const found: string[] = []
  packed.step(state, 0, next, row => found.push(`${row}: ${key(decode(packed, next))}`))
  return found
}

/** A step that asks about where each step leads before it goes on. */
const nested =
  (step: Step, words: number): Step =>
  (states, at, next, emit) =>
    step(states, at, next, row => {
      step(next.slice(), 0, new Int32Array(words), () => {})
      emit(row)
    })

describe('the layout', () => {
  test.each([
    [[2], 1, 1],
    [[1], 1, 1],
    [[3, 4], 1, 4],
    [Array(32).fill(2), 1, 32],
    [Array(33).fill(2), 2, 33],
    [Array(65).fill(2), 3, 65],
    [Array(7).fill(31), 2, 35],
    [[], 1, 0],
  ])('of %j is %i words of %i bits', (sizes, words, bits) => {
    expect(layout(of(sized(sizes)))).toMatchObject({ words, bits })
  })

  test('fills a gap in an earlier word', () => {
    const { fields } = layout(of(sized([...Array(6).fill(31), 31, 4])))
    expect(fields.map(({ word, shift }) => [word, shift]).slice(5)).toEqual([
      [0, 25],
      [1, 0],
      [0, 30],
    ])
  })

  test('gives every variable bits of its own', () => {
    fc.assert(
      fc.property(counts, sizes => {
        const { fields, words } = layout(of(sized(sizes)))
        const used = Array.from({ length: words }, () => 0)
        for (const { word, shift, mask } of fields) {
          const bits = (mask << shift) >>> 0
          expect(bits >>> shift).toBe(mask)
          expect(((used[word] ?? 0) & bits) >>> 0).toBe(0)
          used[word] = ((used[word] ?? 0) | bits) >>> 0
        }
      }),
    )
  })
})

describe('a state', () => {
  test('is the same once packed and unpacked', () => {
    fc.assert(
      fc.property(counts, fc.array(fc.nat()), (sizes, picks) => {
        const packed = pack(of(sized(sizes)))
        const state = Object.fromEntries(sizes.map((count, i) => [`x${i}`, `v${(picks[i] ?? 0) % count}`]))
        expect(decode(packed, encode(packed, state))).toEqual(state)
      }),
    )
  })

  test('is read where it stands among others', () => {
    const packed = pack(of(sized([31, 31, 31, 31, 31, 31, 31])))
    const both = [encode(packed, { x6: 'v30' }), encode(packed, { x5: 'v7', x6: 'v29' })]
    const states = Int32Array.from(both.flatMap(words => [...words]))
    expect(decode(packed, states, packed.words)).toMatchObject({ x0: 'v0', x5: 'v7', x6: 'v29' })
    expect(packed.fields.map(field => read(states, packed.words, field))).toEqual([0, 0, 0, 0, 0, 7, 29])
  })

  test('has first values where it does not say', () => {
    const packed = pack(of(sized([3, 3])))
    expect(decode(packed, encode(packed, { x1: 'v2' }))).toEqual({ x0: 'v0', x1: 'v2' })
  })

  test('with a value that is not there is refused', () => {
    const packed = pack(of(sized([3])))
    expect(() => encode(packed, { x0: 'v3' })).toThrow(new SpecError('variable "x0" has no value "v3"'))
  })

  test('starts wherever it may', () => {
    const packed = pack(
      of({ a: values(3), b: values(40).slice(0, 31), c: values(2) }, [], { a: '!v1', b: ['v0', 'v30'] }),
    )
    const found = Array.from({ length: packed.starts.length / packed.words }, (_, i) =>
      key(decode(packed, packed.starts, i * packed.words)),
    )
    expect(found).toEqual(['v0', 'v2'].flatMap(a => ['v0', 'v30'].map(b => key({ a, b, c: 'v0' }))))
    expect(found).toEqual(starts(packed.flat).map(key))
  })
})

describe.each(['js', 'interpret'] as const)('the step function, %s', engine => {
  const rule = (does: Rule['does']): Rule => ({ name: 'r', cite: 'f.c:f', does })
  const step = (flat: Flat, state: { [name: string]: string }) => {
    const packed = pack(flat, engine)
    return successors(packed, encode(packed, state)).map(text => JSON.parse(text.replace(/^\d+: /, '')) as object)
  }

  test('moves fields at the edges of words and leaves their neighbours alone', () => {
    const sizes = Array(14).fill(31) as number[]
    const all = Object.fromEntries(sizes.map((_, i) => [`x${i}`, 'v30']))
    for (const name of Object.keys(all)) {
      const flat = of(sized(sizes), [rule({ [name]: 'v30 -> v1' })])
      expect(step(flat, all)).toEqual([{ ...all, [name]: 'v1' }])
      expect(step(flat, { ...all, [name]: 'v29' })).toEqual([])
    }
  })

  test('uses the highest bit of a word', () => {
    const all = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`x${i}`, 'v1']))
    const flat = of(sized(Array(32).fill(2)), [rule({ x31: 'v1 -> v0', x30: 'v1' })])
    expect(step(flat, all)).toEqual([{ ...all, x31: 'v0' }])
    expect(step(flat, { ...all, x31: 'v0' })).toEqual([])
  })

  test('tests a set of 31 values to its last', () => {
    const flat = of(sized([31, 2]), [rule({ x0: '!v30', x1: '-> v1' })])
    expect(step(flat, { x0: 'v29' })).toEqual([{ x0: 'v29', x1: 'v1' }])
    expect(step(flat, { x0: 'v30' })).toEqual([])
  })

  test('moves several words in one step', () => {
    const flat = of(sized(Array(70).fill(2)), [rule({ x0: '-> v1', x33: 'v0 -> v1', x69: '-> v1' })])
    const [moved] = step(flat, {}) as [{ [name: string]: string }]
    expect(Object.entries(moved).flatMap(([name, value]) => (value === 'v1' ? [name] : []))).toEqual([
      'x0',
      'x33',
      'x69',
    ])
  })

  test('calls once for each row that fits, in order', () => {
    const packed = pack(of(sized([2]), [{ ...rule({ x0: 'v0 ~> v1' }) }, { ...rule({}), name: 's' }]), engine)
    expect(successors(packed, encode(packed, {}))).toEqual(['0: {"x0":"v1"}', '2: {"x0":"v0"}'])
  })
})

test('the generated code does what the slow twin does, in states reached and not', () => {
  fc.assert(
    fc.property(randomSystem, fc.array(fc.nat(), { minLength: 20, maxLength: 20 }), (drawn, picks) => {
      const flat = flatten(drawn, RANDOM_VERSION)
      const [fast, slow] = [pack(flat, 'js'), pack(flat, 'interpret')]
      const state = Object.fromEntries(
        flat.variables.map((v, i) => [v.name, v.values[(picks[i % 20] ?? 0) % v.values.length] ?? '']),
      )
      expect(successors(fast, encode(fast, state))).toEqual(successors(slow, encode(slow, state)))
    }),
  )
})

test('what is remembered to fit is what the slow twin finds, of all rows and of some, also while it is asked again', () => {
  fc.assert(
    fc.property(
      randomSystem,
      fc.array(fc.array(fc.nat(), { minLength: 20, maxLength: 20 }), { minLength: 1, maxLength: 8 }),
      (drawn, tries) => {
        const whole = flatten(drawn, RANDOM_VERSION)
        for (const flat of [whole, { ...whole, rows: whole.rows.filter(({ id }) => id % 3 !== 0) }]) {
          const slow = pack(flat, 'interpret')
          const step = recall(flat, slow.words, rememberedOf(flat, slow.fields, slow.words))
          const quick = { ...slow, step }
          const again = { ...slow, step: nested(step, slow.words) }
          for (const picks of tries) {
            const state = Object.fromEntries(
              flat.variables.map((v, i) => [v.name, v.values[(picks[i % 20] ?? 0) % v.values.length] ?? '']),
            )
            const found = successors(slow, encode(slow, state))
            expect(successors(quick, encode(quick, state))).toEqual(found)
            expect(successors(again, encode(again, state))).toEqual(found)
          }
        }
      },
    ),
  )
})

describe('a pattern', () => {
  const flat = of({ a: values(3), b: values(31) })
  const packed = pack(flat)
  const fits = (patterns: readonly Pattern[], state: { [name: string]: string }) =>
    anyOf(
      packed,
      patterns.map(pattern => cellsOf(flat, pattern)),
    )(encode(packed, state), 0)

  test.each<[readonly Pattern[], boolean]>([
    [[{}], true],
    [[], false],
    [[{ a: 'v1' }], true],
    [[{ a: '!v1' }], false],
    [[{ a: 'v1', b: 'v2' }], false],
    [[{ a: 'v0' }, { b: '!v2' }], true],
    [[{ a: ['v0', 'v2'] }, { b: ['v0', 'v30'] }], true],
    [[{ a: [] }], false],
    [[{ a: [] }, { b: 'v30' }], true],
  ])('any of %j holds where a is v1 and b is v30: %s', (patterns, expected) => {
    expect(fits(patterns, { a: 'v1', b: 'v30' })).toBe(expected)
  })

  test('that names nothing there is refused', () => {
    expect(() => cellsOf(flat, { c: 'v0' })).toThrow(new SpecError('there is no variable "c"'))
    expect(() => cellsOf(flat, { a: 'v9' })).toThrow(new SpecError('there is no value "v9"; there are v0, v1, v2'))
  })

  test('holds where walking says so', () => {
    const condition = fc.oneof(
      fc.nat(2).map(n => `v${n}`),
      fc.nat(2).map(n => `!v${n}`),
      fc.subarray(values(3)),
    )
    fc.assert(
      fc.property(
        fc.array(fc.record({ a: condition, b: condition }, { requiredKeys: [] })),
        fc.nat(2),
        fc.nat(30),
        (patterns, a, b) => {
          const state = { a: `v${a}`, b: `v${b}` }
          const expected = patterns.some(pattern => holds(flat, state, cellsOf(flat, pattern)))
          expect(fits(patterns, state)).toBe(expected)
        },
      ),
    )
  })
})
