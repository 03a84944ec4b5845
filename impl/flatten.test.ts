/** Sides, wires and choices, to rows that have none left. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  command,
  event,
  exits,
  fails,
  hangup,
  machine,
  type Rule,
  receives,
  returns,
  type System,
  sends,
  setting,
  system,
  type Variables,
  wire,
} from '../spec/lang.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import { compareVersions, type Flat, isIn, slug } from './flat.ts'
import { flatten } from './flatten.ts'
import { printBits, SpecError } from './move.ts'

/** Rows as text: what they test, what it becomes, what is shown. */
const print = (flat: Flat): string[] =>
  flat.rows.map(({ cells, outputs, cause }) => {
    const tests = cells.flatMap(({ variable, from, to }) => {
      const { name, values } = flat.variables[variable] ?? { name: '?', values: [] }
      if (name.endsWith('.process') && from === 1 && to < 0) return []
      return [`${name}: ${printBits(from, values)}${to < 0 ? '' : ` -> ${values[to]}`}`]
    })
    const set = cause !== undefined && 'options' in cause ? ` set ${JSON.stringify(cause.options?.set)}` : ''
    const shown = outputs.map(o => (o.kind === 'sends' ? `sends ${o.message}${o.lost ? ', lost' : ''}` : o.kind))
    return [tests.join(' & ') + set, ...shown].join(' => ')
  })

const abc = { x: ['a', 'b', 'c'], y: ['p', 'q', 'r'] } as const satisfies Variables
const rule = (rest: Partial<Rule<typeof abc>>, name = 'go'): Rule<typeof abc> => ({
  name,
  cite: 'f.c:f',
  does: {},
  ...rest,
})
const one = (...rules: Rule<typeof abc>[]) =>
  system('one', { about: '', sides: { s: [machine('m', abc, { thread: rules })] } })

const flat = (of: System, version = '9.0') => flatten(of, version)

describe('a rule', () => {
  test.each<[string, Partial<Rule<typeof abc>>, string[]]>([
    ['names only what it touches', { does: { y: 'p -> q' } }, ['s.y: p -> q']],
    ['is a row for each way a compare-and-swap goes', { does: { x: 'a ~> b' } }, ['s.x: a -> b', 's.x: !a']],
    [
      'is a row for each of several ways together',
      { does: { x: 'a ~> b', y: 'p ~> q' } },
      ['s.x: a -> b & s.y: p -> q', 's.x: a -> b & s.y: !p', 's.x: !a & s.y: p -> q', 's.x: !a & s.y: !p'],
    ],
    ['tests more than it moves', { where: { x: '!b' }, does: { x: '-> b' } }, ['s.x: !b -> b']],
    ['drops the way that its condition rules out', { where: { x: 'a' }, does: { x: 'a ~> b' } }, ['s.x: a -> b']],
    ['that ends the process moves it', { says: [exits(0)] }, ['s.process: alive -> gone => exits']],
    [
      'with a conditional event is a row with it and rows without',
      { does: { x: 'a -> b' }, says: [event('E', {}, { y: ['p', 'q'] })] },
      ['s.x: a -> b & s.y: !r => event', 's.x: a -> b & s.y: r'],
    ],
    [
      'with a condition on two is silent wherever either fails, once each',
      { says: [event('E', {}, { x: 'a', y: 'p' })] },
      ['s.x: a & s.y: p => event', 's.x: !a', 's.x: a & s.y: !p'],
    ],
    [
      'reads the condition before the step',
      { does: { x: 'a -> b' }, says: [event('E', {}, { x: 'b' })] },
      ['s.x: a -> b'],
    ],
    [
      'with two conditional events takes each combination that can be',
      { says: [event('E', {}, { x: 'a' }), event('F', {}, { x: ['a', 'b'] })] },
      ['s.x: a => event => event', 's.x: b => event', 's.x: c'],
    ],
  ])('%s', (_, rest, rows) => {
    expect(print(flat(one(rule(rest))))).toEqual(rows)
  })

  test('is owed unless it is a command, or may be left undone', () => {
    const made = flat(
      one(rule({}, 'by itself'), rule({ may: true }, 'at leisure'), rule({ on: command('c') }, 'when told')),
    )
    expect(made.rows.map(row => [row.rule.id, row.owed])).toEqual([
      ['s/by-itself', true],
      ['s/at-leisure', false],
      ['s/when-told', false],
    ])
  })

  test('belongs to its side, machine and actor', () => {
    const [first] = flat(one(rule({ says: [event('E', { n: 1 })] }))).rows
    expect(first?.rule).toMatchObject({ id: 's/go', side: 's', actor: 's: thread', machine: 'm' })
    expect(first?.outputs).toEqual([{ side: 's', kind: 'event', name: 'E', data: { n: 1 } }])
  })

  test('of an ended process is not taken', () => {
    const { rows, index } = flat(one(rule({})))
    expect(rows[0]?.cells).toEqual([{ variable: index.get('s.process'), from: 1, to: -1 }])
  })
})

describe('versions', () => {
  test('are compared as numbers', () => {
    expect(['10.0', '9.2', '2.12', '9.10'].sort(compareVersions)).toEqual(['2.12', '9.2', '9.10', '10.0'])
  })

  test.each([
    ['9.0', { since: '9.0' }, true],
    ['8.2', { since: '9.0' }, false],
    ['9.0', { until: '9.0' }, true],
    ['10.0', { until: '9.2' }, false],
    ['9.1', { since: '9.0', until: '10.0' }, true],
  ])('%s in %j: %s', (version, bounds, is) => {
    expect(isIn(version, bounds)).toBe(is)
  })

  test('filter rules and queries', () => {
    const query = { command: 'q', cite: 'f.c:f', where: {}, tables: [], since: '9.1' }
    const rules = [rule({ since: '9.1' }, 'new'), rule({ until: '9.0' }, 'old'), rule({}, 'always')]
    const made = system('one', { about: '', sides: { s: [machine('m', abc, { thread: rules }, [query])] } })
    const names = (version: string) => flatten(made, version).rules.map(r => r.rule.name)
    expect(names('9.0')).toEqual(['old', 'always'])
    expect(names('10.0')).toEqual(['new', 'always'])
    expect(flatten(made, '9.0').queries).toEqual([])
    expect(flatten(made, '9.1').queries).toHaveLength(1)
  })

  test('let two rules of one name take turns', () => {
    const made = one(rule({ until: '9.0', does: { x: 'a' } }), rule({ since: '9.1', does: { x: 'b' } }))
    expect(print(flatten(made, '9.0'))).toEqual(['s.x: a'])
    expect(print(flatten(made, '9.1'))).toEqual(['s.x: b'])
  })
})

describe('a wire', () => {
  type V = { readonly x: readonly ['a'] }
  const end = (name: string, ...rules: Rule<V>[]) => [machine(name, { x: ['a'] } as V, { thread: rules })]
  const does = {}
  const cite = 'f.c:f'
  const pair = (capacity: number, says: Rule['says'], on: Rule['on'], link?: { variable: string; up: string }) =>
    flat(
      system('pair', {
        about: '',
        shared: { net: ['up', 'slow', 'down'] },
        sides: {
          s: end('sender', { name: 'send', cite, does, ...(says ? { says } : {}) }),
          r: end('receiver', { name: 'take', cite, does, ...(on ? { on } : {}) }),
        },
        wires: [wire('s', 'r', capacity, link)],
      }) as System,
    )

  test('is slots that hold what its sender may say', () => {
    expect(pair(2, [sends('A')], undefined).variables.filter(v => v.name.includes('>'))).toEqual([
      { name: 's>r.0', values: ['empty', 'A'], start: 1 },
      { name: 's>r.1', values: ['empty', 'A'], start: 1 },
    ])
  })

  test.each<[string, Flat, string[]]>([
    [
      'takes a message at its first free place, and none when full',
      pair(2, [sends('A')], receives('A')),
      [
        's>r.0: empty -> A => sends A',
        's>r.0: A & s>r.1: empty -> A => sends A',
        's>r.0: A -> empty & s>r.1: empty -> empty',
        's>r.0: A -> A & s>r.1: A -> empty',
      ],
    ],
    [
      'loses what is sent while its link is not up',
      pair(1, [sends('A')], undefined, { variable: 'net', up: 'up' }),
      ['net: up & s>r.0: empty -> A => sends A', 'net: !up => sends A, lost', 'anything'],
    ],
    [
      'takes two messages of one step one behind the other',
      pair(3, [sends('A'), sends('B')], undefined),
      [
        's>r.0: empty -> A & s>r.1: empty -> B => sends A => sends B',
        's>r.0: !empty & s>r.1: empty -> A & s>r.2: empty -> B => sends A => sends B',
        'anything',
      ],
    ],
    [
      'has no room for two messages where there is one place',
      pair(1, [sends('A'), sends('B')], undefined),
      ['anything'],
    ],
    [
      'is given up where it is empty and its link is not up',
      pair(1, [sends('A')], hangup, { variable: 'net', up: 'up' }),
      ['net: up & s>r.0: empty -> A => sends A', 'net: !up => sends A, lost', 'net: !up & s>r.0: empty'],
    ],
    ['is never given up without a link', pair(1, [], hangup), ['anything']],
    ['gives nothing that nobody sends', pair(1, [sends('A')], receives('B')), ['s>r.0: empty -> A => sends A']],
  ])('%s', (_, made, rows) => {
    expect(print(made).map(text => text || 'anything')).toEqual(rows)
  })

  test('moves up whatever stands behind', () => {
    const rows = print(pair(3, [sends('A'), sends('B')], receives('A'))).filter(text => text.startsWith('s>r.0: A ->'))
    expect(rows).toEqual([
      's>r.0: A -> empty & s>r.1: empty -> empty & s>r.2: empty -> empty',
      's>r.0: A -> A & s>r.1: A -> empty & s>r.2: empty -> empty',
      's>r.0: A -> A & s>r.1: A -> A & s>r.2: A -> empty',
      's>r.0: A -> A & s>r.1: A -> B & s>r.2: B -> empty',
      's>r.0: A -> B & s>r.1: B -> empty & s>r.2: empty -> empty',
      's>r.0: A -> B & s>r.1: B -> A & s>r.2: A -> empty',
      's>r.0: A -> B & s>r.1: B -> B & s>r.2: B -> empty',
    ])
  })
})

describe('options', () => {
  const caps = { fast: ['off', 'on'], safe: ['off', 'on'], x: ['a', 'b'] } as const satisfies Variables
  const options = { list: 'l', key: 'k', value: 'v', values: ['off', 'on'], names: ['fast', 'safe'] } as const
  const set = (rest: Partial<Rule<typeof caps>>) =>
    print(
      flat(
        system('one', {
          about: '',
          sides: {
            s: [
              machine('m', caps, {
                monitor: [{ name: 'set', cite: 'f.c:f', on: setting('set', options), does: {}, ...rest }],
              }),
            ],
          },
        }),
      ),
    )

  test('are set or left alone, each', () => {
    expect(set({ says: [returns()] })).toMatchInlineSnapshot(`
      [
        "s.fast: anything & s.safe: anything set {} => returns",
        "s.fast: anything & s.safe: anything -> off set {"safe":"off"} => returns",
        "s.fast: anything & s.safe: anything -> on set {"safe":"on"} => returns",
        "s.fast: anything -> off & s.safe: anything set {"fast":"off"} => returns",
        "s.fast: anything -> off & s.safe: anything -> off set {"fast":"off","safe":"off"} => returns",
        "s.fast: anything -> off & s.safe: anything -> on set {"fast":"off","safe":"on"} => returns",
        "s.fast: anything -> on & s.safe: anything set {"fast":"on"} => returns",
        "s.fast: anything -> on & s.safe: anything -> off set {"fast":"on","safe":"off"} => returns",
        "s.fast: anything -> on & s.safe: anything -> on set {"fast":"on","safe":"on"} => returns",
      ]
    `)
  })

  test('are judged by what they would be', () => {
    expect(set({ would: { fast: 'on', safe: 'off' }, says: [returns()] })).toEqual([
      's.fast: on & s.safe: off set {} => returns',
      's.fast: on & s.safe: anything -> off set {"safe":"off"} => returns',
      's.fast: anything -> on & s.safe: off set {"fast":"on"} => returns',
      's.fast: anything -> on & s.safe: anything -> off set {"fast":"on","safe":"off"} => returns',
    ])
  })

  test('are left as they were by a command that fails', () => {
    expect(set({ would: { fast: 'on', safe: 'on' }, says: [fails('no')] })).toEqual([
      's.fast: on & s.safe: on set {} => fails',
      's.fast: on & s.safe: anything set {"safe":"on"} => fails',
      's.fast: anything & s.safe: on set {"fast":"on"} => fails',
      's.fast: anything & s.safe: anything set {"fast":"on","safe":"on"} => fails',
    ])
  })
})

describe('a system', () => {
  const m = (...rules: Rule<typeof abc>[]) => machine('m', abc, { thread: rules })

  test('has one variable where machines of a side share a name, or a side shares one with the whole', () => {
    const made = flat(
      system('two', {
        about: '',
        shared: { y: ['p', 'q', 'r'] },
        sides: { s: [m(), machine('n', { x: ['a', 'b', 'c'], z: ['k'] }, {})], t: [m()] },
      }),
    )
    expect(made.variables.map(v => v.name)).toEqual(['y', 's.x', 's.z', 's.process', 't.x', 't.process'])
  })

  test('starts at first values, or where it says', () => {
    const start = { 's.x': '!a', 's.y': ['p', 'r'] } as const
    const made = flat(system('one', { about: '', sides: { s: [m()] }, start }))
    expect(made.variables.map(v => [v.name, v.start])).toEqual([
      ['s.x', 6],
      ['s.y', 5],
      ['s.process', 1],
    ])
  })

  test('has rules of the whole, which no process takes', () => {
    const rules = {
      world: [{ name: 'End it', cite: 'f.c:f', does: { 's.x': 'a', 's.process': 'alive -> gone' } }],
    } as const
    const made = flat(system('one', { about: '', sides: { s: [m()] }, rules }))
    expect(made.rules[0]).toMatchObject({ id: 'end-it', side: '', actor: 'world', machine: 'one' })
    expect(print(made)).toEqual(['s.x: a & s.process: alive -> gone'])
  })

  test.each([
    [['go'], ['t/stay']],
    [['s: go'], ['t/go', 't/stay']],
    [['t: go', 't: stay'], ['s/go']],
  ])('without %j', (without, ids) => {
    const sides = { s: [m(rule({}))], t: [m(rule({}), rule({}, 'stay'))] }
    expect(flat(system('two', { about: '', sides, without })).rules.map(r => r.id)).toEqual(ids)
  })

  test('answers where all machines of a side say so', () => {
    const busy = (name: string, answered: { x?: 'a'; y?: '!p' }) => machine(name, abc, {}, [], answered)
    const { answered, index } = flat(
      system('two', { about: '', sides: { s: [busy('m', { x: 'a' }), busy('n', { y: '!p' })], t: [m()] } }),
    )
    expect(answered).toEqual([
      [
        { variable: index.get('s.x'), from: 1, to: -1 },
        { variable: index.get('s.y'), from: 6, to: -1 },
      ],
      [],
    ])
  })

  test('names its rules in small letters and dashes', () => {
    expect(slug("Leave COLO, and 'wake' the thread!")).toBe('leave-colo-and-wake-the-thread')
  })
})

describe('what cannot be read is refused', () => {
  // What types forbid has to be refused at run time too: rules may be edited as data.
  const refusal = (of: { rule?: object; parts?: object }): string => {
    try {
      const rules = of.rule === undefined ? [] : [{ name: 'Go on', cite: 'f.c:f', does: {}, ...of.rule }]
      const sides = { s: [{ name: 'm', variables: abc, rules: { t: rules }, queries: [], answered: {} }] }
      flat({ ...system('one', { about: '', sides: {} }), sides, ...of.parts } as unknown as System)
    } catch (error) {
      if (error instanceof SpecError) return error.message
      throw error
    }
    return 'not refused'
  }

  test('with whole messages', () => {
    const big = Array.from({ length: 32 }, (_, i) => `v${i}`)
    const twice = { name: 'n', variables: { x: ['a', 'z'] }, rules: {}, queries: [], answered: {} }
    const badQuery = { command: 'query-x', cite: 'f.c:f', where: {}, tables: [[[{ x: 'd' }, {}]]] }
    const same = { name: 'go on', cite: 'f.c:f', does: {} }
    expect([
      refusal({ rule: { does: { z: 'a' } } }),
      refusal({ rule: { does: { x: 'a -> d' } } }),
      refusal({ rule: { does: { x: '~> b' } } }),
      refusal({ rule: { where: { x: 'a -> b' } } }),
      refusal({ rule: { where: { x: 'a' }, does: { x: 'b -> c' } } }),
      refusal({
        rule: { on: setting('set', { list: 'l', key: 'k', value: 'v', values: ['off', 'on'], names: ['x'] }) },
      }),
      refusal({ parts: { start: { 's.z': 'a' } } }),
      refusal({ parts: { start: { 's.x': 'd' } } }),
      refusal({
        parts: { sides: { s: [{ name: 'm', variables: abc, rules: {}, queries: [badQuery], answered: {} }] } },
      }),
      refusal({ parts: { shared: { big } } }),
      refusal({ parts: { sides: { s: [{ ...twice, name: 'm', variables: abc }, twice] } } }),
      refusal({ rule: {}, parts: { rules: { w: [same, same] } } }),
      refusal({ parts: { rules: { w: [{ ...same, does: { x: 'a' } }] } } }),
    ]).toMatchInlineSnapshot(`
      [
        "s/go-on: s: there is no variable "z"",
        "s/go-on: there is no value "d"; there are a, b, c",
        "s/go-on: "~> b" compares with nothing; write "-> b"",
        "s/go-on: "a -> b" moves; here only a condition can stand",
        "s/go-on: it can never be taken: what it names contradicts itself",
        "s/go-on: option "x" cannot be "off"",
        "the start: there is no variable "s.z"",
        "the start of s.x: there is no value "d"; there are a, b, c",
        "s/query-x: there is no value "d"; there are a, b, c",
        "variable "big" has more than 31 values",
        "variable "s.x" is declared twice with different values",
        "two rules are called "go-on"",
        "go-on: one: there is no variable "x"",
      ]
    `)
  })
})

describe('any system', () => {
  test('has rows whose cells are sorted, and name a variable once', () => {
    fc.assert(
      fc.property(randomSystem, drawn => {
        for (const { cells } of flatten(drawn, RANDOM_VERSION).rows) {
          const order = cells.map(cell => cell.variable)
          expect(order).toEqual([...new Set(order)].sort((a, b) => a - b))
          expect(cells.every(cell => cell.from !== 0)).toBe(true)
        }
      }),
    )
  })

  test('survives JSON, as data do', () => {
    fc.assert(
      fc.property(randomSystem, drawn => {
        const copy = JSON.parse(JSON.stringify(drawn)) as System
        expect(flatten(copy, RANDOM_VERSION)).toEqual(flatten(drawn, RANDOM_VERSION))
      }),
    )
  })
})
