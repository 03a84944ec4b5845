/** Mutants on threads, verdicts that are remembered, and a score that can sink. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Mutant } from '../../impl/mutate.ts'
import type { Edit } from '../../spec/lang.ts'
import { Cache, keyOf } from './cache.ts'
import { type Order, tryAll } from './crew.ts'
import { sample } from './sample.ts'
import { type Kept, type Power, sunkIn } from './score.ts'
import type { Verdict } from './trial.ts'

const effort = { runs: 4, systems: 1, seed: 1, claims: false }
const rule = 'begin to write the snapshot'
const order = (edits: readonly Edit[]): Order => ({ edits, version: '11.1', effort, rule })
const orders = [
  order([{ change: rule, to: { does: { migration: '-> wait-unplug' } } }]),
  order([{ change: rule, to: { cite: 'elsewhere.c:nothing' } as object }]),
]

test('threads come to the verdicts that one comes to, each in its place', { timeout: 120_000 }, async () => {
  const found: (string | undefined)[][] = []
  for (const jobs of [1, 2]) {
    const verdicts: Verdict[] = []
    await tryAll(orders, jobs, (place, verdict) => {
      verdicts[place] = verdict
    })
    found.push(verdicts.map(({ verdict }) => verdict))
  }
  expect(found).toEqual([
    ['noticed', 'equivalent'],
    ['noticed', 'equivalent'],
  ])
})

test('what fails on a thread is told', { timeout: 60_000 }, async () => {
  const broken = order([{ change: rule, to: { does: { 'no such variable': '-> on' } } }])
  await expect(tryAll([broken, broken], 2, () => {})).rejects.toThrow('no such variable')
})

test('a verdict is remembered by all that it depends on, and half a line is not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-cache-'))
  try {
    const mutant: Mutant = { id: 'm', rule, machine: '', operator: 'drop', what: '', edits: orders[0]?.edits ?? [] }
    const keys = [
      keyOf(mutant, '11.1', effort, 'code'),
      keyOf(mutant, '10.0', effort, 'code'),
      keyOf(mutant, '11.1', { ...effort, runs: 5 }, 'code'),
      keyOf(mutant, '11.1', effort, 'other code'),
      keyOf({ ...mutant, edits: [] }, '11.1', effort, 'code'),
    ]
    expect(new Set(keys).size).toBe(keys.length)
    const file = join(folder, 'deep', 'cache.ndjson')
    const verdict: Verdict = { verdict: 'survives', by: '', what: '', system: 'jobs' }
    new Cache(file).set(keys[0] ?? '', verdict)
    appendFileSync(file, '{"key": "ha')
    expect(new Cache(file).get(keys[0] ?? '')).toEqual(verdict)
    expect(new Cache(file).get(keys[1] ?? '')).toBe(undefined)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('what is drawn stays drawn when others come and go', () => {
  const all = Array.from({ length: 50 }, (_, n) => ({ id: `mutant/${n}` }))
  const drawn = sample(all, 10, 1)
  expect(drawn.length).toBe(10)
  const less = all.filter(one => one !== drawn[0])
  expect(sample(less, 9, 1)).toEqual(drawn.slice(1))
  expect(sample(all, 10, 2)).not.toEqual(drawn)
})

test('a score that is lower than it was is told, and one that is not is not', () => {
  const kept = (id: string, verdict: Kept['verdict']): Kept => ({
    ...{ id, verdict, version: '11.1', machine: '', operator: '', by: '', system: '', what: '' },
  })
  const power = (rules: readonly Kept[], noticed: number): Power => ({
    ...{ '//': '', seed: 1, history: [], rules, honest: [] },
    wire: [{ version: '11.1', kind: 'drop', made: 10, noticed }],
  })
  const before = power([kept('a', 'noticed'), kept('b', 'survives'), kept('c', 'equivalent')], 10)
  const same = power([kept('a', 'noticed'), kept('b', 'survives'), kept('c', 'noticed'), kept('d', 'survives')], 10)
  const lower = power([kept('a', 'survives'), kept('c', 'survives')], 9)
  expect(sunkIn(before, same)).toEqual([])
  expect(sunkIn(before, lower)).toEqual([
    '11.1, a was noticed, and survives',
    '11.1, c was equivalent, and survives',
    '11.1, lies on the wire, drop: 9 of 10, and were 10 of 10',
  ])
})
