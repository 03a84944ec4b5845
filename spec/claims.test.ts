import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { difference, disagreements, explored as explored_, walked } from '../impl/agree.ts'
import { type Edit, edited, editedWhere } from '../impl/edit.ts'
import { explore } from '../impl/explore.ts'
import { flatten } from '../impl/flatten.ts'
import { Judge } from '../impl/judge.ts'
import { lint } from '../impl/lint.ts'
import { pack } from '../impl/pack.ts'
import { claims } from './claims.ts'
import { bugs } from './history.ts'
import { type Claim, returns, type System, setting } from './lang.ts'
import { statusClaims } from './proposal-claims.ts'
import seen from './seen.json' with { type: 'json' }
import { systems } from './systems.ts'
import { versions } from './versions.ts'

const all = systems as unknown as readonly System[]
const explored = all.filter(system => system.explored)
const newest = versions[versions.length - 1] ?? '11.1'
const systemOf = (claim: Claim): System => all.find(system => system.name === claim.system) as System

test('XState and the plain interpreter find the same graph where they can cope', { timeout: 120_000 }, () => {
  const small = all.find(system => system.name === 'background snapshot') as System
  const flat = flatten(small, newest)
  expect(disagreements(flat, explore(pack(flat)))).toEqual([])
})

test('the plain interpreter finds the same graph of a pair in COLO', { timeout: 300_000 }, () => {
  const flat = flatten(all.find(system => system.name === 'COLO with a vCPU') as System, '10.2')
  expect(difference(explored_(explore(pack(flat))), walked(flat))).toEqual([])
})

test('seen.json names rules and versions that are there', () => {
  const whole = all.find(system => !system.explored) as System
  const rules = new Set(versions.flatMap(version => flatten(whole, version).rules.map(({ rule }) => rule.name)))
  const entries = Object.entries(seen as Record<string, string | string[]>).filter(([name]) => name !== '//')
  expect(entries.map(([name]) => name).filter(name => !rules.has(name))).toEqual([])
  expect(entries.flatMap(([, list]) => list).filter(version => !versions.some(known => known === version))).toEqual([])
})

test('every rule is taken in some release', () => {
  const unused = versions.map(version => {
    const text = readFileSync(new URL(`sizes/${version}.txt`, import.meta.url), 'utf8')
    return new Set([...text.matchAll(/^- (.*)$/gm)].map(found => found[1]))
  })
  const whole = all.find(system => !system.explored) as System
  const inSome = new Set(
    versions.flatMap((version, i) =>
      flatten(whole, version)
        .rules.map(rule => rule.rule.name)
        .filter(name => unused[i]?.has(name) !== true),
    ),
  )
  const names = new Set(versions.flatMap(version => flatten(whole, version).rules.map(rule => rule.rule.name)))
  // What only transcripts of real QEMUs come to: no system that is explored both dumps and migrates,
  // pauses before it goes over to COLO, migrates to a file, or on from where it came, or listens on RDMA; none
  // has strangers among several channels, a link that stalls or is cut behind whoever has hung up, a postcopy
  // with a vCPU of TCG or of a suspended guest, a failover of one, or is told to quit in the pause before the
  // switchover of 9.2 and earlier.
  expect([...names].filter(name => !inSome.has(name)).sort()).toEqual([
    'abort on an RDMA address without a port to listen on',
    'abort on running on alone with a suspended guest',
    'cancel a pause that is just being left, on the way out',
    'complete instead of COLO after a pause',
    'connect to where nobody answers',
    'connect to where the guest goes on to',
    'fail as a source because a stranger leaves to one of several channels',
    'fail as a source because a stranger leaves to one of several channels, and exit',
    'fail as a source for what a stranger has to say to one of several channels',
    'fail as a source for what a stranger has to say to one of several channels, and exit',
    'give the vCPU with the lock its page',
    'have a suspended guest suspended again in postcopy',
    'have a vCPU wait for a page with the lock',
    'have every page at last, and let the lock go',
    'leave the guest suspended when it goes on alone',
    'lose what a link held that stalled',
    'refuse to dump a guest whose memory still comes in behind it',
    'refuse to migrate a guest that is being dumped',
    'refuse to migrate a guest that is being dumped, to where cannot be read',
    'tell with the package that the guest is suspended',
    'wait for what a stranger has to say to one of several channels',
  ])
})

test('the rules pass lint', () => {
  expect(lint(all)).toEqual([])
})

test('every system is claimed something of', () => {
  expect(explored.map(system => system.name).filter(name => !claims.some(claim => claim.system === name))).toEqual([])
})

/**
 * For each claim that every release keeps, an edit of rules that breaks it.  A
 * claim that some release breaks needs none: it has been seen to fail there.
 */
const breakings: Readonly<Record<string, readonly Edit[]>> = {
  'two guests run though nobody cancelled, cut the link or continued one by hand': [
    { change: 'leave the guest to the destination', to: { does: { vm: '-> running' } } },
  ],
  'a running guest that the destination never got runs on at the source': [
    { change: 'give the guest back, running', to: { does: { vm: undefined }, says: [] } },
  ],
  'failing leads to failed or cancelled': [{ drop: 'clean up after a failure' }],
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
  'quit ends a source in postcopy': [{ drop: 'exit after quit' }],
  'COLO comes back on a side that took over': [{ change: 'take over', to: { does: { incoming: '-> colo' } } }],
  'a paused postcopy waits for ever for somebody who recovers it': [
    {
      add: {
        name: 'recover by itself',
        cite: 'nowhere.c:nothing',
        does: { resuming: 'no -> connecting', migration: 'postcopy-paused -> postcopy-recover-setup' },
      },
      machine: 'postcopy source',
      actor: 'main loop',
    },
  ],
  'the source completes a postcopy before the destination does': [
    { change: 'send the last page', to: { does: { thread: 'streaming -> ended' } } },
  ],
  'a build without replication comes to COLO': [
    {
      add: { name: 'fail over all the same', cite: 'nowhere.c:nothing', does: { failover: 'none -> require' } },
      machine: 'failover',
      actor: 'main loop',
    },
  ],
  'a capability changes in a migration': [
    {
      change: 'refuse capabilities in active',
      to: {
        on: setting('migrate-set-capabilities', {
          list: 'capabilities',
          key: 'capability',
          value: 'state',
          values: ['off', 'on'],
          names: ['x-colo'],
        }),
        says: [returns()],
      },
    },
  ],
  'a source that quits once it has completed takes the guest with it': [
    { change: 'send the last of a guest in running', to: { says: [] } },
    { change: 'lose the return path', to: { does: { thread: 'sent -> checked' }, where: { migration: 'device' } } },
  ],
}

type Part = { readonly [variable: string]: unknown }

/** The rules of a system that lead to one of these values, as edits that drop them. */
function dropsTo(system: System, where: readonly Part[]): Edit[] {
  const wanted = where.flatMap(pattern => {
    const [name, value] = Object.entries(pattern)[0] ?? ['', '']
    return [value]
      .flat()
      .map(one => ({ side: name.split('.')[0] ?? '', variable: name.split('.')[1] ?? '', value: one }))
  })
  const found = new Set<string>()
  for (const [side, machines] of Object.entries(system.sides))
    for (const rule of machines.flatMap(machine => Object.values(machine.rules).flat()))
      for (const { side: at, variable, value } of wanted)
        if (at === side && new RegExp(`> ${String(value)}$`).test(String((rule.does as Part)[variable])))
          found.add(rule.name)
  return [...found].map(drop => ({ drop }))
}

/** What breaks a claim: an edit of its own, or, of a claim that something can be reached, no way to reach it. */
function breaks(claim: Claim): readonly Edit[] {
  const own = breakings[claim.name]
  if (own !== undefined) return own
  // A bug that QEMU had is such an edit, of whatever system it is in.
  const bug = bugs.find(
    ({ expect, in: releases, edits }) => expect.includes(claim.name) && releases.includes(newest) && edits.length > 0,
  )
  const system = systemOf(claim)
  if (bug !== undefined) return bug.edits.filter(edit => editedWhere(system, [edit]) !== undefined)
  const to = claim.kind === 'recovers' ? claim.to : claim.kind === 'sometimes' ? claim.where : []
  return dropsTo(systemOf(claim), to as readonly Part[])
}

describe('each claim that every release keeps', () => {
  const others: readonly Claim[] = statusClaims
  const holding = claims.filter(claim => Object.keys(claim.broken).length === 0 && !others.includes(claim))

  test('has an edit of rules that breaks it', () => {
    expect(holding.filter(claim => breaks(claim).length === 0).map(claim => claim.name)).toEqual([])
    expect(Object.keys(breakings).filter(name => !holding.some(claim => claim.name === name))).toEqual([])
  })

  test.each(holding.map(claim => [claim.name, claim] as const))(
    'is broken by it: %s',
    { timeout: 60_000 },
    (_name, claim) => {
      expect(new Judge().judge(claim, edited(systemOf(claim), breaks(claim)), newest).holds).toBe(false)
    },
  )
})
