/** Which commands set off what others set off; and answers that are held back. */
import { expect, test } from 'vitest'
import { command, event, fails, type Json, machine, not, returns, type System, system } from '../spec/lang.ts'
import { covers, implies, kindsOf, Letters } from './apart-letters.ts'
import { told } from './apart-proof.ts'
import { editedWhere } from './edit.ts'
import { explore } from './explore.ts'
import { flatten } from './flatten.ts'
import { matches } from './match.ts'
import { pack } from './pack.ts'

const some = [
  {},
  { state: 'a' },
  { state: { $not: 'a' } },
  { state: { $oneOf: ['a', 'b'] } },
  { state: { $present: 'a' } },
  { state: { $absent: true } },
  { state: { $like: '^a' } },
  { state: { $unlike: '^a' } },
  { state: ['a'] },
  { state: ['a', 'b'] },
  { state: 'a', other: 1 },
] as const
const values = [
  {},
  ...['a', 'b', 'ab', 'c', 1, true, ['a'], ['b', 'a']].flatMap(state => [{ state }, { state, other: 1 }]),
]

test('what one match implies of another holds of all that fits it', () => {
  const wrong = some.flatMap(one =>
    some
      .filter(other => implies(one, other))
      .flatMap(other => values.filter(value => matches(one, value) && !matches(other, value)))
      .map(value => JSON.stringify([one, value])),
  )
  expect(wrong).toEqual([])
  expect(some.filter(one => implies(one, {})).length).toBe(some.length)
  expect(implies({ state: ['a', 'b'] }, { state: ['a'] })).toBe(true)
  expect(implies({ state: 'b' }, { state: { $not: 'a' } })).toBe(true)
})

test('a rule without arguments is set off by all that another is set off by, and no other way round', () => {
  const cause = (args: object) => ({ side: 'src', kind: 'command', name: 'go', arguments: args }) as never
  expect(covers(cause({}), cause({ state: 'a' }))).toBe(true)
  expect(covers(cause({ state: 'a' }), cause({}))).toBe(false)
})

test('the kinds of a command are all that matches tell apart', () => {
  const told = some.slice(0, 6)
  const kinds = kindsOf(told) ?? []
  const mark = (value: unknown) => told.map(match => matches(match, value as Json)).join()
  for (const value of values.filter(one => !('other' in one))) expect(kinds.map(mark)).toContain(mark(value))
  expect(kindsOf(some)).toBe(undefined)
  const all = told.map(args => ({ side: 's', kind: 'command', name: 'go', arguments: args }) as never)
  expect(new Letters(all).kindsOf(all[2] as never).length).toBeGreaterThan(1)
})

/** A monitor that is busy for a while; what it is told to do then is done when it is free, and said then. */
const busy = (asked: string) =>
  system('busy', {
    about: 'A monitor.',
    sides: {
      src: [
        machine(
          'monitor',
          { loop: ['free', 'busy'], at: ['a', 'b'] },
          {
            monitor: [
              {
                name: 'ask',
                cite: 'a.c:a',
                on: command('ask', {}),
                where: { loop: 'free' },
                does: {},
                says: [returns()],
              },
              {
                name: 'refuse',
                cite: 'a.c:a',
                on: command('go', { state: not('b') }),
                where: { loop: 'free', at: 'b' },
                does: {},
                says: [fails('not now')],
              },
              {
                name: 'go',
                cite: 'a.c:a',
                on: command('go', { state: asked }),
                where: { loop: 'free', at: 'a' },
                does: {},
                says: [fails('not now')],
              },
              {
                name: 'be busy',
                cite: 'a.c:a',
                on: command('wait', {}),
                does: { loop: 'free -> busy' },
                says: [returns()],
              },
            ],
            loop: [
              { name: 'be free', cite: 'a.c:a', does: { loop: 'busy -> free', at: '-> b' }, says: [event('FREE')] },
            ],
          },
          [],
          { loop: 'free' },
        ),
      ],
    },
  }) as unknown as System

const bounds = () => ({ states: 500, places: 300, left: { work: 1_000_000 } })
const edits = [{ change: 'go', to: { where: { loop: undefined } } }] as const

test('what is done while the monitor is busy is answered when it is free, and may have been done then', () => {
  for (const [asked, came] of [
    ['a', 'alike'],
    ['b', 'a way'],
  ] as const) {
    const flat = flatten(busy(asked), '11.1')
    const other = flatten(editedWhere(busy(asked), edits) as System, '11.1')
    const found = told(explore(pack(flat)), pack(other), [], bounds())
    expect(typeof found === 'string' ? found : 'a way', asked).toBe(came)
    // Whoever says at once what is held back is known by it.
    const free = { ...flat, answered: [[]] }
    const freely = { ...other, answered: [[]] }
    expect(told(explore(pack(free)), pack(freely), [], bounds())).not.toBe('alike')
  }
})
