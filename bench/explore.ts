/**
 * How fast the explorer is, as a ratio: against Spin's `pan`, on the very same model, in the same run.
 *
 *     npm run bench
 *
 * Absolute figures move with the machine; only the ratio says anything.
 * Medians of three, taken in turns.  Needs spin and gcc (`npm run setup`).
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { explore } from '../impl/explore.ts'
import { flatten } from '../impl/flatten.ts'
import { pack } from '../impl/pack.ts'
import { promela } from '../impl/promela.ts'
import type { System } from '../spec/lang.ts'
import { systems } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'

const version = versions[versions.length - 1] ?? ''
const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'))
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

try {
  const flat = flatten(systems.find(system => system.name === 'COLO pair') as unknown as System, version)
  writeFileSync(join(folder, 'model.pml'), promela(flat))
  run('spin', '-o1', '-o2', '-a', 'model.pml')
  run('gcc', '-O2', '-w', '-DSAFETY', '-DNOREDUCE', '-o', 'pan', 'pan.c')
  const packed = pack(flat)
  const slow = pack(flat, 'interpret')
  const rates: { js: number[]; interpret: number[]; pan: number[] } = { js: [], interpret: [], pan: [] }
  for (let round = 0; round < 3; round++) {
    for (const [engine, model] of [
      ['js', packed],
      ['interpret', slow],
    ] as const) {
      const begun = performance.now()
      const { states } = explore(model).size
      rates[engine].push((states / (performance.now() - begun)) * 1000)
    }
    const begun = performance.now()
    const said = run('./pan', '-E', '-m2000000', '-w22')
    rates.pan.push((Number(/(\d+) states, stored/.exec(said)?.[1]) / (performance.now() - begun)) * 1000)
  }
  const pan = median(rates.pan)
  console.log(
    `${flat.name} under ${version}: distinct states a second, and as a ratio to pan -O2 -DSAFETY -DNOREDUCE (wall time of the process)`,
  )
  for (const [engine, list] of Object.entries(rates)) {
    console.log(
      `  ${engine.padEnd(10)} ${Math.round(median(list)).toLocaleString('en').padStart(10)}  ${(median(list) / pan).toFixed(2)} x`,
    )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
