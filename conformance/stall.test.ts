import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { isAtRest, isStalled, unlessStalled, waitsForLock } from './stall.ts'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A Node that says when it is about to do this. */
async function process_(script: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', `process.stdout.write('x', () => {}); ${script}`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  children.push(child)
  await new Promise(resolve => child.stdout?.once('data', resolve))
  await sleep(200)
  return child.pid ?? 0
}

const forEver = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'

describe.skipIf(!['x64', 'arm64'].includes(process.arch))('a process', () => {
  test('whose main loop waits for a lock that nobody holds has stalled', async () => {
    expect(await isStalled(await process_(forEver))).toBe(true)
  })

  test.each([
    ['waits for work', 'process.stdin.resume()'],
    ['is busy', 'for (;;) ;'],
    ['waits for a lock, while a thread of its own is at work', workerThen(forEver)],
    [
      'waits for a lock a little at a time',
      'const a = new Int32Array(new SharedArrayBuffer(4)); for (;;) Atomics.wait(a, 0, 0, 50)',
    ],
    ['is waiting for a child', "require('node:child_process').spawnSync('sleep', ['30'])"],
  ])('that %s has not', async (_, script) => {
    expect(await isStalled(await process_(script))).toBe(false)
  })

  test.each([
    [true, 'waits for work', 'process.stdin.resume()'],
    [false, 'is busy', 'for (;;) ;'],
    [false, 'waits for a lock, while a thread of its own is at work', workerThen(forEver)],
    [false, 'waits for a lock', forEver],
    [true, 'is gone', ''],
  ])('is at rest (%s) when it %s', async (rests, _, script) => {
    const pid = await process_(script)
    // Threads of Node's own may be at work for a moment.
    let found = isAtRest(pid)
    for (let i = 0; i < 100 && found !== rests; i++) {
      await sleep(20)
      found = isAtRest(pid)
    }
    expect(found).toBe(rests)
  })

  test.each([
    [true, 'waits for a lock', forEver],
    [true, 'waits for a lock, while a thread of its own is at work', workerThen(forEver)],
    [false, 'waits for work', 'process.stdin.resume()'],
    [false, 'is busy', 'for (;;) ;'],
    [
      false,
      'waits for a lock a little at a time',
      'const a = new Int32Array(new SharedArrayBuffer(4)); for (;;) Atomics.wait(a, 0, 0, 50)',
    ],
    [false, 'is gone', ''],
  ])('has a main loop that waits for a lock (%s) when it %s', async (waits, _, script) => {
    expect(await waitsForLock(await process_(script), 300)).toBe(waits)
  })

  test('that was stopped by somebody has not: it may be continued', async () => {
    const pid = await process_(forEver)
    process.kill(pid, 'SIGSTOP')
    expect(await isStalled(pid)).toBe(false)
  })

  test('that is gone has not', async () => {
    expect(await isStalled(2 ** 22 + 1)).toBe(false)
  })

  test('that stalls ends a wait', async () => {
    const pid = await process_(forEver)
    const before = performance.now()
    const wait = unlessStalled(sleep(20_000, 'late', { ref: false }), [{ pid }], one => new Error(`stalled ${one.pid}`))
    await expect(wait).rejects.toThrow(`stalled ${pid}`)
    expect(performance.now() - before).toBeLessThan(5000)
    expect(await unlessStalled(Promise.resolve('quick'), [{ pid }], () => new Error('no'))).toBe('quick')
    await expect(unlessStalled(Promise.reject(new Error('its own')), [{ pid }], () => new Error('no'))).rejects.toThrow(
      'its own',
    )
  })
})

function workerThen(script: string): string {
  return `new (require('node:worker_threads').Worker)('for (;;) ;', { eval: true }); setTimeout(() => { ${script} }, 100)`
}
