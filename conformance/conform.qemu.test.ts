/** The cases on real QEMUs: each must keep to the rules of its release. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compareVersions } from '../impl/flat.ts'
import { suite } from '../spec/suite.ts'
import { qemusForTests } from './binaries.ts'
import type { Result } from './conform.ts'
import { profileOf } from './profile.ts'

const { qemus, reason } = qemusForTests()
const cli = join(import.meta.dirname, 'cli.ts')

const quick = suite.filter(of => of.quick).map(({ id }) => id)

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-conform-'))
})
afterEach(async () => {
  // Sockets and folders of a run are below this one, and QEMU's command line names its socket.
  expect(readdirSync(folder)).toEqual([])
  expect(await left()).toEqual([])
  rmSync(folder, { recursive: true, force: true })
})

/** The command lines of processes that mention our folder. */
const mentions = (): string[] =>
  readdirSync('/proc').flatMap(pid => {
    try {
      const words = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''
      return words.includes(folder) ? [words.replaceAll('\0', ' ')] : []
    } catch {
      // It has ended since.
      return []
    }
  })

/** Those that are still there once those that were about to end have. */
async function left(): Promise<string[]> {
  for (let i = 0; i < 100 && mentions().length > 0; i++) await sleep(20)
  return mentions()
}

const start = (...words: string[]) =>
  execa(process.execPath, [cli, 'conform', ...words], { reject: false, stdin: 'ignore', env: { TMPDIR: folder } })

async function conform(...words: string[]): Promise<{ exitCode: number | undefined; results: Result[] }> {
  const { exitCode, stdout } = await start('--json', ...words)
  return { exitCode, results: JSON.parse(stdout).results }
}

const withRules = qemus.filter(({ version }) => profileOf(version) !== undefined)
/** Those whose first checkpoints may freeze: fixed in 11.0. */
const older = qemus.filter(({ version }) => compareVersions(version, '11.0') < 0)

describe.skipIf(reason).each(withRules)(`QEMU $version${reason}`, ({ path, version }) => {
  // All of them take minutes: `lockstep conform --qemu BIN` runs them.
  test('keeps to its rules in the quick cases', { timeout: 300_000 }, async () => {
    const { exitCode, results } = await conform('--qemu', path, '--quick')
    const bad = results.filter(({ expected }) => !expected)
    expect(bad.map(({ message, rerun }) => `${message}\n${rerun}`)).toEqual([])
    expect(results.map(result => result.case)).toEqual(quick)
    const done = results.filter(({ verdict }) => verdict !== 'skipped')
    expect(new Set(done.map(result => result.version))).toEqual(new Set([version]))
    expect(done.length).toBeGreaterThan(40)
    expect(exitCode).toBe(0)
  })

  test('is gone after Ctrl-C', async () => {
    const running = start('--qemu', path, '--only', 'colo', '--jobs', '1')
    // Not before it has started its QEMUs.
    for (let i = 0; i < 500 && mentions().length < 2; i++) await sleep(10)
    // A launcher that is a script is there twice for a moment: a shell forks to ask where it is.
    await sleep(300)
    expect(mentions()).toHaveLength(2)
    running.kill('SIGINT')
    expect((await running).exitCode).toBe(130)
  })
})

describe.skipIf(reason !== '' || older.length === 0).each(older)(`QEMU $version${reason}`, ({ path }) => {
  test('may freeze at a checkpoint, as its rules have it, and the run ends by itself', {
    timeout: 120_000,
  }, async () => {
    const before = performance.now()
    // Whether a checkpoint freezes is a race: a freeze is nothing unexpected, nor is none.
    const { exitCode, results } = await conform('--qemu', path, '--only', 'colo/checkpoints/1,colo/failover-primary/1')
    expect(performance.now() - before).toBeLessThan(90_000)
    expect(results.filter(({ expected }) => !expected)).toEqual([])
    expect(exitCode).toBe(0)
    for (const { verdict, message } of results) {
      if (verdict === 'inconclusive')
        expect(message).toMatch(/had no answer for [\d.]+ s; an out-of-band command was answered/)
    }
  })
})
