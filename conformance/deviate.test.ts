import { describe, expect, test } from 'vitest'
import type { Deviation } from '../spec/deviations.ts'
import { deviate, deviationsOf, type Subject, type Verdict } from './deviate.ts'

const freezes = {
  ...{ id: 'colo-freezes', cases: ['colo/*'], versions: ['10.0'], shows: 'freeze', claim: 'it comes back' },
  ...{ reason: 'It waits for itself.', witness: 'seen', sometimes: true },
} as const satisfies Deviation
const always = {
  ...{ id: 'precopy-twice', cases: ['precopy/*/1', 'x'], versions: ['10.0'], shows: 'messages', claim: 'once only' },
  ...{ reason: 'It says so twice.', witness: 'seen' },
} as const satisfies Deviation
const all = [freezes, always]

const subject: Subject = { case: 'colo/checkpoints/1', release: '10.0', frozen: false, might: [], real: true }
const frozen: Subject = { ...subject, frozen: true, might: ['it comes back'] }
const silent: Verdict = { verdict: 'inconclusive', expected: true, message: 'no answer' }
const passed: Verdict = { verdict: 'conforms', expected: true, message: '' }

describe('a known deviation', () => {
  test.each([
    ['precopy/*/1', 'precopy/cancel/1', true],
    ['precopy/*/1', 'precopy/cancel/2', false],
    ['precopy/*/1', 'precopy/1', false],
    ['*/a*a/*', 'x/aba/1', true],
    ['*/a*a/*', 'x/a/1', false],
    ['colo/*', 'precopy/cancel/1', false],
    ['x', 'x', true],
    ['x', 'xx', false],
  ] as const)('%s is of %s: %s', (pattern, id, is) => {
    expect(deviationsOf(id, '10.0', [{ ...always, cases: [pattern] }])).toHaveLength(is ? 1 : 0)
  })

  test('that is a freeze is known at once, by its case, its release and what the rules say of it', () => {
    expect(deviate(silent, frozen, all)).toEqual({
      verdict: 'known deviation',
      expected: true,
      message: 'no answer\nthe rules of 10.0 allow it, and it breaks "it comes back"\n  It waits for itself.',
      claim: 'it comes back',
      deviation: 'colo-freezes',
    })
    for (const other of [
      { ...frozen, release: '11.1' },
      { ...frozen, case: 'precopy/cancel/1' },
      { ...frozen, might: ['another'] },
      { ...frozen, frozen: false },
    ])
      expect(deviate(silent, other, all)).toEqual(silent)
  })

  test('never hides what violates', () => {
    const bad: Verdict = { verdict: 'violates', expected: false, message: 'x' }
    expect(deviate(bad, frozen, all)).toEqual(bad)
  })

  test('gives its name to what the claims know', () => {
    const seen: Verdict = { verdict: 'known deviation', expected: true, message: 'x', claim: 'once only' }
    expect(deviate(seen, { ...subject, case: 'x' }, all)).toEqual({ ...seen, deviation: 'precopy-twice' })
    expect(deviate(seen, subject, all)).toEqual(seen)
  })

  test('that does not come is news, where it came each time', () => {
    expect(deviate(passed, { ...subject, case: 'precopy/cancel/1' }, all)).toMatchObject({
      verdict: 'conforms',
      expected: false,
      deviation: 'precopy-twice',
      message: [
        'conforms, though each run was known to break "once only"',
        '  It says so twice.',
        '  if QEMU was fixed, take precopy-twice out of spec/deviations.ts',
      ].join('\n'),
    })
  })

  test('that is a race may stay away, and one that draws among what the rules allow need not show any', () => {
    expect(deviate(passed, subject, all)).toEqual(passed)
    expect(deviate(passed, { ...subject, case: 'x', real: false }, all)).toEqual(passed)
  })
})
