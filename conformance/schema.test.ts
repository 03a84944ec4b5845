/** The check against a schema, on a toy of one: that it finds nothing where nothing is wrong, and each thing that can be. */
import { describe, expect, test } from 'vitest'
import { flatten } from '../impl/flatten.ts'
import { reach } from '../impl/reach.ts'
import { absent, command, event, fails, machine, not, returns, type System, system } from '../spec/lang.ts'
import type { Enumeration } from '../spec/qapi.ts'
import type { Json } from './json.ts'
import { Schema, schemaProblems, valuesAt } from './schema.ts'

const member = (name: string, type: string) => ({ name, type })
const entries: Json[] = [
  { name: 'door-open', 'meta-type': 'command', 'arg-type': '1', 'ret-type': '2' },
  { name: 'query-door', 'meta-type': 'command', 'arg-type': '9', 'ret-type': '2' },
  { name: 'DOOR', 'meta-type': 'event', 'arg-type': '2' },
  { name: '1', 'meta-type': 'object', members: [member('keys', '4')], variants: [{ case: 'x', type: '5' }] },
  { name: '2', 'meta-type': 'object', members: [member('status', '3'), member('all', '6')] },
  { name: '3', 'meta-type': 'enum', members: [], values: ['shut', 'open', 'ajar'] },
  { name: '4', 'meta-type': 'array', 'element-type': '5' },
  { name: '5', 'meta-type': 'object', members: [member('name', 'str'), member('way', '7')] },
  { name: '6', 'meta-type': 'array', 'element-type': '3' },
  { name: '7', 'meta-type': 'alternate', members: [{ type: '3' }, { type: '5' }] },
  { name: '9', 'meta-type': 'object', members: [] },
]
const schema = new Schema(entries)
const status: Enumeration = {
  name: 'DoorStatus',
  values: [{ name: 'shut' }, { name: 'open' }, { name: 'ajar', since: '2.0' }],
  found: [
    { event: 'DOOR', members: ['status'] },
    { command: 'query-door', members: ['all'] },
  ],
}

type R = Parameters<typeof machine>[2][string][number]
const rule = (parts: Partial<R>): R => ({ name: 'r', cite: 'd.c:f', does: {}, ...parts })
function problems(rules: readonly R[], enumeration: Enumeration = status, version = '2.0'): string[] {
  const queries = [
    {
      command: 'query-door',
      cite: 'd.c:q',
      where: {},
      tables: [[[{ at: 'lost' }, { gone: 1 }] as const, [{}, {}] as const]],
    },
  ]
  const made = system('s', {
    about: '',
    sides: { a: [machine('m', { at: ['here', 'lost'] }, { t: rules as never }, queries as never)] },
  })
  return schemaProblems(schema, [enumeration], reach(flatten(made as System, version)))
}

describe('a schema', () => {
  test.each<[string, Partial<R>]>([
    [
      'what a command takes',
      { on: command('door-open', { keys: [{ name: 'x' }] }), says: [returns({ status: 'open' })] },
    ],
    ['a member of a variant', { on: command('door-open', { name: 'x' }), says: [returns()] }],
    ['what must not be', { on: command('door-open', { bolt: absent, lock: not(1) }), says: [returns()] }],
    ['a call that is refused', { on: command('door-open', { bolt: 1 }), says: [fails('No bolt')] }],
    ['an event', { says: [event('DOOR', { status: 'ajar', all: ['shut'] })] }],
    ['a command of some builds', { on: command('door-lock'), says: [fails('No lock', 'CommandNotFound')] }],
    ['a rule that no state leads to', { does: { at: 'lost' }, says: [event('BELL')] }],
  ])('has %s', (_, parts) => {
    expect(problems([rule(parts)])).toEqual([])
  })

  test.each<[string, Partial<R>]>([
    ['there is no command door-lock', { on: command('door-lock'), says: [returns()] }],
    ['there is no event BELL', { says: [event('BELL')] }],
    ['DOOR has no member "state"', { says: [event('DOOR', { state: 'open' })] }],
    ['DOOR.status cannot be "stuck"', { says: [event('DOOR', { status: 'stuck' })] }],
    ['DOOR.all cannot be "stuck"', { says: [event('DOOR', { all: ['stuck'] })] }],
    ['door-open has no member "bolt"', { on: command('door-open', { bolt: 1 }), says: [returns()] }],
    ['door-open.keys has no member "bolt"', { on: command('door-open', { keys: [{ bolt: 1 }] }), says: [returns()] }],
    ['what door-open returns has no member "key"', { on: command('door-open'), says: [returns({ key: 1 })] }],
    ['what query-door returns has no member "gone"', { does: { at: '-> lost' } }],
  ])('lets nobody say that %s', (problem, parts) => {
    expect(problems([rule(parts)])).toEqual([problem])
  })

  test('has the values of an enumeration, release by release', () => {
    expect(valuesAt(schema, { event: 'DOOR', members: ['status'] })).toEqual(['shut', 'open', 'ajar'])
    expect(problems([], status, '1.9')).toEqual(['DoorStatus: the spec does not know "ajar"'])
    expect(problems([], { ...status, values: [...status.values, { name: 'stuck' }] })).toEqual([
      'DoorStatus: the binary does not know "stuck"',
    ])
    expect(problems([], { ...status, found: [{ event: 'BELL', members: ['x'] }] })).toEqual([
      "BELL's x is no enumeration, where DoorStatus should be",
    ])
  })

  test.each<Json>([{}, [1], [{ name: 1 }]])('is not %j', odd => {
    expect(() => new Schema(odd)).toThrow('query-qmp-schema returned')
  })
})
