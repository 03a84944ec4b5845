/** Cases side by side, and for whom they are. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { cases } from '../spec/cases.ts'
import type { Case } from '../spec/script.ts'
import { conform, type Result, untimely } from './conform.ts'
import { embedded } from './embedded.ts'
import { judges } from './judges.ts'
import type { Target } from './stage.ts'
import { validate } from './validate.ts'

const short = cases.filter(({ id }) => id === 'precopy/dead-address/1')
const [first] = short
const reference = embedded('11.1')

/** The same target, which tells how many of its stages were open at once. */
function counted(inner: Target, more: Partial<Target> = {}): { readonly target: Target; readonly most: () => number } {
  let now = 0
  let most = 0
  const open: Target['open'] = async setting => {
    most = Math.max(most, ++now)
    const stage = await inner.open(setting)
    const close = async () => {
      now--
      return stage.close()
    }
    return { ...stage, close }
  }
  return { target: { ...inner, ...more, open }, most: () => most }
}

const options = { cases: short, seed: 1, repeat: 12, timeoutScale: 1 }

test('ten pairs run side by side, and results are in the order of the cases', { timeout: 60_000 }, async () => {
  const { target, most } = counted(reference)
  const pool = judges(1)
  const called: Result[] = []
  try {
    const run = { ...options, targets: [target], jobs: 10 }
    const results = await conform(run, pool.validate, result => called.push(result))
    expect(most()).toBe(10)
    expect(results.map(({ seed }) => seed)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    expect(results.map(({ verdict }) => verdict)).toEqual(results.map(() => 'conforms'))
    expect(called).toHaveLength(12)
  } finally {
    await pool.close()
  }
})

test('endpoints that there are once have one case at a time, while others are not kept waiting', {
  timeout: 60_000,
}, async () => {
  const one = counted(reference, { alone: true, name: 'one' })
  const other = counted(reference, { name: 'other' })
  await conform({ ...options, repeat: 3, targets: [one.target, other.target], jobs: 4 }, validate)
  expect(one.most()).toBe(1)
  expect(other.most()).toBeGreaterThan(1)
})

test('while transcripts are judged, pairs are driven on', { timeout: 60_000 }, async () => {
  let judging = 0
  let driven = 0
  const target: Target = { ...reference, open: setting => reference.open(setting).finally(() => driven++) }
  const slow: typeof validate = (...given) => {
    judging++
    return validate(...given)
  }
  const late = async (...given: Parameters<typeof validate>) => {
    // Only when all of them have been driven is the first judged.
    while (driven < 3) await sleep(5)
    return slow(...given)
  }
  const results = await conform({ ...options, repeat: 3, targets: [target], jobs: 1 }, late)
  expect([results.length, judging]).toEqual([3, 3])
})

test('a mistake of ours in one of them ends the run, and the others come to their end', async () => {
  const { target } = counted(reference)
  const wrong: Target = {
    ...target,
    open: setting => (setting.seed === 3 ? Promise.reject(new RangeError('wrong')) : target.open(setting)),
  }
  await expect(conform({ ...options, targets: [wrong], jobs: 4 }, validate)).rejects.toThrow('wrong')
})

test('a case for other releases is skipped, with the reason', async () => {
  const of = { ...first, since: '9.1', until: '10.2' } as Case
  const releases = ['7.2', '9.1', '10.0', '10.2', '11.1', '9.0.4', '10.2.2']
  expect(releases.map(release => untimely(of, release) === undefined)).toEqual([
    ...[false, true, true, true, false, false, true],
  ])
  const [result] = await conform({ ...options, repeat: 1, cases: [of], targets: [reference] }, validate)
  expect(result).toMatchObject({
    verdict: 'skipped',
    expected: true,
    message: 'it is for QEMU 9.1 to 10.2, and this is 11.1',
  })
})
