import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sweep, tempDir } from './temp.ts'

let base = ''
beforeEach(() => {
  base = mkdtempSync('/tmp/lockstep-temp-test-')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

/** Runs a script that uses temp.ts; resolves when it has printed `ready`, or ended. */
async function run(script: string, env: NodeJS.ProcessEnv = {}) {
  const start = `import { onCleanup, tempDir } from ${JSON.stringify(join(import.meta.dirname, 'temp.ts'))}
    const forever = () => setInterval(() => {}, 1000)
    ${script}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', start], {
    env: { ...process.env, TMPDIR: base, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let out = ''
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal, out: out.trim() }))
  child.stdout.setEncoding('utf8')
  await Promise.race([
    exited,
    new Promise<void>(resolve =>
      child.stdout.on('data', text => {
        out += text
        if (out.includes('ready')) resolve()
      }),
    ),
  ])
  return { child, exited }
}

const deadPid = async (): Promise<number> => {
  const child = spawn('true')
  await once(child, 'close')
  return child.pid ?? 0
}

describe('the temporary folder', () => {
  test('is private, one a run, and fit for sockets', () => {
    expect(tempDir()).toMatch(new RegExp(`/lockstep-${process.pid}-[A-Za-z0-9]{6}$`))
    expect(tempDir()).toBe(tempDir())
    expect(statSync(tempDir()).mode & 0o777).toBe(0o700)
  })

  test('is in /tmp when TMPDIR would make socket paths too long', async () => {
    const long = join(base, 'x'.repeat(100))
    mkdirSync(long)
    const { exited } = await run('console.log(tempDir())', { TMPDIR: long })
    expect((await exited).out).toMatch(/^\/tmp\/lockstep-\d+-\w{6}$/)
  })

  test.each([
    ['at a normal end', 'tempDir()', 0],
    ['on process.exit', 'tempDir(); process.exit(3)', 3],
    ['after an exception', 'tempDir(); throw new Error()', 1],
    ['after a rejection that nobody handles', 'tempDir(); Promise.reject(new Error()); forever()', 1],
  ])('is removed %s', async (_, script, code) => {
    const { exited } = await run(script)
    expect((await exited).code).toBe(code)
    expect(readdirSync(base)).toEqual([])
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('is removed on %s', async (signal, code) => {
    const { child, exited } = await run('tempDir(); forever(); console.log("ready")')
    expect(readdirSync(base)).toHaveLength(1)
    child.kill(signal)
    expect(await exited).toMatchObject({ code, signal: null })
    expect(readdirSync(base)).toEqual([])
  })

  test('outlives SIGKILL only until the next run', async () => {
    const first = await run('tempDir(); forever(); console.log("ready")')
    const living = await run('tempDir(); forever(); console.log("ready")')
    first.child.kill('SIGKILL')
    await first.exited
    expect(readdirSync(base)).toHaveLength(2)
    const next = await run('tempDir()')
    await next.exited
    expect(readdirSync(base)).toEqual([expect.stringContaining(`lockstep-${living.child.pid}-`)])
    living.child.kill('SIGTERM')
    await living.exited
  })
})

describe('sweeping', () => {
  const make = (name: string, namespace?: string) => {
    mkdirSync(join(base, name))
    if (namespace !== undefined) writeFileSync(join(base, name, 'pid-namespace'), namespace)
  }

  test('touches nothing but what is surely ours and stale', async () => {
    const dead = await deadPid()
    const { child, exited } = await run('tempDir(); forever(); console.log("ready")')
    child.kill('SIGKILL')
    await exited
    const [stale = ''] = readdirSync(base)
    const namespace = readFileSync(join(base, stale, 'pid-namespace'), 'utf8')
    for (const name of [
      `lockstep-${dead}-abc`,
      `lockstep-${dead}-abcdefg`,
      `xlockstep-${dead}-abcdef`,
      'lockstep--abcdef',
    ]) {
      make(name, namespace)
    }
    make(`lockstep-${process.pid}-living`, namespace)
    make(`lockstep-${dead}-nofile`)
    make(`lockstep-${dead}-others`, 'pid:[1]')
    make(`lockstep-${dead}-myuser`, namespace)
    // Only root can make a folder somebody else's; others are kept from theirs by the kernel.
    if (process.getuid?.() === 0) chownSync(join(base, `lockstep-${dead}-myuser`), 12345, 12345)
    else rmSync(join(base, `lockstep-${dead}-myuser`), { recursive: true })
    writeFileSync(join(base, `lockstep-${dead}-afile0`), '')
    symlinkSync(join(base, stale), join(base, `lockstep-${dead}-symlnk`))
    const before = readdirSync(base)
    expect(sweep(base)).toEqual([join(base, stale)])
    expect(readdirSync(base)).toEqual(before.filter(name => name !== stale))
  })
})

describe('the register', () => {
  test('undoes the newest first, and goes on after a failure', async () => {
    const { exited } = await run(`
      onCleanup(() => console.log('first'))
      onCleanup(() => { throw new Error() })
      onCleanup(() => Promise.reject(new Error()))
      const forget = onCleanup(() => console.log('forgotten'))
      onCleanup(() => console.log('last'))
      forget()`)
    expect(await exited).toEqual({ code: 0, signal: null, out: 'last\nfirst' })
  })

  test('waits for a promise after a signal', async () => {
    const { child, exited } = await run(`
      onCleanup(() => new Promise(resolve => setTimeout(() => { console.log('undone'); resolve() }, 50)))
      forever(); console.log('ready')`)
    child.kill('SIGTERM')
    expect(await exited).toEqual({ code: 143, signal: null, out: 'ready\nundone' })
  })

  test('waits no longer when the signal comes twice', async () => {
    const { child, exited } = await run(`
      onCleanup(() => { console.log('dying'); return new Promise(() => {}) })
      forever(); console.log('ready')`)
    const start = performance.now()
    child.kill('SIGINT')
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    expect((await exited).code).toBe(130)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('waits for no promise for ever', async () => {
    const { child, exited } = await run(`onCleanup(() => new Promise(() => {})); forever(); console.log('ready')`)
    child.kill('SIGINT')
    expect((await exited).code).toBe(130)
  })
})
