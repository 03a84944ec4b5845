/** Disks that are full. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Recorder } from './record.ts'
import { StoreError, store, storeIn } from './store.ts'
import { tempDir } from './temp.ts'

const cli = join(import.meta.dirname, 'cli.ts')
const folder = mkdtempSync(join(tempDir(), 'full-'))

/** Runs something with a folder that holds no more than so much; answers what is left in it at the end. */
function within(size: string, script: string): { code: number | null; stderr: string; left: string } {
  const dir = mkdtempSync(join(folder, 'disk-'))
  const words = `mount -t tmpfs -o size=${size} tmpfs ${dir} && cd ${dir} && { ${script}; code=$?; find . -type f; exit $code; }`
  const { status, stderr, stdout } = spawnSync('unshare', ['-m', 'sh', '-c', words], { encoding: 'utf8' })
  return { code: status, stderr, left: stdout }
}

const may = within('64k', 'true').code === 0
const reason = may ? '' : ' (skipped: no small disk can be mounted here)'

describe('what cannot be written', () => {
  test('is said, with its path and the reason, and no half of it is left', () => {
    const path = join(folder, 'none', 'file')
    expect(() => store(path, 'text')).toThrow(StoreError)
    expect(() => store(path, 'text')).toThrow(`${path}: cannot be written: ENOENT`)
    writeFileSync(join(folder, 'file'), '')
    expect(() => storeIn(join(folder, 'file', 'in'))).toThrow(/file\/in: cannot be written: ENOTDIR/)
    symlinkSync('/dev/full', join(folder, 'disk'))
    expect(() => store(join(folder, 'disk'), 'text')).toThrow(/disk: cannot be written: the disk is full \(ENOSPC\)$/)
    // A device is not removed, nor is what leads there.
    expect(readdirSync(folder)).toContain('disk')
  })

  test('holds up nobody who is being recorded; the end of the recording tells', () => {
    const path = join(folder, 'log')
    symlinkSync('/dev/full', path)
    const recorder = new Recorder(path)
    const tap = recorder.tap('src')
    recorder.begin({ lockstep: 1 })
    for (let i = 0; i < 3; i++) tap('<-', { event: 'STOP' })
    expect(recorder.lines).toHaveLength(3)
    expect(() => recorder.finish()).toThrow(`${path}: cannot be written: the disk is full (ENOSPC)`)
  })
})

describe.skipIf(!may)(`on a full disk${reason}`, () => {
  const run = `${process.execPath} ${cli} conform --only precopy/dead-address/1 --repeat 8 --jobs 4`

  test('a run whose transcripts do not fit says which, and leaves no half of one', { timeout: 60_000 }, () => {
    const { code, stderr, left } = within('32k', `${run} --out out`)
    expect(stderr).toMatch(/^lockstep: out\/transcripts\/\S+: cannot be written: the disk is full \(ENOSPC\)\n$/)
    expect(code).toBe(3)
    expect(left).not.toContain(/: cannot/.exec(stderr)?.input.slice(10, stderr.indexOf(': cannot')) ?? '?')
  })

  test('a run that has no room for anything of its own says so, and leaves nothing', { timeout: 60_000 }, () => {
    const script = `head -c 200k /dev/zero > rest 2>/dev/null; TMPDIR=$PWD ${run}`
    const { code, stderr, left } = within('16k', script)
    expect(stderr).toMatch(/lockstep: \S+\/lockstep-\S+: cannot be written: the disk is full \(ENOSPC\)\n$/)
    expect(code).toBe(3)
    expect(left).toBe('./rest\n')
  })
})
