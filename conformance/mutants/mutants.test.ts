/** Whether the score can sink, and has not. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { changed, differing } from '../../impl/differ.ts'
import { editedWhere } from '../../impl/edit.ts'
import { flatten } from '../../impl/flatten.ts'
import { bugs } from '../../spec/history.ts'
import type { Edit, System } from '../../spec/lang.ts'
import { pair, systems } from '../../spec/systems.ts'
import { neededRules } from '../needed.ts'
import { tellBug } from './history.ts'
import { honestRuns } from './honest.ts'
import { knownOf } from './known.ts'
import needed from './needed.json' with { type: 'json' }
import { printPage } from './page.ts'
import { everyMutant, sample } from './sample.ts'
import { type Power, percent, shareOf } from './score.ts'
import { indexOf, neededBy } from './seen-by.ts'
import { drawPower } from './svg.ts'
import { tryEdits, unlike } from './trial.ts'
import { lies, liesOf, recordedOf } from './wire.ts'

const docs = join(import.meta.dirname, '../../docs')
const power = JSON.parse(readFileSync(join(docs, 'power.json'), 'utf8')) as Power
/** Rows that nobody notices: this list may only become shorter. */
const missed: readonly number[] = []
/** Bugs that the stored score does not tell of: this list may only become shorter. */
const untried: readonly number[] = []
const effort = { runs: 6, systems: 1, seed: 1, claims: false }
const named = (name: string) => (systems as unknown as readonly System[]).find(system => system.name === name) as System

test('the page and the picture are what the score says', () => {
  expect(readFileSync(join(docs, 'power.md'), 'utf8')).toBe(printPage(power))
  expect(readFileSync(join(docs, 'power.svg'), 'utf8')).toBe(drawPower(power))
})

test('no bug of the past that was tried was missed, and no honest run was rejected', () => {
  expect([...new Set(power.history.filter(({ by }) => by === '').map(({ id }) => id))]).toEqual(missed)
  expect(bugs.filter(({ id }) => !power.history.some(told => told.id === id)).map(({ id }) => id)).toEqual(untried)
  expect(power.honest.filter(({ alarms }) => alarms > 0)).toEqual([])
})

describe('an edit', () => {
  const drop: readonly Edit[] = [
    { change: 'begin to write the snapshot', to: { does: { migration: '-> wait-unplug' } } },
  ]

  test('that changes what is seen is noticed', { timeout: 60_000 }, () => {
    expect(tryEdits(drop, '11.1', effort).verdict).toBe('noticed')
  })

  test('that changes nothing is equivalent', { timeout: 60_000 }, () => {
    const same: readonly Edit[] = [
      { change: 'begin to write the snapshot', to: { cite: 'elsewhere.c:nothing' } as object },
    ]
    expect(tryEdits(same, '11.1', effort)).toMatchObject({ verdict: 'equivalent' })
  })

  test.each([
    ['refuses for one reason what is refused for another is equivalent', 'migration', 'equivalent', 'seen alike'],
    ['that only leaves out what need not come survives, and is known to', undefined, 'survives', 'less'],
  ] as const)('%s', { timeout: 120_000 }, (_, loose, verdict, by) => {
    // An error is an error, whatever it says; and no guest has to panic.
    const edits: readonly Edit[] =
      loose === undefined
        ? [{ change: 'panic and be paused for want of a shutdown', to: { where: { reset: ['no', 'asked'] } } }]
        : [{ change: 'refuse a background snapshot with release-ram', to: { where: { [loose]: undefined } } }]
    const rule = 'change' in (edits[0] as object) ? (edits[0] as { change: string }).change : ''
    expect(tryEdits(edits, '11.1', effort, rule)).toMatchObject({ verdict, by })
  })

  test('is seen where it makes a difference, and nowhere else', { timeout: 60_000 }, () => {
    const system = named('background snapshot')
    const { graph, flat } = knownOf(system, '11.1')
    expect(differing(graph, flat)).toEqual([])
    const other = flatten(editedWhere(system, [{ change: 'cancel once more', to: { says: [] } }]) ?? system, '11.1')
    expect(changed(flat, other).lost.length).toBeGreaterThan(0)
    const states = differing(graph, other)
    expect(states.length).toBeGreaterThan(0)
    expect(states.length).toBeLessThan(graph.size.states)
  })
})

test('mutants that were noticed are noticed still', { timeout: 120_000 }, () => {
  // Of the small systems, so that this takes seconds; `lockstep mutants` tries them all.
  const small = ['background snapshot', 'jobs', 'COLO with a vCPU']
  const kept = power.rules.filter(one => one.by === 'run' && one.version === '11.1' && small.includes(one.system))
  const drawn = sample(kept as never, 4, 1) as unknown as typeof kept
  const all = everyMutant('11.1')
  const again = drawn.map(({ id }) => {
    const mutant = all.find(one => one.id === id)
    return mutant === undefined
      ? { id, verdict: 'is no mutant any more' }
      : { id, verdict: tryEdits(mutant.edits, '11.1', { ...effort, runs: 8, systems: 2 }, mutant.rule).verdict }
  })
  expect(drawn.length).toBeGreaterThan(0)
  expect(again.filter(({ verdict }) => verdict !== 'noticed')).toEqual([])
})

test('a bug of the past is noticed, by its claim and by a run', { timeout: 120_000 }, () => {
  const bug = bugs.find(({ id }) => id === 9)
  expect(bug && tellBug(bug, '11.1', 1)).toMatchObject({
    noticed: true,
    claim: 'a migrate that is refused for its address leaves failed behind',
    run: expect.stringContaining('MIGRATION {"status":"setup"}'),
  })
})

describe('what real QEMUs were seen to do', () => {
  test('is named by rules and transcripts that are there', () => {
    for (const [version, rules] of Object.entries(needed as { [version: string]: { [rule: string]: string[] } })) {
      const known = new Set(flatten(pair as unknown as System, version).rules.map(({ rule }) => rule.name))
      const files = new Set(recordedOf(version).map(({ file }) => file))
      // A rule that was given another name is found again by `node scripts/needed.ts`; many such names mean that it is due.
      const strays = [
        ...Object.keys(rules).filter(name => !known.has(name)),
        ...[...new Set(Object.values(rules).flat())].filter(file => !files.has(file)),
      ]
      expect(strays.length, strays.join(', ')).toBeLessThan(10)
    }
  })

  test('needs the rules that it is said to need', { timeout: 60_000 }, () => {
    const [file = ''] = neededBy('11.1', 'announce active')
    const transcript = recordedOf('11.1').find(one => one.file === file)
    expect(transcript && neededRules(transcript, '11.1', new Set())).toContain('announce active')
  })

  test('is not allowed without them', { timeout: 60_000 }, () => {
    const files = neededBy('11.1', 'announce active')
    expect(unlike([{ drop: 'announce active' }], '11.1', files)).toBe(files[0])
    expect(unlike([{ change: 'announce active', to: { cite: 'elsewhere.c:nothing' } as object }], '11.1', files)).toBe(
      undefined,
    )
  })

  test('is kept of different scenarios first, the shortest of each', () => {
    const of = (file: string, lines: number) => ({ file, header: {}, lines: Array.from({ length: lines }) }) as never
    const shown = [
      ['a-1.ndjson', 3],
      ['a-2.ndjson', 2],
      ['b-1.ndjson', 9],
    ].map(([file, lines]) => ({ transcript: of(String(file), Number(lines)), rules: ['stop'] }))
    expect(indexOf(shown)).toEqual({ stop: ['a-2.ndjson', 'b-1.ndjson', 'a-1.ndjson'] })
  })
})

test('honest runs are believed', { timeout: 120_000 }, () => {
  expect(honestRuns('11.1', 8, 7)).toEqual({ version: '11.1', runs: 8, alarms: 0 })
})

test('every kind of lie can be told of recorded transcripts', () => {
  const told = new Set(
    recordedOf('7.2')
      .concat(recordedOf('11.1'))
      .flatMap(liesOf)
      .map(({ kind }) => kind),
  )
  expect([...told].sort()).toEqual([...lies].sort())
})

test('a share leaves out what nobody can notice', () => {
  const one = { id: '', version: '', machine: '', operator: '', by: '', system: '', what: '' }
  const share = shareOf([
    { ...one, verdict: 'noticed' },
    { ...one, verdict: 'survives' },
    { ...one, verdict: 'equivalent' },
  ])
  expect(share).toEqual({ noticed: 1, of: 2, equivalent: 1 })
  expect(percent(share)).toBe('50.0 %')
  expect(percent({ noticed: 0, of: 0 })).toBe('-')
})
