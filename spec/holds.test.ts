import { describe, expect, test } from 'vitest'
import { compareVersions } from '../impl/flat.ts'
import { destination } from './destination.ts'
import { fleeting, stands, within } from './holds.ts'
import { enumerations } from './qapi.ts'
import { source } from './source.ts'
import { versions } from './versions.ts'

const of = { src: source.variables.migration, dst: destination.variables.incoming } as const
const values = enumerations.find(({ name }) => name === 'MigrationStatus')?.values ?? []

describe.each(versions)('of %s', version => {
  test.each(['src', 'dst'] as const)('each status of %s is held or known not to be, and once', side => {
    const there = (status: string) => {
      const value = values.find(({ name }) => name === status)
      return value !== undefined && (value.since === undefined || compareVersions(value.since, version) <= 0)
    }
    const told = [...stands, ...fleeting].filter(({ at, ...one }) => at === side && within(one, version))
    expect(told.map(({ status }) => status).sort()).toEqual(of[side].filter(there).sort())
  })
})

test('a span is what it says', () => {
  expect(versions.map(version => within({ since: '9.1' }, version))).toEqual([false, true, true, true])
  expect(versions.map(version => within({ until: '10.0' }, version))).toEqual([true, true, false, false])
  expect(versions.map(version => within({}, version))).toEqual([true, true, true, true])
})

test('what is said is in sentences', () => {
  for (const { by } of stands) expect(by).toMatch(/^[A-Z].*\.$/)
  for (const { reason } of fleeting) expect(reason).toMatch(/^[A-Z].*\.$/)
})
