import { describe, expect, test } from 'vitest'
import { type Edit, edited } from '../impl/edit.ts'
import { explore } from '../impl/explore.ts'
import { flatten } from '../impl/flatten.ts'
import { Judge } from '../impl/judge.ts'
import { anyOf, cellsOf, pack } from '../impl/pack.ts'
import type { Claim, Pattern, System } from './lang.ts'
import { machine } from './lang.ts'
import { answering } from './proposal.ts'
import { statusClaims } from './proposal-claims.ts'
import { again, colo, proposed } from './systems.ts'
import { versions } from './versions.ts'

const all = [colo, proposed, again] as unknown as readonly System[]
const newest = versions[versions.length - 1] ?? ''
const systemOf = (claim: Claim): System => all.find(({ name }) => name === claim.system) as System
const graphOf = (system: unknown) => explore(pack(flatten(system as System, newest)))

describe('the patterns of an answer', () => {
  const table = machine('m', { a: ['x', 'y', 'z'], b: ['p', 'q'] }, {}, [
    {
      command: 'ask',
      cite: 'a.c:b',
      where: { b: '!q' },
      tables: [
        [
          [{ a: 'x', b: 'p' }, { one: 'first' }],
          [{ a: '!z' }, { one: 'second' }],
          [{}, { one: 'third' }],
        ],
        [[{}, { two: 'always' }]],
      ],
    },
    {
      command: 'anywhere',
      cite: 'a.c:b',
      where: {},
      tables: [
        [
          [{ a: 'x', b: 'p' }, { one: 'first' }],
          [{}, { one: 'second' }],
        ],
      ],
    },
  ])

  test('are those of its row, where the query is answered and the process there', () => {
    expect(answering('src', table, 'ask', { one: 'first' })).toEqual([
      { 'src.a': ['x'], 'src.b': ['p'], 'src.process': 'alive' },
    ])
  })

  test('leave out what an earlier row has', () => {
    expect(answering('src', table, 'ask', { one: 'second' })).toEqual([
      { 'src.a': ['y'], 'src.b': ['p'], 'src.process': 'alive' },
    ])
    expect(answering('dst', table, 'anywhere', { one: 'second' })).toEqual([
      { 'dst.a': ['y', 'z'], 'dst.process': 'alive' },
      { 'dst.a': ['x'], 'dst.b': ['q'], 'dst.process': 'alive' },
    ])
  })

  test('take several members together, any of a list, and what is asked besides', () => {
    expect(answering('src', table, 'ask', { one: ['first', 'third'], two: 'always' }, { other: 'yes' })).toEqual([
      { 'src.a': ['x'], 'src.b': ['p'], 'src.process': 'alive', other: 'yes' },
      { 'src.a': ['z'], 'src.b': ['p'], 'src.process': 'alive', other: 'yes' },
    ])
  })

  test.each([
    ['an answer that no row has', 'ask', { one: 'fourth' }],
    ['a query that is not there', 'tell', { one: 'first' }],
  ])('are refused for %s', (_what, name, answer) => {
    expect(() => answering('src', table, name, answer)).toThrow(`${name} never answers`)
  })
})

test('of the answers proposed, those that nobody gets are an error of a primary in its first COLO, and not running', () => {
  const mine = { 'src/': /^src\/answer-primary/, 'dst/': /^dst\/answer-secondary/ }
  const unused = (system: unknown) =>
    graphOf(system).unused.filter(id => Object.values(mine).some(pattern => pattern.test(id)))
  expect(unused(proposed)).toEqual([
    'src/answer-primary-running-error',
    'src/answer-primary-not-running',
    'dst/answer-secondary-not-running',
  ])
  // Without a vCPU no failover is put off.
  expect(unused(again)).toEqual([
    'src/answer-primary-not-running',
    'dst/answer-secondary-running-error',
    'dst/answer-secondary-not-running',
  ])
})

test('a process that took over leaves what COLO again begins with', () => {
  const graph = graphOf(colo)
  const start = Object.fromEntries(
    Object.entries(again.start as Pattern).filter(([name]) => name.startsWith('src.') && !name.endsWith('x-colo')),
  )
  const own = Object.fromEntries(
    Object.entries(start)
      .map(([name, value]) => [name.replace('src.', 'dst.'), value] as const)
      .filter(([name]) => graph.packed.flat.index.has(name)),
  )
  const taken = anyOf(graph.packed, [cellsOf(graph.packed.flat, { ...own, 'dst.vm': 'running', 'dst.half': 'idle' })])
  const found = Array.from({ length: graph.size.states }, (_, n) => n).some(n =>
    taken(graph.states, n * graph.packed.words),
  )
  expect(found).toBe(true)
})

/** For each claim that holds, an edit of rules that breaks it. */
const breakings: Readonly<Record<string, readonly Edit[]>> = {
  'colo-running of 2018 says anything that mode does not': [
    {
      // What a COLO thread that ended COLO by itself after an error would do.
      change: 'announce an exit by error',
      to: { does: { migration: 'colo ~> completed' } },
    },
  ],
  'case 1: while COLO is being started, query-colo-status of 2018 fails as if it were not': [
    { change: 'fail, for COLO is disabled', to: { where: { migration: '!active' } } },
  ],
  'case 1: once a primary has left COLO, query-colo-status of 2018 fails and cannot say why it left': [
    { change: 'fail, for COLO is disabled', to: { where: { failover: 'none' } } },
  ],
  'case 1: once a secondary has left COLO, query-colo-status of 2018 fails and cannot say why it left': [
    { change: 'fail, for COLO is disabled', to: { where: { failover: 'none' } } },
  ],
  'before anybody asks for a failover, the reason of 2018 is other than none': [
    { change: 'announce an exit by error', to: { does: { failover: 'none ~> relaunch' } } },
  ],
  'case 2a: a primary between two checkpoints is primary, running, none': [
    { change: 'wait for the next checkpoint', to: { does: { failover: '-> require' } } },
  ],
  'case 2b: a primary that was told of a lost heartbeat is primary, running, request, until the main loop comes round':
    [
      {
        change: 'accept a lost heartbeat on the primary',
        to: { does: { failover: 'none -> active', half: '-> entered', bql: '-> failover' } },
      },
    ],
  'case 2c: a primary in its first COLO is primary, running, error': [
    { change: 'leave COLO on the primary', to: { does: { migration: 'colo' } } },
  ],
  'case 2c: a primary that ran into an error is primary, running, none': [
    { change: 'announce an exit by error', to: { does: { failover: 'none ~> relaunch' } } },
  ],
  'case 3a: a secondary between two checkpoints is secondary, running, none': [
    { change: 'say that it is ready', to: { does: { failover: '-> require' } } },
    { change: 'have the secondary wait for the next checkpoint', to: { does: { failover: 'none -> require' } } },
  ],
  'case 3b: a secondary that was told of a lost heartbeat is secondary, running, request, until the main loop comes round':
    [
      {
        change: 'accept a lost heartbeat on the secondary',
        to: { does: { failover: 'none -> active', half: '-> entered', bql: '-> failover' } },
      },
      { drop: 'ask again for the failover that was put off' },
    ],
  'case 3c: a secondary that puts off the failover it was asked for is secondary, running, error': [
    { change: 'put off the failover while loading', to: { does: { failover: 'active -> require' } } },
  ],
  'case 3c: a secondary that was not asked for a failover is secondary, running, error': [
    { change: 'leave COLO on the secondary', to: { does: { incoming: 'colo' } } },
  ],
  'case 3c: a secondary that ran into an error is secondary, running, none': [
    { change: 'announce on the secondary an exit by error', to: { does: { failover: 'none ~> relaunch' } } },
  ],
  'before anybody asks for a failover, the query gives another reason than none': [
    { change: 'announce an exit by error', to: { does: { failover: 'none ~> relaunch' } } },
  ],
  'a failover that is under way on the primary is processing': [
    {
      change: 'accept a lost heartbeat on the primary',
      to: { does: { failover: 'none -> active', half: '-> entered', bql: '-> failover' } },
    },
  ],
  'once a primary runs alone, the query says none, primary, request': [{ drop: 'complete the failover' }],
  'once a secondary runs alone, the query says none, secondary, request': [{ drop: 'complete the failover' }],
  'a primary in COLO is in run state running': [{ drop: 'start the guest once the secondary is ready' }],
  'a primary that has left COLO is in run state colo': [
    { change: 'leave COLO on the primary', to: { does: { vm: '-> running' } } },
  ],
  'a primary in COLO is in a run state other than finish-migrate, running and colo': [
    { change: 'announce an exit by error', to: { does: { vm: '-> paused' } } },
  ],
  'a secondary in COLO is in a run state other than inmigrate, running and colo': [
    { change: 'announce on the secondary an exit by error', to: { does: { vm: '-> paused' } } },
  ],
  'a secondary that took over is what COLO again begins with': [{ drop: 'take over' }],
  'COLO mode comes back: a secondary that took over migrates and is a primary': [
    { change: 'accept a migration', to: { where: { incoming: 'none' } } },
  ],
  'COLO mode comes back: a primary that runs alone migrates to another secondary and is a primary again': [
    { change: 'accept a migration', to: { where: { migration: 'none' } } },
  ],
  'COLO mode comes back without a migrate': [
    {
      add: { name: 'become a primary by itself', cite: 'nowhere.c:nothing', does: { migration: 'none -> colo' } },
      machine: 'source',
      actor: 'main loop',
    },
  ],
  'a QEMU that has been a secondary is one again': [
    {
      add: { name: 'become a secondary once more', cite: 'nowhere.c:nothing', does: { incoming: 'completed -> colo' } },
      machine: 'destination',
      actor: 'main loop',
    },
  ],
  'case 2c: a primary that begins COLO again is primary, running, error, for the exit before was asked for': [
    { change: 'enter COLO', to: { does: { failover: '-> none' } } },
  ],
}

describe('each claim that holds', () => {
  const holding = statusClaims.filter(claim => (claim as Claim).broken[newest] === undefined)

  test('has an edit of rules that breaks it', () => {
    expect(holding.map(({ name }) => name).filter(name => breakings[name] === undefined)).toEqual([])
    expect(Object.keys(breakings).filter(name => !holding.some(claim => claim.name === name))).toEqual([])
  })

  test.each(holding.map(claim => [claim.name, claim] as const))('is broken by it: %s', (name, claim) => {
    const system = edited(systemOf(claim), breakings[name] ?? [])
    expect(new Judge().judge(claim, system, newest).holds).toBe(false)
  })
})
