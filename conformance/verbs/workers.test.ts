import { describe, expect, test } from 'vitest'
import { machine, type System, system } from '../../spec/lang.ts'
import { versions } from '../../spec/versions.ts'
import { allClaims, allSystems } from './ids.ts'
import { type Found, type Unit, unitsOf } from './unit.ts'
import { findAll } from './workers.ts'

const small = allSystems.filter(({ name }) => name === 'background snapshot')
const units = unitsOf(
  small,
  versions,
  allClaims.map(({ id }) => id),
)
/** All but how long it took. */
const timeless = ({ seconds: _, ...found }: Found) => found

async function all(some: readonly Unit[], threads: number): Promise<{ found: unknown[]; begun: readonly Unit[] }> {
  const begun: Unit[] = []
  const { found, stop } = findAll(some, unit => begun.push(unit), { threads })
  try {
    return { found: (await Promise.all(found)).map(timeless), begun }
  } finally {
    await stop()
  }
}

describe('units on threads', { timeout: 60_000 }, () => {
  test('find what one thread finds, and begin in order', async () => {
    const alone = await all(units, 1)
    const together = await all(units, 2)
    expect(together.found).toEqual(alone.found)
    expect(together.begun).toEqual(units)
    expect(alone.begun).toEqual(units)
    expect(alone.found.length).toBeGreaterThan(1)
  })

  test.each([1, 2])('tell of a failure, on %i', async threads => {
    const odd = [{ system: 'nonsense', versions: ['1.0'], claims: [] }, ...units]
    await expect(all(odd, threads)).rejects.toThrow('there is no system "nonsense" to explore')
  })

  test.each([1, 2])('end when they are stopped, on %i', async threads => {
    const { found, stop } = findAll([...units, ...units, ...units], () => {}, { threads })
    await stop()
    const ends = await Promise.allSettled(found)
    expect(ends.at(-1)).toMatchObject({ status: 'rejected', reason: { message: 'it was stopped before it was done' } })
  })
})

describe('a search that is cut off', { timeout: 60_000 }, () => {
  test.each([1, 2])('proves nothing, and says how to go on, on %i', async threads => {
    const { found, stop } = findAll(units, () => {}, { threads, limit: 500 })
    const [first] = await Promise.allSettled(found)
    await stop()
    const { reason } = first as PromiseRejectedResult
    expect(reason.name).toBe('LimitError')
    expect(reason.message).toMatch(/^more than 500 states of background snapshot: cut off at 500 states and /)
    expect(reason.message).toContain('This proves nothing.')
    // Which release's thread comes first is not said.
    expect(reason.message).toMatch(/lockstep export "background snapshot" --version [\d.]+ --to tla/)
  })
})

describe('units', () => {
  const made = (since: string) =>
    system(`of ${since}`, {
      about: '',
      sides: {
        s: [machine('m', { v: ['a', 'b'] }, { t: [{ name: 'go', cite: 'f.c:f', does: { v: 'a -> b' }, since }] })],
      },
    }) as System

  test('are one where releases have the same rules', () => {
    expect(unitsOf([made('9.0'), made('10.0')], ['8.0', '9.0', '10.0'], [])).toEqual([
      { system: 'of 9.0', versions: ['8.0'], claims: [] },
      { system: 'of 9.0', versions: ['9.0', '10.0'], claims: [] },
      { system: 'of 10.0', versions: ['8.0', '9.0'], claims: [] },
      { system: 'of 10.0', versions: ['10.0'], claims: [] },
    ])
  })

  test('have the claims about their system', () => {
    const claim = allClaims.find(one => one.system === 'COLO pair')
    const chosen = allSystems.filter(one => one.name === 'COLO pair' || one.name === 'precopy')
    const found = unitsOf(chosen, ['11.1'], [claim?.id ?? ''])
    expect(found.map(unit => unit.claims)).toEqual(found.map(unit => (unit.system === 'COLO pair' ? [claim?.id] : [])))
  })

  test('leaves what a reduced search can judge, and says what it cannot', async () => {
    const last = units.slice(-1)
    const [whole] = await Promise.all(findAll(last, () => {}, { threads: 1 }).found)
    const [cut] = await Promise.all(findAll(last, () => {}, { threads: 1, limit: 540, reduce: true }).found)
    const verdicts = (found: Found | undefined) => found?.claims.map(({ id, holds }) => ({ id, holds })) ?? []
    // One of them needs 547 states even so.
    expect(cut?.unjudged?.length).toBeGreaterThan(0)
    expect(verdicts(cut).length).toBeGreaterThan(2)
    expect(verdicts(whole)).toEqual(expect.arrayContaining(verdicts(cut)))
    expect(cut?.size.states).toBe(540)
  })
})
