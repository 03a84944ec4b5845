/** One mistake at a time, in a system that has none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  command,
  event,
  exits,
  fails,
  fault,
  hangup,
  like,
  machine,
  not,
  type Pattern,
  type Query,
  type Rule,
  receives,
  returns,
  type System,
  sends,
  setting,
  system,
  wire,
} from '../spec/lang.ts'
import { isDefined, lintSource } from './cites.ts'
import { explore } from './explore.ts'
import { flatten } from './flatten.ts'
import { lint } from './lint.ts'
import { pack } from './pack.ts'
import { unanswered } from './silence.ts'

const variables = { at: ['home', 'away', 'lost'], fast: ['off', 'on'] } as const
type R = Rule<typeof variables>
const options = { list: 'l', key: 'k', value: 'v', values: ['off', 'on'], names: ['fast'] } as const

const rules = {
  leave: {
    name: 'leave',
    cite: 'a/b.c:leave',
    on: command('go'),
    does: { at: 'home -> away' },
    says: [returns(), event('LEFT', { by: 'foot' })],
  },
  refuse: {
    name: 'refuse to leave',
    cite: 'a/b.c:leave, a/b.c:check',
    on: command('go'),
    does: { at: '!home' },
    says: [fails('not at home')],
  },
  get: { name: 'get lost', cite: 'a/b.c:wander', does: { at: 'away -> lost' }, says: [sends('HELP')] },
  set: { name: 'set options', cite: 'a/b.c:set', on: setting('set', options), does: {}, says: [returns()] },
  listen: { name: 'listen', cite: 'a/b.c:hear', on: receives('HELP'), does: { at: '-> home' } },
  end: { name: 'end', cite: 'tcp(7)', on: fault('kill'), does: {}, says: [exits(null)] },
} satisfies { [name: string]: R }
const query = {
  command: 'query-at',
  cite: 'a/b.c:answer',
  where: {},
  tables: [
    [
      [{ at: 'home' }, { home: true }],
      [{}, { home: false }],
    ],
  ],
} satisfies Query<typeof variables>

interface Change {
  readonly rules?: { readonly [name in keyof typeof rules]?: Partial<R> }
  readonly more?: readonly Partial<R>[]
  readonly query?: Partial<Query<typeof variables>>
  readonly parts?: Partial<System>
  readonly answered?: Pattern<typeof variables>
}

/** The system without mistakes, changed. */
const changed = ({
  rules: edits = {},
  more = [],
  query: asked = {},
  parts = {},
  answered = {},
}: Change = {}): System => {
  const all = Object.entries(rules).map(([name, rule]) => ({ ...rule, ...edits[name as keyof typeof rules] }))
  const added = more.map(rule => ({ name: 'another', cite: 'a/b.c:more', does: {}, ...rule }))
  const m = machine('m', variables, { thread: [...all, ...added] }, [{ ...query, ...asked }], answered)
  const made = system('two', { about: '', sides: { s: [m], t: [m] }, wires: [wire('s', 't', 1), wire('t', 's', 1)] })
  return { ...(made as unknown as System), ...parts }
}
const problems = (change?: Change) => lint([changed(change)]).map(({ rule, problem }) => `${rule} ${problem}`)
const cite = 'a/b.c:f'

test('a system without mistakes has none', () => {
  expect(problems()).toEqual([])
})

describe('lint finds', () => {
  test.each<[string, Change, string[]]>([
    ['two rules of a name', { more: [{ name: 'Get, lost' }] }, ['m: Get, lost is the name of two rules']],
    ['a rule without a name', { more: [{ name: '--' }] }, ['m: -- has no name']],
    [
      'a refusal that moves',
      { rules: { refuse: { does: { at: '-> lost' } } } },
      ['m: refuse to leave fails, and yet moves at'],
    ],
    [
      'a refusal that swaps',
      { rules: { refuse: { does: { at: 'away ~> lost' } } } },
      ['m: refuse to leave fails, and yet moves at'],
    ],
    [
      'a refusal that sends',
      { rules: { refuse: { says: [fails('no'), sends('HELP')] } } },
      ['m: refuse to leave fails, and yet sends HELP'],
    ],
    ['a command without an answer', { rules: { leave: { says: [] } } }, ['m: leave never answers its command']],
    [
      'a command answered twice',
      { rules: { leave: { says: [returns(), returns()] } } },
      ['m: leave answers its command 2 times'],
    ],
    [
      'a command answered twice and then ended',
      { rules: { leave: { says: [returns(), fails('x'), exits(0)] } } },
      ['m: leave answers its command 2 times', 'm: leave fails, and yet moves at'],
    ],
    [
      'an answer to nobody',
      { rules: { get: { says: [returns(), sends('HELP')] } } },
      ['m: get lost answers, but no command sets it off'],
    ],
    ['no citation', { rules: { get: { cite: '' } } }, ['m: get lost cites "", which is not file:function']],
    [
      'a citation of a file only',
      { rules: { get: { cite: 'a/b.c' } } },
      ['m: get lost cites "a/b.c", which is not file:function'],
    ],
    [
      'a bad citation among good ones',
      { rules: { get: { cite: 'a/b.c:f, g' } } },
      ['m: get lost cites "g", which is not file:function'],
    ],
    [
      'a manual page cited for a step of the program',
      { rules: { get: { cite: 'tcp(7)' } } },
      ['m: get lost cites "tcp(7)", which is not file:function'],
    ],
    ['a query without citation', { query: { cite: '' } }, ['m: query-at cites "", which is not file:function']],
    [
      'versions the wrong way round',
      { rules: { get: { since: '10.0', until: '9.2' } } },
      ['m: get lost is since 10.0, but only until 9.2'],
    ],
    ['what is no version', { rules: { get: { since: 'v9' } } }, ['m: get lost has "v9" for a version']],
    [
      'an example that does not match',
      { rules: { leave: { says: [returns(like('^a$'))] } } },
      ['m: leave says {"$like":"^a$"}, of which there is no example'],
    ],
    [
      'an option that is not set',
      { rules: { set: { would: { at: 'home' } } } },
      ['m: set options would have at in a way that its command does not set'],
    ],
    [
      'an event with other members',
      { rules: { get: { says: [sends('HELP'), event('LEFT')] } } },
      ['m: get lost says LEFT with nothing; "m: leave" says it with by'],
    ],
    [
      'a message that nobody takes',
      { rules: { get: { says: [sends('HELP'), sends('SOS')] } } },
      ['m: get lost sends SOS, which nobody receives'],
    ],
    [
      'a message that nobody sends',
      { more: [{ on: receives('SOS') }] },
      ['m: another receives SOS, which nobody sends'],
    ],
    [
      'messages without a wire',
      { parts: { wires: [] } },
      ['m: get lost sends HELP, which nobody receives', 'm: listen receives HELP, which nobody sends'],
    ],
    [
      'a hangup without a link',
      { more: [{ on: hangup }] },
      ['m: another waits for a hangup of a wire that has no link'],
    ],
    [
      'a rule left out that is not there',
      { parts: { without: ['s: get lost', 'get found', 't: fly'] } },
      ['two is without "get found", which it never had', 'two is without "t: fly", which it never had'],
    ],
    [
      'a table with a hole',
      { query: { tables: [[[{ at: 'home' }, {}]]] } },
      ['m: query-at has no answer where at is away; end it in {}'],
    ],
    [
      'a table with a row behind {}',
      {
        query: {
          tables: [
            [
              [{}, {}],
              [{ at: 'home' }, {}],
            ],
          ],
        },
      },
      ['m: query-at has a row that is never reached, number 2'],
    ],
    [
      'a value that nothing leads to',
      { rules: { get: { does: { at: 'away' } } } },
      ['at has the value "lost", which nothing leads to'],
    ],
    [
      'an option that only refusals set',
      { rules: { set: { says: [fails('no')] } } },
      ['fast has the value "on", which nothing leads to'],
    ],
    [
      'a rule of the whole that sends',
      { parts: { rules: { w: [{ name: 'x', cite, does: {}, says: [sends('HELP')] }] } } },
      ['two: x is of no side: it has no wire and no process of its own'],
    ],
    [
      'a variable that only a query reads',
      { rules: {}, parts: { shared: { spare: ['a', 'b'] } } },
      ['spare is a variable that no rule names'],
    ],
  ])('%s', (_, change, expected) => {
    expect(problems(change)).toEqual(expected)
  })
})

describe('lint lets pass', () => {
  test.each<[string, Change]>([
    [
      'two rules of a name that take turns',
      {
        more: [
          { name: 'turn', until: '9.0' },
          { name: 'turn', since: '9.1' },
        ],
      },
    ],
    ['a command whose process ends before it answers', { more: [{ on: command('quit'), says: [exits(0)] }] }],
    ['a command whose process ends after its answer', { more: [{ on: command('quit'), says: [returns(), exits(0)] }] }],
    [
      'a table that names every value',
      {
        query: {
          tables: [
            [
              [{ at: 'home' }, {}],
              [{ at: '!home' }, {}],
            ],
          ],
        },
      },
    ],
    [
      'a value that only the start has',
      { rules: { get: { does: { at: 'away' } } }, parts: { start: { 't.at': 'lost' } } },
    ],
    [
      'a value that only a rule of the whole leads to',
      {
        rules: { get: { does: { at: 'away' } } },
        parts: { rules: { w: [{ name: 'x', cite, does: { 's.at': '-> lost' } }] } },
      },
    ],
    [
      'a variable that only a link reads',
      { parts: { shared: { net: ['up'] }, wires: [wire('s', 't', 1, { variable: 'net', up: 'up' })] } },
    ],
  ])('%s', (_, change) => {
    expect(problems(change)).toEqual([])
  })

  test('a machine on a side that has only one end of a wire', () => {
    expect(problems({ parts: { wires: [wire('s', 't', 1)] } })).toEqual([])
  })

  test('a message that one of several systems has a taker for', () => {
    const whole = changed()
    const half: System = { ...whole, name: 'half', wires: [] }
    expect(lint([half]).length).toBe(2)
    expect(lint([whole, half])).toEqual([])
  })
})

describe('a definition in C', () => {
  const source = `
int declared(int a);
static void called(void);
/* int commented(void) { } */
#define MACRO(x) (x)
static const Row table[] = {
};
int plain(int a, int (*f)(void))
{
    declared(called());
}
static bool
on_its_own_line(void)
{
}
void *pointer(void) { return 0; }
static int coroutine_fn many(const char *a,
                             int b) TSA_NO_TSA
{
}
    int indented(void) {
`
  test.each([
    ['plain', true],
    ['on_its_own_line', true],
    ['pointer', true],
    ['many', true],
    ['MACRO', true],
    ['table', true],
    ['declared', false],
    ['called', false],
    ['commented', false],
    ['indented', false],
    ['plai', false],
    ['ain', false],
  ])('%s: %s', (name, expected) => {
    expect(isDefined(source, name)).toBe(expected)
  })
})

describe('cited sources', () => {
  const dir = mkdtempSync(join(tmpdir(), 'lockstep-cites-'))
  afterAll(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'b.c'), 'int wander(void)\n{\n}\nint more(void);\n')

  test('are looked up', () => {
    const one = { x: ['x'] } as const
    const rule = (name: string, cite: string) => ({ name, cite, does: {} })
    const thread = [
      rule('good', 'b.c:wander'),
      rule('none', 'b.c:more'),
      rule('both', 'b.c:wander, c.c:f'),
      rule('page', 'tcp(7)'),
    ]
    const asked = { command: 'query-x', cite: 'b.c:answer', where: {}, tables: [] }
    const made = system('one', { about: '', sides: { s: [machine('m', one, { thread }, [asked])] } })
    expect(lintSource(flatten(made as System, '9.0'), dir)).toEqual([
      { rule: 's/none', problem: 'b.c does not define more' },
      { rule: 's/both', problem: 'there is no c.c' },
      { rule: 's/query-x', problem: 'b.c does not define answer' },
    ])
  })
})

describe('a command', () => {
  const graph = (change?: Change) => explore(pack(flatten(changed(change), '9.0')))
  const silent = (change: Change, where = {}) =>
    unanswered(graph(change), { where }).map(({ side, command: name, asked, states }) => [
      side,
      name,
      asked,
      states[0]?.state[`${side}.at`],
    ])

  test('is answered everywhere, or its process is gone', () => {
    expect(unanswered(graph())).toEqual([])
  })

  test('that some states have no rule for is reported, with some of them', () => {
    const [first, second, ...others] = unanswered(graph({ rules: { refuse: { does: { at: 'away' } } } }))
    expect(others).toEqual([])
    expect([first?.side, first?.command, second?.side, second?.command]).toEqual(['s', 'go', 't', 'go'])
    expect(first?.states).toHaveLength(5)
    expect(first?.count).toBeGreaterThan(5)
    for (const { state } of first?.states ?? []) expect(state).toMatchObject({ 's.at': 'lost', 's.process': 'alive' })
  })

  test('is not missed where the monitor is busy', () => {
    const busy = { rules: { refuse: { does: { at: 'away' } } } } as const
    expect(silent(busy)).toHaveLength(2)
    expect(silent(busy, { at: '!lost' })).toEqual([])
    expect(silent({ ...busy, answered: { at: '!lost' } })).toEqual([])
  })

  test('is told apart by its arguments', () => {
    const more: Partial<R>[] = [
      { name: 'run', on: command('go', { run: true }), does: { at: 'home' }, says: [returns()] },
    ]
    expect(silent({ more })).toEqual([])
    // Refusing only to walk leaves a wish to run without an answer.
    expect(silent({ more, rules: { refuse: { on: command('go', { run: false }) } } })).toEqual([
      ['s', 'go', { run: true }, 'away'],
      ['t', 'go', { run: true }, 'away'],
    ])
  })

  test('is answered by a rule that only leaves other arguments out', () => {
    const more: Partial<R>[] = [
      { name: 'stay', on: command('stop', { how: not('fast') }), does: { at: '!lost' }, says: [returns()] },
      { name: 'stay anywhere', on: command('stop', { how: 'gently' }), does: { at: 'lost' }, says: [returns()] },
    ]
    // Not saying how is not saying 'fast'; nobody has a word for that when lost.
    expect(silent({ more })).toEqual([
      ['s', 'stop', {}, 'lost'],
      ['t', 'stop', {}, 'lost'],
    ])
  })

  test('that sets options is told apart by them', () => {
    expect(silent({ rules: { set: { would: { fast: 'on' } } } })).toEqual([
      ['s', 'set', {}, 'home'],
      ['s', 'set', { fast: 'off' }, 'home'],
      ['t', 'set', {}, 'home'],
      ['t', 'set', { fast: 'off' }, 'home'],
    ])
    expect(silent({ rules: { set: { would: { fast: 'off' } } } })).toEqual([
      ['s', 'set', { fast: 'on' }, 'home'],
      ['t', 'set', { fast: 'on' }, 'home'],
    ])
  })

  test('that asks is missed where any of its tables has a hole', () => {
    const hole = [[{ at: '!lost' }, {}]] as const
    const full = [[{}, {}]] as const
    const missed = [
      ['s', 'query-at', {}, 'lost'],
      ['t', 'query-at', {}, 'lost'],
    ]
    expect(silent({ query: { tables: [hole, full] } })).toEqual(missed)
    expect(silent({ query: { tables: [full, hole] } })).toEqual(missed)
  })

  test('that asks is missed where it may not be asked', () => {
    const tables = [
      [
        [{ at: 'away' }, {}],
        [{ at: 'home' }, {}],
      ],
    ] as const
    expect(silent({ query: { where: { at: 'home' }, tables } })).toEqual([
      ['s', 'query-at', {}, 'away'],
      ['t', 'query-at', {}, 'away'],
    ])
  })
})
