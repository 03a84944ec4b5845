import { describe, expect, test } from 'vitest'
import { cases } from './cases.ts'
import { claims } from './claims.ts'
import { deviations } from './deviations.ts'
import { versions } from './versions.ts'

const literally = (text: string) => text.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')

/** Whether a pattern is the id of some case. */
const meant = (pattern: string) =>
  cases.some(({ id }) => new RegExp(`^${pattern.split('*').map(literally).join('.*')}$`).test(id))

describe('known deviations', () => {
  test('have ids of their own', () => {
    const ids = deviations.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/)
  })

  test.each(deviations)('$id: is of cases that there are', ({ cases: patterns }) => {
    for (const pattern of patterns) expect([pattern, meant(pattern)]).toEqual([pattern, true])
  })

  test.each(deviations)('$id: breaks a claim that is broken in just these releases', ({ claim, versions: own }) => {
    const broken = claims.filter(({ name }) => name === claim).flatMap(one => Object.keys(one.broken))
    expect(broken).toEqual(expect.arrayContaining([...own]))
    expect(versions).toEqual(expect.arrayContaining([...own]))
    // A release where the claim is broken too, and of which nothing is said, has been forgotten.
    expect(broken.filter(version => !own.includes(version))).toEqual([])
  })
})
