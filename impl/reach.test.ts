import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scan } from '../diagrams/scan.ts'
import { machine, type System, system } from '../spec/lang.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import { explore, LimitError } from './explore.ts'
import { flatten } from './flatten.ts'
import { pack } from './pack.ts'
import { reach, startsOf, valueNames } from './reach.ts'

describe('what can be reached', () => {
  test('is never less than what an exploration finds', () => {
    fc.assert(
      fc.property(randomSystem, drawn => {
        const flat = flatten(drawn, RANDOM_VERSION)
        const graph = explored(() => explore(pack(flat), { limit: 2000 }))
        const names = flat.variables.map(({ name }) => name).filter(name => !name.includes('>'))
        const seen = scan(graph, names)
        const found = reach(flat)
        const taken = flat.rows.filter(row => graph.taken[row.id] !== 0)
        expect(taken.filter(row => !found.taken(row)).map(row => row.rule.id)).toEqual([])
        for (const name of names) {
          const variable = flat.index.get(name) ?? -1
          const missed = (real: number, ours: number): string[] => valueNames(flat, variable, real & ~ours)
          expect([name, missed(seen.reached(variable), found.values(variable))]).toEqual([name, []])
          for (const row of flat.rows) {
            const lost = missed(seen.before(row.id, variable), found.before(row, variable))
            expect([row.rule.id, name, lost]).toEqual([row.rule.id, name, []])
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  /** Two variables that move together, and one that only a third value lets go. */
  const made = system('made', {
    about: '',
    sides: {
      s: [
        machine(
          'm',
          { at: ['a', 'b', 'c'], with: ['x', 'y'], never: ['no', 'yes'], given: ['one', 'two', 'three'] },
          {
            thread: [
              { name: 'go on', cite: 'm.c:f', does: { at: 'a -> b', with: 'x -> y' } },
              { name: 'go back', cite: 'm.c:f', does: { at: 'b -> a', with: 'y -> x' } },
              { name: 'part', cite: 'm.c:f', does: { at: 'b', with: 'x', never: '-> yes' } },
              { name: 'store', cite: 'm.c:f', does: { at: '-> a' } },
              { name: 'use', cite: 'm.c:f', where: { given: 'two' }, does: { at: '-> c' } },
            ],
          },
        ),
      ],
    },
  }) as System
  const flat = flatten(made, '9.0')
  const names = (name: string, bits: number) => valueNames(flat, flat.index.get(name) ?? -1, bits)
  const rowOf = (name: string) => flat.rows.find(({ rule }) => rule.rule.name === name) as (typeof flat.rows)[number]
  const number = (name: string) => flat.index.get(name) ?? -1

  test('knows which values go together', () => {
    const found = reach(flat)
    expect(names('s.at', found.values(number('s.at')))).toEqual(['a', 'b'])
    // After the store, with may be y while at is a; but never x while at is b.
    expect(names('s.never', found.values(number('s.never')))).toEqual(['no'])
    expect(found.before(rowOf('part'), number('s.at'))).toBe(0)
    expect(names('s.with', found.before(rowOf('go on'), number('s.with')))).toEqual(['x'])
    const b = { variable: number('s.at'), from: 2, to: -1 }
    expect(names('s.with', found.where([b], number('s.with')))).toEqual(['y'])
  })

  test('includes what is given elsewhere, and never moved', () => {
    const more = startsOf(flat, [{ 's.given': ['two'], 's.other': 'z' }, { 's.never': 'yes' }])
    expect([...more]).toEqual([['s.given', 2]])
    const found = reach(flat, more)
    expect(names('s.given', found.values(number('s.given')))).toEqual(['one', 'two'])
    expect(names('s.at', found.values(number('s.at')))).toEqual(['a', 'b', 'c'])
    expect(names('s.never', found.values(number('s.never')))).toEqual(['no'])
  })
})

function explored<T>(explore_: () => T): T {
  try {
    return explore_()
  } catch (error) {
    // A large one shows no more than a small one.
    if (error instanceof LimitError) fc.pre(false)
    throw error
  }
}
