import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { qemusForTests } from './binaries.ts'
import { LaunchError, launch, qemuArgs } from './launch.ts'
import { Recorder } from './record.ts'
import { tempDir } from './temp.ts'

const { qemus, reason } = qemusForTests()

/** A process that is there and no zombie. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 400 && alive(pid); i++) await sleep(5)
  return !alive(pid)
}

let count = 0
const start = (binary: string, args = qemuArgs({ paused: true })) =>
  launch({ binary, args, name: `q${++count}`, dir: tempDir() })

describe.skipIf(reason).each(qemus)(`QEMU $version${reason}`, ({ path, version }) => {
  test('starts, greets, quits, and leaves nothing', async () => {
    const qemu = await start(path)
    expect([qemu.version, qemu.client.oob]).toEqual([version, true])
    // The pid is QEMU's own, through setpriv and any wrapper.
    expect(readFileSync(`/proc/${qemu.pid}/cmdline`, 'utf8')).toMatch(/qemu-system-x86_64\0.*-qmp\0/)
    expect(readFileSync(`/proc/${qemu.pid}/comm`, 'utf8')).toMatch(/^(qemu-system-x86|ld-linux-x86-64)/)
    // A session of its own: Ctrl-C is for us.
    expect(readFileSync(`/proc/${qemu.pid}/stat`, 'utf8').split(' ')[5]).toBe(String(qemu.pid))
    expect(await qemu.client.execute('query-status')).toMatchObject({ return: { running: false } })
    await qemu.stop()
    expect(await qemu.exited).toEqual({ code: 0, signal: null })
    expect(qemu.signalled()).toBeUndefined()
    expect(alive(qemu.pid)).toBe(false)
    expect(existsSync(join(tempDir(), `${qemu.name}.qmp`))).toBe(false)
    // Nothing stray on the terminal.
    expect(qemu.stderr()).toBe('')
  })

  test('is killed when it does not quit', async () => {
    const taps: unknown[] = []
    const options = { binary: path, args: qemuArgs(), name: `q${++count}`, dir: tempDir(), timeoutScale: 0.2 }
    const qemu = await launch({ ...options, qmpTimeoutMs: 100_000, tap: (dir, msg) => dir === '!!' && taps.push(msg) })
    qemu.kill('SIGSTOP')
    const before = performance.now()
    await qemu.stop()
    expect(performance.now() - before).toBeLessThan(2000)
    expect(await qemu.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(taps).toEqual([{ fault: 'stop' }, { fault: 'kill' }])
    expect(qemu.kill('SIGKILL')).toBe(false)
    await qemu.stop()
  })

  test('that does not start says why', async () => {
    const error = await start(path, ['-machine', 'nonsense']).catch(error => error)
    expect(error).toBeInstanceOf(LaunchError)
    expect(error.exit).toEqual({ code: 1, signal: null })
    expect(error.message).toMatch(/^q\d+: .* exited with code 1 before its greeting:\n[\s\S]*unsupported machine type/)
    expect(error.stderr).toContain('-machine help')
  })

  test('is recorded to its end', async () => {
    const recorder = new Recorder()
    const tap = recorder.tap('src')
    const qemu = await launch({ binary: path, args: qemuArgs(), name: `q${++count}`, dir: tempDir(), tap })
    recorder.follow('src', qemu)
    recorder.begin({ lockstep: 1, qemu: qemu.version })
    await qemu.client.execute('stop')
    expect(await recorder.quiet(0.1)).toBe(true)
    const killed = await launch({
      binary: path,
      args: qemuArgs(),
      name: `q${++count}`,
      dir: tempDir(),
      tap: recorder.tap('dst'),
    })
    recorder.follow('dst', killed)
    killed.kill('SIGKILL')
    await qemu.stop()
    await recorder.ended()
    const words = recorder.lines.map(({ side, dir, msg }) => {
      const { execute, event, exit, fault } = msg
      return `${side} ${dir} ${execute ?? event ?? fault ?? (exit ? JSON.stringify(exit) : Object.keys(msg)[0])}`
    })
    const src = words.filter(word => word.startsWith('src'))
    // Whether a quit is answered or announced first is QEMU's affair.
    expect([...src.slice(0, 8), ...src.slice(8, 10).sort(), ...src.slice(10)]).toEqual([
      'src <- QMP',
      'src -> qmp_capabilities',
      'src <- return',
      'src -> stop',
      'src <- STOP',
      'src <- return',
      'src !! quiet',
      'src -> quit',
      'src <- SHUTDOWN',
      'src <- return',
      'src !! {"code":0,"signal":null,"by":"self"}',
    ])
    expect(words.filter(word => word.startsWith('dst'))).toEqual([
      'dst <- QMP',
      'dst -> qmp_capabilities',
      'dst <- return',
      'dst !! kill',
      'dst !! {"code":null,"signal":"SIGKILL","by":"harness"}',
    ])
  })
})

describe.skipIf(reason)(`a lockstep that has started a QEMU${reason}`, () => {
  const binary = qemus.at(-1)?.path ?? ''

  /** A process that launches a QEMU and prints its pid; in a terminal's foreground group of its own. */
  async function lockstep(
    script = '',
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ child: ChildProcess; pid: number; base: string; exit: Promise<unknown[]> }> {
    const base = mkdtempSync(join(tempDir(), 'run-'))
    const module = (name: string) => JSON.stringify(join(import.meta.dirname, name))
    const text = `import { launch, qemuArgs } from ${module('launch.ts')}
      import { tempDir } from ${module('temp.ts')}
      const qemu = await launch({ binary: ${JSON.stringify(binary)}, args: qemuArgs(), name: 'q', dir: tempDir() })
      console.log(qemu.pid)
      ${script}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
      env: { ...process.env, TMPDIR: base, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    })
    const exit = once(child, 'exit')
    const [out] = await once(child.stdout, 'data')
    return { child, pid: Number(out), base, exit }
  }

  test.each([
    ['ends without a word', 'process.exit(0)', 0],
    ['fails', 'throw new Error()', 1],
  ])('and %s takes it along', async (_, script, code) => {
    const { pid, base, exit } = await lockstep(script)
    expect(await exit).toEqual([code, null])
    expect(await gone(pid)).toBe(true)
    expect(readdirSync(base)).toEqual([])
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('and gets %s, as its whole group does on Ctrl-C, takes it along', async (signal, code) => {
    const { child, pid, base, exit } = await lockstep()
    expect(alive(pid)).toBe(true)
    process.kill(-(child.pid ?? 0), signal)
    expect(await exit).toEqual([code, null])
    expect(await gone(pid)).toBe(true)
    expect(readdirSync(base)).toEqual([])
  })

  test('where there is no setpriv, and gets SIGTERM, takes it along', async () => {
    // The wrappers of unpacked QEMUs need this much.
    const bin = mkdtempSync(join(tempDir(), 'bin-'))
    symlinkSync('/usr/bin/readlink', join(bin, 'readlink'))
    const { child, pid, exit } = await lockstep('', { PATH: bin })
    child.kill('SIGTERM')
    expect(await exit).toEqual([143, null])
    expect(await gone(pid)).toBe(true)
  })

  test('and is killed takes it along all the same', async () => {
    const { child, pid, base, exit } = await lockstep()
    expect(alive(pid)).toBe(true)
    child.kill('SIGKILL')
    await exit
    expect(await gone(pid)).toBe(true)
    expect(readdirSync(base)).toHaveLength(1)
  })
})

describe('launching', () => {
  const from = (binary: string, args: string[]) =>
    launch({ binary, args, name: `q${++count}`, dir: tempDir(), qmpTimeoutMs: 300 })

  test('what is not there says so', async () => {
    const error = await from('/nowhere/qemu', []).catch(error => error)
    expect(error).toBeInstanceOf(LaunchError)
    expect(error.message).toMatch(/^q\d+: \/nowhere\/qemu exited with code 127 before its greeting:\n.*No such file/)
  })

  test('what never greets kills it in time', async () => {
    const before = performance.now()
    const error = await from('/bin/sh', ['-c', 'echo hello >&2; echo $$ >&2; exec sleep 60', 'sh']).catch(
      error => error,
    )
    expect(error).toBeInstanceOf(LaunchError)
    expect(error.message).toMatch(/cannot connect within 0\.3 s \(ENOENT\):\nhello\n\d+$/)
    expect(alive(Number(error.stderr.trim().split('\n').at(-1)))).toBe(false)
    expect(performance.now() - before).toBeLessThan(3000)
  })

  test('where a socket path would be too long says so', async () => {
    const dir = join(tempDir(), 'x'.repeat(90))
    mkdirSync(dir)
    await expect(launch({ binary: 'true', args: [], name: 'src', dir })).rejects.toThrow(
      /src: the socket path .* is too long/,
    )
    rmSync(dir, { recursive: true })
  })

  test('keeps the last of what is written', async () => {
    const error = await from('/bin/sh', ['-c', 'seq 100000; exit 3', 'sh']).catch(error => error)
    expect(error.stderr.length).toBe(64 * 1024)
    expect(error.exit).toEqual({ code: 3, signal: null })
    expect(error.stderr).toMatch(/\n100000\n$/)
  })
})
