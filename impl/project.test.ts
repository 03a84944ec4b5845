/** Two messages with one key are told apart by no match; on random matches and messages. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json, Match } from '../spec/lang.ts'
import { matches } from './match.ts'
import { projection } from './project.ts'

const leaf = fc.constantFrom<Json>(1, 2, 'a', 'b', true, null)
const { value } = fc.letrec<{ value: Json }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(leaf, { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('x', 'y', 'z'), tie('value'), { maxKeys: 3 }),
  ),
}))
const { match } = fc.letrec<{ match: Match }>(tie => ({
  match: fc.oneof(
    { depthSize: 'small' },
    leaf as fc.Arbitrary<Match>,
    fc.constantFrom<Match>(
      { $absent: true },
      { $present: 1 },
      { $like: '^a' },
      { $unlike: 'b' },
      { $not: 1 },
      { $oneOf: [1, 'a'] },
    ),
    fc.dictionary(fc.constantFrom('x', 'y'), tie('match'), { maxKeys: 2 }),
    tie('match').map(inner => ({ $not: inner }) as Match),
    fc.array(tie('match'), { minLength: 1, maxLength: 2 }).map(inner => ({ $oneOf: inner }) as Match),
  ) as fc.Arbitrary<Match>,
}))

test('what has one key is matched by the same matches', () => {
  const count = { same: 0, other: 0 }
  fc.assert(
    fc.property(fc.array(match, { maxLength: 3 }), value, value, (wanted, a, b) => {
      const key = projection(wanted)
      if (key(a) !== key(b)) {
        count.other += 1
        return
      }
      if (JSON.stringify(a) !== JSON.stringify(b)) count.same += 1
      for (const one of wanted) expect(matches(one, a)).toBe(matches(one, b))
    }),
    { numRuns: 5000 },
  )
  // Both happen: it neither tells all apart nor nothing.
  expect(Math.min(count.same, count.other)).toBeGreaterThan(100)
})

test('figures that nobody looks at make no difference, members that are looked at as a whole do', () => {
  const key = projection([{ status: 'active', ram: { $present: {} } }], ['capabilities'])
  expect(key({ status: 'active', ram: { total: 1 } })).toBe(key({ ram: { total: 2 }, status: 'active', more: 1 }))
  expect(key({ status: 'active' })).not.toBe(key({ status: 'active', ram: {} }))
  const none = projection([
    { $not: { $oneOf: [{ size: { $oneOf: [0, 256] } }, { name: { $present: 'a' } }] } } as Match,
  ])
  expect(none({ size: 1, speed: 1 })).toBe(none({ size: 1, speed: 2 }))
  expect(none({ size: 1 })).not.toBe(none({ size: 256 }))
  expect(key({ capabilities: [1] })).not.toBe(key({ capabilities: [2] }))
})

test('members of the prototype are nobody’s', () => {
  const key = projection([{ constructor: { $absent: true } } as Match])
  expect(key({})).toBe(key({ x: 1 }))
})
