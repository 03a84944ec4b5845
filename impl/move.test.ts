/** One arrow, read: what it may start from, and where it ends. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { everything, namesOf, printBits, readCondition, readMove, SpecError } from './move.ts'

const abc = ['a', 'b', 'c']
const [a, b, c] = [1, 2, 4]
const many = Array.from({ length: 31 }, (_, i) => `v${i}`)

describe('a condition', () => {
  test.each([
    ['a', a],
    ['!a', b + c],
    [['a', 'c'], a + c],
    [[], 0],
    [undefined, a + b + c],
  ] as const)('%j allows %i', (condition, bits) => {
    expect(readCondition(condition, abc)).toBe(bits)
  })

  test('of 31 values stays a positive number', () => {
    expect(everything(many)).toBe(0x7fffffff)
    expect(readCondition('!v0', many)).toBe(0x7ffffffe)
    expect(readCondition('v30', many)).toBe(0x40000000)
  })

  test.each([
    ['d', 'there is no value "d"; there are a, b, c'],
    ['!d', 'there is no value "d"; there are a, b, c'],
    [['a', 'd'], 'there is no value "d"; there are a, b, c'],
    ['a -> b', '"a -> b" moves; here only a condition can stand'],
    ['-> b', '"-> b" moves; here only a condition can stand'],
    ['a ~> b', '"a ~> b" moves; here only a condition can stand'],
  ])('%j is refused', (condition, message) => {
    expect(() => readCondition(condition, abc)).toThrow(new SpecError(message))
  })
})

describe('a move', () => {
  test.each([
    ['a', [{ from: a, to: -1 }]],
    ['!a', [{ from: b + c, to: -1 }]],
    [['a', 'b'], [{ from: a + b, to: -1 }]],
    ['a -> b', [{ from: a, to: 1 }]],
    ['a -> a', [{ from: a, to: 0 }]],
    ['-> c', [{ from: a + b + c, to: 2 }]],
    [
      'a ~> c',
      [
        { from: a, to: 2 },
        { from: b + c, to: -1 },
      ],
    ],
  ] as const)('%j', (move, steps) => {
    expect(readMove(move, abc)).toEqual(steps)
  })

  test('that compares and swaps goes one way where there is only one value', () => {
    expect(readMove('a ~> a', ['a'])).toEqual([{ from: 1, to: 0 }])
  })

  test('may have dashes in its values', () => {
    expect(readMove('pre-start -> post-end', ['pre-start', 'post-end'])).toEqual([{ from: 1, to: 1 }])
  })

  test.each([
    ['a -> d', 'there is no value "d"; there are a, b, c'],
    ['d -> a', 'there is no value "d"; there are a, b, c'],
    ['!a -> b', 'there is no value "!a"; there are a, b, c'],
    ['~> b', '"~> b" compares with nothing; write "-> b"'],
    ['a->b', '"a->b" moves; here only a condition can stand'],
  ])('%j is refused', (move, message) => {
    expect(() => readMove(move, abc)).toThrow(new SpecError(message))
  })

  test('does for each value what the table in lang.ts says', () => {
    const value = fc.constantFrom(...abc)
    fc.assert(
      fc.property(value, value, value, (one, other, now) => {
        const ends = (move: string) => {
          const fits = readMove(move, abc).filter(({ from }) => namesOf(from, abc).includes(now))
          return fits.map(({ to }) => abc[to] ?? now)
        }
        expect(ends(`${one} -> ${other}`)).toEqual(now === one ? [other] : [])
        expect(ends(`-> ${other}`)).toEqual([other])
        expect(ends(`${one} ~> ${other}`)).toEqual([now === one ? other : now])
      }),
    )
  })
})

describe('a set of values', () => {
  test.each([
    [a, 'a'],
    [a + b, '!c'],
    [b + c, '!a'],
    [a + b + c, 'anything'],
  ])('%i is printed %j', (bits, text) => {
    expect(printBits(bits, abc)).toBe(text)
  })

  test('is printed as a choice where that is shorter than what is missing', () => {
    expect(printBits(3, ['a', 'b', 'c', 'd'])).toBe('a or b')
    expect(printBits(1, ['a', 'b'])).toBe('a')
  })

  test('is read back from what was printed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 31 }), bits => {
        const values = ['a', 'b', 'c', 'd', 'e']
        const text = printBits(bits, values)
        const again = text === 'anything' ? undefined : text.includes(' or ') ? text.split(' or ') : text
        expect(readCondition(again, values)).toBe(bits)
      }),
    )
  })
})
