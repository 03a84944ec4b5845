/** Messages against what rules say of them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { absent, type Json, like, type Match, not, oneOf, present, unlike } from '../spec/lang.ts'
import { example, matches, mismatch } from './match.ts'

describe('a match', () => {
  test.each<[string, Match, Json | undefined, string | undefined]>([
    ['a literal as it stands', 'a', 'a', undefined],
    ['no other literal', 'a', 'b', 'the message should be "a"'],
    ['no number for its text', 1, '1', 'the message should be 1'],
    ['null', null, null, undefined],
    ['nothing for null', null, undefined, 'the message should be null'],
    ['an object with more members', { a: 1 }, { a: 1, b: 2 }, undefined],
    ['no object with fewer', { a: 1, b: 2 }, { a: 1 }, 'b should be 2'],
    ['deep members', { a: { b: { c: 1 } } }, { a: { b: { c: 2 } } }, 'a.b.c should be 1'],
    ['no text for an object', {}, 'a', 'the message should be an object'],
    ['no array for an object', {}, [], 'the message should be an object'],
    ['no null for an object', { a: {} }, { a: null }, 'a should be an object'],
    ['no inherited member', { toString: present(1) }, {}, 'toString should be there'],
    ['an array that holds each element', [1, { a: 2 }], [{ a: 2, b: 3 }, 4, 1], undefined],
    ['no array without one', { l: [{ a: 2 }] }, { l: [{ a: 3 }] }, 'l should hold {"a":2}'],
    ['no object for an array', ['a'], { 0: 'a' }, 'the message should hold "a"'],
    ['a member that is there', { a: present(7) }, { a: null }, undefined],
    ['no member that is not', { a: present(7) }, {}, 'a should be there'],
    ['a member that is absent', { a: absent }, {}, undefined],
    ['no member that is there for an absent one', { a: absent }, { a: 0 }, 'a should not be there'],
    ['anything else', { a: not('x') }, { a: 'y' }, undefined],
    ['an absent member as something else', { a: not('x') }, {}, undefined],
    ['not the thing itself', { a: not('x') }, { a: 'x' }, 'a should not be "x"'],
    ['a text like this', like('^tcp:'), 'tcp:host', undefined],
    ['no text unlike this', { uri: like('^tcp:') }, { uri: 'unix:s' }, 'uri should look like ^tcp:'],
    ['nothing that is no text', like('1'), 1, 'the message should look like 1'],
    ['a text unlike this', unlike('^tcp:'), 'unix:s', undefined],
    ['no text like this', unlike('^tcp:'), 'tcp:host', 'the message should not look like ^tcp:'],
    ['one of several', oneOf('a', { b: 1 }), { b: 1, c: 2 }, undefined],
    ['none but these', { s: oneOf('a', 'b') }, { s: 'c' }, 's should be one of "a", "b"'],
    ['no absent member for one of several', { s: oneOf('a') }, {}, 's should be one of "a"'],
    ['a member that only looks special', { $oneOf: ['a'], other: 1 }, { $oneOf: ['a'], other: 1 }, undefined],
  ])('takes %s', (_, match, value, message) => {
    expect(mismatch(match, value)).toBe(message)
    expect(matches(match, value)).toBe(message === undefined)
  })
})

const literal = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null))
const { match: anyMatch } = fc.letrec<{ match: Match; tree: Match }>(tie => ({
  match: fc.oneof(
    { maxDepth: 3 },
    literal,
    tie('tree'),
    literal.map(present),
    fc.array(literal, { minLength: 1, maxLength: 3 }).map(values => oneOf(...values)),
  ),
  tree: fc.oneof(
    fc.array(literal, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof(tie('match'), fc.constant(absent))),
  ),
}))

describe('an example', () => {
  test('matches what it is an example of', () => {
    fc.assert(fc.property(anyMatch, match => mismatch(match, example(match)) === undefined))
  })

  test('has no member that is to be absent, or not something', () => {
    expect(example({ a: absent, b: not('x'), c: present('y'), d: oneOf('p', 'q'), e: [oneOf(1, 2)] })).toEqual({
      c: 'y',
      d: 'p',
      e: [1],
    })
  })

  test('stops matching once one of its literals is another', () => {
    fc.assert(fc.property(literal, value => !matches({ a: value }, { a: value === 'other' ? 'else' : 'other' })))
  })
})
