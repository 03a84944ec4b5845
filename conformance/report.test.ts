/** What a person and a machine read of results. */
import { describe, expect, test } from 'vitest'
import type { Result } from './conform.ts'
import { exitCode } from './report.ts'
import { printJsonReport } from './reports/json.ts'
import { printJunit } from './reports/junit.ts'
import { printReport } from './reports/terminal.ts'

const base = {
  ...{ case: 'precopy/cancel/1', endpoint: '.qemu/sid/qemu', version: '11.1.3', seed: 1, seconds: 1.5 },
  ...{
    verdict: 'conforms',
    expected: true,
    message: '',
    rerun: 'lockstep conform --qemu .qemu/sid/qemu --only precopy/cancel/1 --seed 1',
  },
} as const satisfies Result
const violates: Result = {
  ...{
    ...base,
    case: 'colo/checkpoints/1',
    verdict: 'violates',
    expected: false,
    line: 9,
    message: 'recording:9  src  STOP\n  could not <come> here\u0007',
  },
}
const old: Result = {
  ...base,
  endpoint: 'qemu',
  version: '7.2.22',
  verdict: 'inconclusive',
  message: 'there are no rules for QEMU 7.2 yet',
}

describe('a report', () => {
  test('is a table, then what is worth saying, then a sum', () => {
    expect(
      printReport([base, { ...base, seed: 2 }, violates, old, { ...old, case: 'colo/checkpoints/1' }]),
    ).toMatchInlineSnapshot(`
      "                    QEMU 11.1.3   QEMU 7.2.22
      precopy/cancel/1    conforms 2/2  inconclusive
      colo/checkpoints/1  violates      inconclusive

      violates: colo/checkpoints/1 (QEMU 11.1.3)
        recording:9  src  STOP
          could not <come> here?
        again: lockstep conform --qemu .qemu/sid/qemu --only precopy/cancel/1 --seed 1

      inconclusive: precopy/cancel/1, colo/checkpoints/1 (QEMU 7.2.22)
        there are no rules for QEMU 7.2 yet

      5 runs: 2 conforms, 2 inconclusive, 1 violates
      "
    `)
  })

  test('stays within 80 columns, however many targets there are', () => {
    const results = [1, 2, 3, 4, 5, 6].flatMap(n => [
      { ...base, endpoint: `reference ${n}.0`, version: `${n}.0.0` },
      { ...violates, endpoint: `reference ${n}.0`, version: `${n}.0.0`, message: '' },
    ])
    const [table = ''] = printReport(results).split('\nviolates:')
    expect(Math.max(...table.split('\n').map(line => line.length))).toBeLessThanOrEqual(80)
    for (const n of [1, 2, 3, 4, 5, 6]) expect(table).toContain(`reference ${n}.0`)
  })

  test('is one object with a summary for scripts', () => {
    const { results, summary } = JSON.parse(printJsonReport([base, violates]))
    expect(results).toEqual([base, violates])
    expect(summary).toEqual({
      results: 2,
      conforms: 1,
      'known deviation': 0,
      inconclusive: 0,
      skipped: 0,
      error: 0,
      violates: 1,
    })
  })

  test.each([
    [[], 0],
    [[base, old], 0],
    [[base, violates], 1],
    [[{ ...base, verdict: 'error', expected: false } as const], 3],
    [[violates, { ...base, verdict: 'error', expected: false } as const], 1],
    [[{ ...base, verdict: 'inconclusive', expected: false } as const], 1],
  ] as const)('decides the exit code: %#', (results, code) => {
    expect(exitCode(results)).toBe(code)
  })

  test('is JUnit, with nothing in it that XML cannot hold', () => {
    const xml = printJunit([base, violates, old])
    expect(xml).toContain('tests="3" failures="1" errors="0" skipped="1"')
    expect(xml).toContain('could not &lt;come> here?')
    expect(xml).toContain('again: lockstep conform')
  })
})
