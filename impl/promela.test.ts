import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { claims } from '../spec/claims.ts'
import { machine, type System, system } from '../spec/lang.ts'
import { snapshots as ofSnapshots, systems } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import { comings } from './comings.ts'
import { explore } from './explore.ts'
import type { Flat } from './flat.ts'
import { flatten } from './flatten.ts'
import { cellsOf, pack } from './pack.ts'
import { promela, startCount, startOf } from './promela.ts'

const snapshots = ofSnapshots as unknown as System

const has = (program: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}
const missing = ['spin', 'gcc'].filter(program => !has(program))
const reason = missing.length === 0 ? undefined : `${missing.join(' and ')} not found; npm run setup installs it`
if (reason !== undefined) {
  if (process.env.LOCKSTEP_REQUIRE_QEMU === '1') throw new Error(reason)
  console.log(`Spin is not asked: ${reason}`)
}

const folder = mkdtempSync(join(tmpdir(), 'lockstep-spin-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What `pan` counts: states stored, and transitions without the one that starts. */
function spin(model: string, ...flags: string[]): { states: number; steps: number; depth: number; errors: number } {
  writeFileSync(join(folder, 'model.pml'), model)
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
  run('spin', '-o1', '-o2', '-a', 'model.pml')
  run('gcc', flags.length > 0 ? '-O0' : '-O1', '-w', ...flags, '-DSAFETY', '-DNOREDUCE', '-o', 'pan', 'pan.c')
  const said = run('./pan', '-E', '-m2000000', '-w22')
  const number = (pattern: RegExp): number => Number(pattern.exec(said)?.[1] ?? Number.NaN)
  return {
    states: number(/(\d+) states, stored/),
    steps: number(/(\d+) transitions/) - 1,
    depth: number(/depth reached (\d+)/),
    errors: number(/errors: (\d+)/),
  }
}

/** The counts alone: how deep a depth-first search goes says nothing. */
const sizeOf = ({ states, steps }: { states: number; steps: number }) => ({ states, steps })

const counts = (flat: Flat): { states: number; steps: number } => {
  const { states, steps } = explore(pack(flat)).size
  return { states, steps }
}

describe.skipIf(reason !== undefined)('Spin', () => {
  test.each(['COLO quit', 'COLO pair'])('counts what we count of %s', { timeout: 120_000 }, wanted => {
    const real = systems.find(({ name }) => name === wanted) as unknown as System
    const flat = flatten(real, '11.1')
    expect(startCount(flat)).toBe(1)
    expect(sizeOf(spin(promela(flat)))).toEqual(counts(flat))
  })

  test('counts what we count of random systems', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(randomSystem, made => {
        const flat = flatten(made as System, RANDOM_VERSION)
        fc.pre(startCount(flat) === 1)
        expect(sizeOf(spin(promela(flat)))).toEqual(counts(flat))
      }),
      // A shrink would compile a model for each of its steps.
      { numRuns: 8, endOnFailure: true },
    )
  })

  test.each(versions)(
    'finds the states, steps and depth that we find of a small system of %s',
    { timeout: 120_000 },
    version => {
      const real = flatten(snapshots, version)
      const start = startOf(real)
      const flat = { ...real, variables: real.variables.map((one, i) => ({ ...one, start: 1 << (start[i] ?? 0) })) }
      const { size } = explore(pack(flat))
      const found = spin(promela(flat), '-DBFS')
      expect({ ...sizeOf(found), depth: found.depth }).toEqual(size)
    },
  )

  test('comes where we come, and not where a rule that is left out keeps us from', { timeout: 120_000 }, () => {
    const real = flatten(snapshots, '11.1')
    const start = startOf(real)
    const flat = { ...real, variables: real.variables.map((one, i) => ({ ...one, start: 1 << (start[i] ?? 0) })) }
    const plain = claims.filter(
      ({ system: of, kind, rule, without, observers }) =>
        of === snapshots.name &&
        /never|sometimes/.test(kind) &&
        rule === undefined &&
        without.length + observers.length === 0,
    )
    const seen = plain.slice(0, 2).flatMap(({ name, where }) => {
      const patterns = where.map(pattern => cellsOf(flat, pattern))
      return comings(flat, patterns).map(({ flat: of, comes }) => {
        expect(spin(promela(of, 0, patterns), '-DBFS').errors > 0, name).toBe(comes)
        return comes
      })
    })
    expect(new Set(seen).size).toBe(2)
  })

  test('notices a rule that one of us has and the other has not', { timeout: 60_000 }, () => {
    const rules = (extra: boolean) => ({
      a: [
        { name: 'go', cite: 'x.c:y', does: { at: 'here -> there' } as const },
        ...(extra ? [{ name: 'come', cite: 'x.c:y', does: { at: 'there -> here' } as const }] : []),
      ],
    })
    const made = (extra: boolean) =>
      flatten(
        system('two', {
          about: '',
          sides: { s: [machine('m', { at: ['here', 'there'] }, rules(extra))] },
        }) as unknown as System,
        '1.0',
      )
    expect(sizeOf(spin(promela(made(true))))).toEqual(counts(made(true)))
    expect(sizeOf(spin(promela(made(true))))).not.toEqual(counts(made(false)))
  })
})

test('a model can be read', () => {
  const values = { door: ['shut', 'ajar', 'open'], lamp: ['off', 'on'] } as const
  const rules = { hand: [{ name: 'push', cite: 'x.c:y', where: { lamp: 'on' }, does: { door: '-> open' } } as const] }
  const flat = flatten(
    system('room', {
      about: '',
      sides: { s: [machine('m', values, rules)] },
      start: { 's.lamp': ['off', 'on'] },
    }) as unknown as System,
    '1.0',
  )
  expect(promela(flat, 1)).toMatchInlineSnapshot(`
    "/* room, version 1.0, start 2 of 2 */
    byte s_door = 0; /* 0 shut, 1 ajar, 2 open */
    byte s_lamp = 1; /* 0 off, 1 on */
    byte s_process = 0; /* 0 alive, 1 gone */

    active proctype rules() {
      do
      :: d_step { (s_lamp == 1 && s_process == 0) -> s_door = 2 } /* s/push */
      od
    }
    "
  `)
})
