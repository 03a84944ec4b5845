/** QAPI's enumerations against the rules: what variables can hold, and what they come to hold, release by release. */
import { describe, expect, test } from 'vitest'
import { isIn } from '../impl/flat.ts'
import { flatten } from '../impl/flatten.ts'
import { reach, startsOf, valueNames } from '../impl/reach.ts'
import type { System } from './lang.ts'
import { enumerations, held } from './qapi.ts'
import { capabilities } from './run-state.ts'
import { systems } from './systems.ts'
import { versions } from './versions.ts'

const all = systems as unknown as readonly System[]
const whole = all.find(system => system.name === 'pair') as System
const valuesOf = (name: string, version?: string): string[] =>
  (enumerations.find(one => one.name === name)?.values ?? [])
    .filter(value => version === undefined || isIn(version, value))
    .map(value => value.name)

test('no enumeration has a value twice', () => {
  for (const { name, values } of enumerations)
    expect([name, new Set(values.map(one => one.name)).size]).toEqual([name, values.length])
})

test('the capabilities that the rules speak of are capabilities', () => {
  expect(capabilities.filter(name => !valuesOf('MigrationCapability').includes(name))).toEqual([])
})

test('a variable holds values of its enumeration', () => {
  const { variables } = flatten(whole, versions.at(-1) ?? '')
  for (const [name, { enum: of }] of Object.entries(held)) {
    const values = variables.find(one => one.name === `src.${name}`)?.values
    expect([name, values?.filter(value => !valuesOf(of).includes(value))]).toEqual([name, []])
  }
})

describe.each([...versions])('under QEMU %s', version => {
  const flat = flatten(whole, version)
  const found = reach(
    flat,
    startsOf(
      flat,
      all.filter(system => system.explored).map(system => system.start),
    ),
  )
  const reached = (name: string): string[] => {
    const number = flat.index.get(name)
    return number === undefined ? [] : valueNames(flat, number, found.values(number))
  }

  test.each(Object.entries(held))('%s comes to no value that this release has not', (name, { enum: of }) => {
    for (const side of flat.sides) {
      expect(reached(`${side}.${name}`).filter(value => !valuesOf(of, version).includes(value))).toEqual([])
    }
  })

  test.each([...new Set(Object.values(held).map(one => one.enum))])('every value of %s is come to', of => {
    const names = Object.keys(held).filter(name => held[name]?.enum === of)
    const somewhere = new Set(names.flatMap(name => flat.sides.flatMap(side => reached(`${side}.${name}`))))
    expect(valuesOf(of, version).filter(value => !somewhere.has(value))).toEqual([])
  })
})
