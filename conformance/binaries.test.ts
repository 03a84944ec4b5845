import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { findQemus, qemusForTests, versionOf } from './binaries.ts'
import { tempDir } from './temp.ts'

let store = ''
beforeEach(() => {
  store = mkdtempSync(join(tempDir(), 'store-'))
  vi.stubEnv('PATH', '/usr/bin:/bin')
})
afterEach(() => vi.unstubAllEnvs())

function script(folder: string, body: string): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'qemu-system-x86_64')
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}
const says = (version: string) => `echo 'QEMU emulator version ${version} (Debian 1:${version}+ds-1)'`

describe('a version', () => {
  test('is the first line of --version', () => {
    expect(versionOf(script(store, says('11.1.3')))).toBe('11.1.3')
  })

  test.each([
    ['echo hello', /--version: not a QEMU \(exit code 0\): hello$/],
    ['echo no library >&2; exit 127', /--version: not a QEMU \(exit code 127\): no library$/],
    ['kill -9 $$', /--version: not a QEMU \(SIGKILL\): $/],
    ['exec sleep 10', /--version: spawnSync .* ETIMEDOUT$/],
  ])('is not to be had from %j', (body, message) => {
    expect(() => versionOf(script(store, body), 200)).toThrow(message)
  })

  test('is not to be had from what is not there', () => {
    expect(() => versionOf('/nowhere/qemu')).toThrow('/nowhere/qemu --version: spawnSync /nowhere/qemu ENOENT')
  })
})

describe('the QEMUs found', () => {
  test('are one a version, the oldest first, unpacked ones before the host’s', () => {
    const sid = script(join(store, 'sid'), says('11.1.3'))
    const trixie = script(join(store, 'trixie'), says('10.0.13'))
    script(join(store, 'forky.tmp'), 'exit 1')
    mkdirSync(join(store, 'empty'))
    const host = mkdtempSync(join(tempDir(), 'bin-'))
    vi.stubEnv('PATH', `${host}:/usr/bin:/bin`)
    const own = script(host, says('7.2.22'))
    expect(findQemus(store)).toEqual([
      { path: own, suite: 'host', version: '7.2.22' },
      { path: trixie, suite: 'trixie', version: '10.0.13' },
      { path: sid, suite: 'sid', version: '11.1.3' },
    ])
    script(host, says('11.1.3'))
    expect(findQemus(store).map(({ suite }) => suite)).toEqual(['trixie', 'sid'])
  })

  test('are none where one does not start', () => {
    script(join(store, 'sid'), 'exit 1')
    expect(() => findQemus(store)).toThrow('not a QEMU')
  })
})

describe('tests that need a QEMU', () => {
  const missing = '/nowhere/.qemu'

  test('skip with a reason', () => {
    vi.stubEnv('LOCKSTEP_REQUIRE_QEMU', '')
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    expect(qemusForTests(missing).reason).toBe(' (skipped: no QEMU in /nowhere/.qemu; run scripts/setup.sh)')
    expect(warn).toHaveBeenCalledWith('skipped: no QEMU in /nowhere/.qemu; run scripts/setup.sh')
    warn.mockRestore()
  })

  test('fail where a QEMU is promised', () => {
    vi.stubEnv('LOCKSTEP_REQUIRE_QEMU', '1')
    expect(() => qemusForTests(missing)).toThrow('LOCKSTEP_REQUIRE_QEMU=1, but there is no QEMU in /nowhere/.qemu')
  })
})
