import { describe, expect, test } from 'vitest'
import { difference, disagreements, explored as explored_, walked } from '../impl/agree.ts'
import { type Edit, edited } from '../impl/edit.ts'
import { explore } from '../impl/explore.ts'
import { flatten } from '../impl/flatten.ts'
import { Judge } from '../impl/judge.ts'
import { lint } from '../impl/lint.ts'
import { pack } from '../impl/pack.ts'
import { unanswered } from '../impl/silence.ts'
import { claims } from './claims.ts'
import type { Claim, System } from './lang.ts'
import { statusClaims } from './proposal-claims.ts'
import { handled } from './run-state.ts'
import seen from './seen.json' with { type: 'json' }
import { systems } from './systems.ts'
import { versions } from './versions.ts'

const all = systems as unknown as readonly System[]
const explored = all.filter(system => system.explored)
const newest = versions[versions.length - 1] ?? ''
const systemOf = (claim: Claim): System => all.find(system => system.name === claim.system) as System

describe.each([...versions])('the systems of QEMU %s', version => {
  const graphs = explored.map(system => explore(pack(flatten(system, version))))

  test('have the sizes we know', () => {
    expect(
      graphs.map(
        ({ packed, size, fingerprint }) => `${packed.flat.name}: ${Object.values(size).join(' ')} ${fingerprint}`,
      ),
    ).toMatchInlineSnapshot(`
      [
        "capabilities: 24 1992 2 7fdc8284f6232013",
        "precopy: 146312 1067078 28 97001bff8432d0a0",
        "COLO pair: 305358 1751160 71 1989830ea9f0e2e1",
        "quit: 532128 3637512 37 8d08048c692a6837",
        "COLO quit: 53698 178822 64 41c1f80de56d24fe",
        "COLO on one side: 205304 2835624 36 e5c2d4b5fb4b3ca6",
      ]
    `)
  })

  test('together leave no rule unused', () => {
    const used = new Set(
      graphs.flatMap(graph =>
        graph.packed.flat.rules.filter(rule => !graph.unused.includes(rule.id)).map(rule => rule.rule.name),
      ),
    )
    const whole = flatten(all.find(system => !system.explored) as System, version)
    const unused = [...new Set(whole.rules.map(rule => rule.rule.name).filter(name => !used.has(name)))]
    expect(unused).toMatchInlineSnapshot(`[]`)
  })
})

const asking = (system: System) =>
  Object.values(system.sides).some(machines => machines.some(({ name }) => name === 'status as proposed'))

test.each(explored.filter(system => !asking(system)).map(system => [system.name, system] as const))(
  'in %s every command that it does not leave out is answered in every state',
  (_name, system) => {
    const left = system.without.flatMap(name =>
      Object.values(system.sides)
        .flat()
        .flatMap(machine => Object.values(machine.rules).flat())
        .filter(rule => name === rule.name || name.endsWith(`: ${rule.name}`))
        .flatMap(({ on }) => (on !== undefined && 'command' in on ? [on.command] : [])),
    )
    const graph = explore(pack(flatten(system, newest)))
    const silent = unanswered(graph, { where: handled, limit: 1 }).filter(({ command }) => !left.includes(command))
    expect(silent.map(({ side, command, asked, count }) => ({ side, command, asked, count }))).toEqual([])
  },
)

test('XState and the plain interpreter find the same graph where they can cope', () => {
  const small = all.find(system => system.name === 'capabilities') as System
  const flat = flatten(small, newest)
  expect(disagreements(flat, explore(pack(flat)))).toEqual([])
})

test('the plain interpreter finds the same graph of a pair in COLO', { timeout: 120_000 }, () => {
  const flat = flatten(all.find(system => system.name === 'COLO quit') as System, newest)
  expect(difference(explored_(explore(pack(flat))), walked(flat))).toEqual([])
})

test('seen.json names rules and versions that are there', () => {
  const rules = flatten(all.find(system => !system.explored) as System, newest).rules.map(({ rule }) => rule.name)
  const entries = Object.entries(seen as Record<string, string | string[]>).filter(([name]) => name !== '//')
  expect(entries.map(([name]) => name).filter(name => !rules.includes(name))).toEqual([])
  expect(entries.flatMap(([, list]) => list).filter(version => !versions.some(known => known === version))).toEqual([])
})

test('the rules pass lint', () => {
  expect(lint(all)).toEqual([])
})

test('every system is claimed something of', () => {
  expect(explored.map(system => system.name).filter(name => !claims.some(claim => claim.system === name))).toEqual([])
})

describe.each([...versions])('under QEMU %s', version => {
  const judge = new Judge()
  test.each(claims.map(claim => [claim.system, claim.kind, claim.name, claim] as const))(
    '%s: %s: %s',
    (_system, _kind, _name, claim) => {
      const verdict = judge.judge(claim, systemOf(claim), version)
      expect({ holds: verdict.holds, expected: verdict.expected }).toEqual({
        holds: claim.broken[version] === undefined,
        expected: true,
      })
    },
  )
})

/**
 * For each claim that holds, an edit of rules that breaks it.  A claim that the
 * newest version breaks needs none: it has been seen to fail.
 */
const breakings: Readonly<Record<string, readonly Edit[]>> = {
  'x-colo is on without return-path': [{ change: 'set capabilities', to: { would: {} } }],
  'two guests run though nobody cancelled, cut the link or continued one by hand': [
    { change: 'leave the guest to the destination', to: { does: { vm: '-> running' } } },
  ],
  'a cancel leads to an end of some kind': [{ drop: 'clean up after a cancel' }],
  'an event announces twice what the destination is': [
    {
      change: 'lose the stream',
      to: { does: { coroutine: 'loading', incoming: '-> failed' }, where: { incoming: ['active', 'failed'] } },
    },
  ],
  'once a migration is over, the last status announced is not the status it has': [
    { change: 'clean up after a failure', to: { says: [] } },
  ],
  'the destination has a status that it did not announce': [{ change: 'take the connection', to: { says: [] } }],
  'a source that failed or was cancelled is left in the switchover': [
    { change: 'give the guest back, running', to: { does: { vm: undefined }, says: [] } },
  ],
  'a running guest that the destination never got runs on at the source': [
    { change: 'give the guest back, running', to: { does: { vm: undefined }, says: [] } },
  ],
  'failing leads to failed or cancelled': [{ drop: 'clean up after a failure' }],
  'after a migration has failed or was cancelled, a new one can be begun': [
    { change: 'accept a migration', to: { where: { migration: ['none', 'completed'] } } },
  ],
  'the destination says that it cancels': [
    {
      add: {
        name: 'cancel an incoming migration',
        cite: 'nowhere.c:nothing',
        does: { incoming: 'active -> failed', migration: '-> cancelled' },
      },
      machine: 'destination',
      actor: 'main loop',
    },
  ],
  'a source may wait for ever before the switchover': [
    {
      add: {
        name: 'tire of the pause',
        cite: 'nowhere.c:nothing',
        does: { thread: 'paused -> saving', migration: 'pre-switchover -> device', bql: 'free -> migration' },
      },
      machine: 'source',
      actor: 'migration thread',
    },
  ],
  'a source that lost its destination before the switchover says nothing until it is continued': [
    {
      add: {
        name: 'notice a dead link in the pause',
        cite: 'nowhere.c:nothing',
        where: { link: 'cut' },
        does: { thread: 'paused -> failing' },
      },
      machine: 'source',
      actor: 'migration thread',
    },
  ],
  'the destination completes before the source does': [
    { drop: 'load the last of a guest in running' },
    { drop: 'load the last of a guest in paused' },
    { drop: 'load the last of a guest in prelaunch' },
  ],
  'with a return path the source completes before the destination': [
    { change: 'need no word from the destination', to: { where: { 'return-path': undefined } } },
  ],
  'a source completes though its destination never does': [{ drop: 'need no word from the destination' }],
  'both sides serve alone though the operator told at most one': [
    {
      change: 'announce on the secondary an exit by error',
      to: { does: { half: '-> scheduled', failover: '-> require' } },
    },
  ],
  'after one side has failed over the other still runs': [
    { change: 'announce on the secondary an exit by error', to: { does: { vm: '-> colo' } } },
  ],
  'a cancel in COLO is never finished': [{ change: 'run on alone', to: { does: { released: undefined } } }],
  'COLO_EXIT is said twice for one exit of the primary': [
    { change: 'announce an exit by error', to: { does: { colo: 'leaving' } } },
  ],
  'COLO_EXIT is said twice for one exit of the secondary': [
    { change: 'announce on the secondary an exit by error', to: { does: { secondary: 'leaving' } } },
  ],
  'COLO_EXIT says request though nobody asked': [
    { change: 'announce an exit that was asked for', to: { where: { failover: undefined } } },
  ],
  "the secondary throws its state away before the whole of the primary's has arrived": [
    { change: 'receive the whole state', to: { does: { arrived: undefined } } },
  ],
  'the secondary takes over on half a state': [
    { change: 'put off the failover while loading', to: { where: { loading: 'no' } } },
    { change: 'leave COLO on the secondary', to: { where: { loading: undefined } } },
    { drop: 'run on the new state' },
    {
      add: { name: 'fail to load', cite: 'nowhere.c:nothing', does: { secondary: 'loading -> leaving' } },
      machine: 'secondary',
      actor: 'COLO thread',
    },
  ],
  'after an error the primary waits, still in COLO, for a lost heartbeat': [
    { change: 'run on alone', to: { does: { released: undefined } } },
  ],
  'after an error inside a checkpoint the primary waits with its guest stopped': [
    { change: 'run on alone', to: { does: { released: undefined } } },
  ],
  'after an error inside a checkpoint the secondary waits with its guest stopped': [
    { change: 'announce on the secondary an exit by error', to: { does: { vm: '-> running' } } },
  ],
  'a primary that has failed over comes to run its guest': [
    { change: 'release the primary and the lock', to: { does: { released: undefined } } },
  ],
  'a secondary that has failed over comes to run its guest': [{ drop: 'take over' }],
  'the guest of a primary runs while its failover has it stopped': [
    { change: 'resume after the checkpoint', to: { where: { bql: undefined } } },
  ],
  'the query says that the failover is still going on': [
    {
      change: 'accept a lost heartbeat on the primary',
      to: { does: { failover: 'none -> completed', migration: '-> completed' } },
    },
  ],
  'quit ends the process': [{ drop: 'exit after quit' }],
  'a source that quits once it has completed takes the guest with it': [
    { change: 'send the last of a guest in running', to: { says: [] } },
    { change: 'lose the return path', to: { does: { thread: 'sent -> checked' }, where: { migration: 'device' } } },
  ],
}

describe('each claim that holds', () => {
  const others: readonly Claim[] = statusClaims
  const holding = claims.filter(claim => claim.broken[newest] === undefined && !others.includes(claim))

  test('has an edit of rules that breaks it', () => {
    expect(holding.map(claim => claim.name).filter(name => breakings[name] === undefined)).toEqual([])
    expect(Object.keys(breakings).filter(name => !holding.some(claim => claim.name === name))).toEqual([])
  })

  test.each(holding.map(claim => [claim.name, claim] as const))('is broken by it: %s', (name, claim) => {
    const system = edited(systemOf(claim), breakings[name] ?? [])
    expect(new Judge().judge(claim, system, newest).holds).toBe(false)
  })
})
