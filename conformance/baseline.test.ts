import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compareWith, type Known, printBaseline, readBaseline, readBaselineToUpdate } from './baseline.ts'
import type { Result } from './conform.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-baseline-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const base: Result = {
  ...{ case: 'precopy/cancel/1', endpoint: 'new/qemu', version: '11.1.50', seed: 1, seconds: 1, rerun: 'again' },
  ...{ verdict: 'conforms', expected: true, message: '' },
}
const violates = { ...base, verdict: 'violates', expected: false, message: 'bad' } as const
const open = { ...base, verdict: 'inconclusive', expected: false } as const
const skipped = { ...base, verdict: 'skipped', version: '' } as const
const error = { ...base, verdict: 'error', expected: false } as const
const deviates = { ...base, verdict: 'known deviation', claim: 'c' } as const
const frozen = { ...base, verdict: 'inconclusive', expected: true } as const
const news = { ...base, expected: false, deviation: 'd' } as const

const expectedOf = (before: Known, now: Result): boolean | undefined =>
  compareWith([before], [now]).results[0]?.expected

describe('against a baseline', () => {
  test.each([
    ['what is as bad', violates, violates, true],
    ['what is less bad', violates, open, true],
    ['what conforms now', violates, base, true],
    ['what was expected anyhow', base, deviates, true],
    ['what the rules let fall silent', base, frozen, true],
    ['a pass that was not expected', deviates, news, true],
    ['what was open', open, open, true],
    ['what was skipped', skipped, skipped, true],
  ] as const)('%s does not fail', (_, before, now, expected) => {
    expect(expectedOf(before, now)).toBe(expected)
  })

  test.each([
    ['what conformed', base, violates],
    ['what was known', deviates, violates],
    ['what was open', open, violates],
    ['what conformed, and is open now', base, open],
    ['what was run, and is not any more', base, skipped],
    ['what could not be run', error, error],
    ['what could not be run, though it was bad', violates, error],
  ] as const)('%s fails when it is worse', (_, before, now) => {
    expect(expectedOf(before, now)).toBe(false)
  })

  test('says why, and leaves what was said', () => {
    const [worse] = compareWith([base], [violates]).results
    expect(worse?.message).toBe('bad\nworse than the baseline, which has it as: conforms')
    const [same] = compareWith([violates], [violates]).results
    expect(same?.message).toBe('bad\nno worse than the baseline, which has it as: violates')
  })

  test('names what it does not have, what is better, and what was not run', () => {
    const other = { ...base, case: 'colo/a/1' }
    const left = { ...violates, case: 'colo/b/1' }
    const { results, remarks } = compareWith(
      [violates, left],
      [base, { ...other, verdict: 'violates', expected: false }],
    )
    expect(remarks).toEqual([
      'not in the baseline: colo/a/1',
      'better than the baseline: precopy/cancel/1; --update-baseline keeps it so',
      'in the baseline, and not run: colo/b/1',
    ])
    // A case that nobody has seen before stands for itself.
    expect(results.map(({ expected }) => expected)).toEqual([true, false])
  })

  test('finds the endpoint by its name, its version, its release, or as the only one', () => {
    const of = (endpoint: string, version: string, verdict: 'conforms' | 'violates'): Known => ({
      ...{ case: base.case, endpoint, version, verdict, expected: verdict === 'conforms' },
    })
    const bad = (...baseline: Known[]) => compareWith(baseline, [violates]).results[0]?.expected
    expect(bad(of('new/qemu', '1.0', 'violates'), of('b', '11.1.50', 'conforms'))).toBe(true)
    expect(bad(of('a', '11.1.50', 'violates'), of('b', '11.1.3', 'conforms'))).toBe(true)
    expect(bad(of('a', '11.1.3', 'violates'), of('b', '10.0.13', 'conforms'))).toBe(true)
    expect(bad(of('a', '10.0.13', 'violates'))).toBe(true)
    expect(bad(of('a', '10.0.13', 'violates'), of('b', '7.2.22', 'violates'))).toBe(false)
  })

  test('the worst of several runs counts', () => {
    expect(compareWith([base, { ...violates, seed: 2 } as Known], [violates]).results[0]?.expected).toBe(true)
  })
})

describe('a baseline', () => {
  const write = (text: string): string => {
    const file = join(folder, 'b.json')
    writeFileSync(file, text)
    return file
  }

  test('is written in lines of its own, keeps what was not run, and reads as it was', () => {
    const old: Known = { case: 'a/b/1', endpoint: 'x', version: '1.0', verdict: 'violates', expected: false }
    const again: Known = { ...old, case: base.case, endpoint: base.endpoint }
    const text = printBaseline(
      [old, again],
      [base, { ...base, seed: 2 }, { ...error, case: 'a/c/1' }, { ...deviates, case: 'a/d/1' }],
    )
    expect(text).toBe(`{"results": [
{"case":"a/b/1","endpoint":"x","version":"1.0","verdict":"violates","expected":false},
{"case":"a/d/1","endpoint":"new/qemu","version":"11.1.50","verdict":"known deviation","expected":true,"claim":"c"},
{"case":"precopy/cancel/1","endpoint":"new/qemu","version":"11.1.50","verdict":"conforms","expected":true}
]}
`)
    expect(printBaseline(readBaseline(write(text)), [])).toBe(text)
  })

  test('may be a whole report, and need not be there to be written', () => {
    expect(readBaseline(write(JSON.stringify({ results: [violates], summary: {} })))).toHaveLength(1)
    expect(readBaselineToUpdate(join(folder, 'none'))).toEqual([])
  })

  test.each([
    ['{', /b\.json: not JSON: /],
    ['[]', /b\.json: no results of an earlier run: /],
    ['{"results": [{"case": 1}]}', /b\.json: no results of an earlier run: .*case/],
    ['{"results": [{"case":"a","endpoint":"b","version":"c","verdict":"fine","expected":true}]}', /verdict/],
  ])('that is none says so: %s', (text, message) => {
    expect(() => readBaseline(write(text))).toThrow(message)
  })

  test('that is not there says how to write it', () => {
    expect(() => readBaseline(join(folder, 'none'))).toThrow(
      /none: cannot be read \(ENOENT\); --update-baseline writes it$/,
    )
  })
})
