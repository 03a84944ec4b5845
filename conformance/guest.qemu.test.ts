import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { qemusForTests } from './binaries.ts'
import { guestArgs } from './guest.ts'
import type { JsonObject } from './json.ts'
import { launch, qemuArgs } from './launch.ts'
import { tempDir } from './temp.ts'

const { qemus, reason } = qemusForTests()

test.skipIf(reason).each(qemus)(`QEMU $version runs it, and it does what it is told${reason}`, async ({ path }) => {
  const dir = mkdtempSync(join(tempDir(), 'guest-'))
  const events: string[] = []
  const tap = (dir: string, { event, data }: JsonObject) => {
    const { reason, action } = (data ?? {}) as JsonObject
    if (dir === '<-' && event !== undefined) events.push([event, reason ?? action ?? ''].join(' ').trim())
  }
  const before = performance.now()
  const qemu = await launch({ binary: path, args: [...qemuArgs(), ...guestArgs(dir)], name: 'guest', dir, tap })
  // Like a guest without anything in it: starting takes a tenth of a second.
  expect(performance.now() - before).toBeLessThan(5000)
  const { client } = qemu
  const ask = async (name: string, args?: JsonObject) => {
    const reply = await client.execute(name, args)
    expect(reply).toHaveProperty('return')
    return 'return' in reply ? reply.return : {}
  }
  /** Presses a key and waits for what is to come of it. */
  const key = async (data: string, event: string) => {
    const { mark } = client
    await ask('send-key', { keys: [{ type: 'qcode', data }] })
    await client.waitFor(come => come.event === event, 5000, { since: mark, what: event })
    // The key goes up a tenth of a second after it went down.
    await sleep(150)
  }
  const first = async () => String(await ask('human-monitor-command', { 'command-line': 'xp /1hx 0x8f000' }))
  await key('s', 'SUSPEND')
  await ask('system_wakeup')
  await sleep(100)
  await key('r', 'RESET')
  await sleep(100)
  const once = await first()
  await sleep(100)
  expect(await first()).not.toBe(once)
  await ask('send-key', { keys: [{ type: 'qcode', data: 'd' }] })
  await sleep(200)
  const twice = await first()
  await sleep(100)
  expect(await first()).toBe(twice)
  await key('c', 'GUEST_CRASHLOADED')
  await ask('set-action', { panic: 'pause', watchdog: 'pause' })
  for (const [name, event] of [
    ['p', 'GUEST_PANICKED'],
    ['w', 'WATCHDOG'],
  ] as const) {
    await key(name, event)
    await ask('cont')
    await sleep(50)
  }
  await key('h', 'SUSPEND_DISK')
  await qemu.exited
  expect(events).toEqual([
    'SUSPEND',
    'WAKEUP',
    'RESET guest-reset',
    'GUEST_CRASHLOADED run',
    'GUEST_PANICKED pause',
    'STOP',
    'RESUME',
    'WATCHDOG pause',
    'STOP',
    'RESUME',
    'SUSPEND_DISK',
    'SHUTDOWN guest-shutdown',
  ])
  expect(qemu.stderr()).toBe('')
  await qemu.stop()
})
