/** Two lone QEMUs, and who else calls on a migration's socket. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect as dial } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { cases } from '../spec/cases.ts'
import { versions } from '../spec/versions.ts'
import { conform } from './conform.ts'
import type { JsonObject } from './json.ts'
import { type Lone, type LoneOptions, serveOne } from './lone.ts'
import { destinationOf } from './meeting.ts'
import { type Client, connect } from './qmp.ts'
import { launched } from './stage.ts'
import { tempDir } from './temp.ts'
import { validate } from './validate.ts'

const program = join(import.meta.dirname, '../bin/lockstep-qemu')
const newest = versions.at(-1) ?? ''
const open: { close(): unknown }[] = []
let count = 0

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

async function one(options: Partial<LoneOptions> = {}): Promise<{ lone: Lone; client: Client; events: string[] }> {
  const monitor = `unix:${join(tempDir(), `lone-${++count}`)}`
  const lone = await serveOne({ version: newest, monitors: [monitor], seed: 1, ...options })
  const events: string[] = []
  const client = await connect(monitor, {
    tap: (direction, { event, data }) => {
      const { status } = (data ?? {}) as JsonObject
      if (direction === '<-' && typeof event === 'string') events.push(status === undefined ? event : String(status))
    },
  })
  open.push(lone, client)
  await client.execute('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] })
  return { lone, client, events }
}

async function until(test: () => boolean): Promise<void> {
  for (let i = 0; i < 600 && !test(); i++) await sleep(5)
  expect(test()).toBe(true)
}

const place = () => `unix:${join(tempDir(), `migration-${++count}`)}`
const hold = { 'max-bandwidth': 1000 }

describe.each(versions)('two lone QEMUs %s', version => {
  test('migrate over the socket that they were told of', async () => {
    const uri = place()
    const [src, dst] = [await one({ version }), await one({ version, incoming: 'defer' })]
    expect(await dst.client.execute('migrate-incoming', { uri })).toHaveProperty('return')
    expect(existsSync(uri.slice('unix:'.length))).toBe(true)
    expect(await src.client.execute('migrate', { uri })).toHaveProperty('return')
    await until(() => src.events.includes('completed') && dst.events.includes('completed'))
    expect(await dst.client.execute('query-status')).toMatchObject({ return: { status: 'running' } })
    expect(await src.client.execute('query-status')).toMatchObject({ return: { status: 'postmigrate' } })
  })
})

describe('a lone QEMU', () => {
  test('listens from the start, on TCP, and is reached by channels', async () => {
    const [src, dst] = [await one(), await one({ incoming: 'tcp:127.0.0.1:45871' })]
    const addr = { transport: 'socket', type: 'inet', host: '127.0.0.1', port: '45871' }
    await src.client.execute('migrate', { channels: [{ 'channel-type': 'main', addr }] })
    await until(() => dst.events.includes('completed'))
  })

  test('fails to reach nobody, and reaches somebody at the next attempt', async () => {
    const uri = place()
    const src = await one()
    await src.client.execute('migrate', { uri })
    await until(() => src.events.includes('failed'))
    const dst = await one({ incoming: uri })
    await src.client.execute('migrate', { uri })
    await until(() => src.events.includes('completed') && dst.events.includes('completed'))
  })

  test('sees its destination vanish, and migrates to another one', async () => {
    const uri = place()
    const [src, dst] = [await one(), await one({ incoming: uri })]
    await src.client.execute('migrate-set-parameters', hold)
    await src.client.execute('migrate', { uri })
    await until(() => src.events.includes('active') && dst.events.includes('active'))
    await dst.lone.close()
    await until(() => src.events.includes('failed'))
    expect(await src.client.execute('query-status')).toMatchObject({ return: { status: 'running' } })
    const other = await one({ incoming: uri })
    await src.client.execute('migrate-set-parameters', { 'max-bandwidth': 0 })
    await src.client.execute('migrate', { uri })
    await until(() => other.events.includes('completed'))
  })

  test('says that it cannot listen where somebody does', async () => {
    const uri = place()
    const [, second] = [await one({ incoming: uri }), await one({ incoming: 'defer' })]
    expect(await second.client.execute('migrate-incoming', { uri })).toMatchObject({
      error: { desc: 'Failed to bind socket' },
    })
  })

  test('migrates to where nobody has to listen', async () => {
    const { client, events } = await one()
    await client.execute('migrate', { uri: 'exec:cat >/dev/null' })
    await until(() => events.includes('completed'))
  })

  test('answers nothing while a stranger says nothing, and exits when he leaves', async () => {
    const uri = place()
    const { lone, client, events } = await one({ incoming: uri })
    const stranger = dial({ path: uri.slice('unix:'.length) })
    await until(() => lone.endpoint.reference.valueOf('dst.mainLoop') === 'peeking')
    await expect(client.execute('query-status', undefined, { timeoutMs: 100 })).rejects.toThrow(/query-status/)
    expect(events).not.toContain('failed')
    stranger.destroy()
    await until(() => lone.endpoint.reference.isGone('dst'))
    await until(() => events.includes('failed'))
  })

  test.each([
    'nonsense\n',
    '{"lockstep": 1}\n{"sends": "nothing"}\n',
    '{"lockstep": 1}\n{"joined": {"dst.vm": "running"}}\n',
  ])('is not impressed by %j', async text => {
    const uri = place()
    const { lone } = await one({ incoming: uri, version: '7.2' })
    const socket = dial({ path: uri.slice('unix:'.length) })
    socket.on('error', () => {})
    socket.end(text)
    await once(socket.resume(), 'close')
    expect(lone.endpoint.reference.valueOf('dst.vm')).toBe('inmigrate')
  })
})

describe('lockstep-qemu', () => {
  const start = (words: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess => {
    const child = spawn(program, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    open.push({ close: () => child.kill('SIGKILL') })
    return child
  }

  test.each(['precopy/complete/1', 'precopy/destination-killed/1', 'colo/failover-secondary/1'])(
    'takes the place of a QEMU: %s',
    { timeout: 90_000 },
    async id => {
      const of = cases.filter(found => found.id === id)
      const options = { targets: [launched(program)], cases: of, seed: 1, repeat: 1, timeoutScale: 2 }
      const [result] = await conform(options, validate)
      expect(result).toMatchObject({ verdict: expect.stringMatching(/^(conforms|known deviation)$/) })
    },
  )

  test('ends by a signal as QEMU does, and leaves nothing', { timeout: 20_000 }, async () => {
    const [path, pidfile] = [join(tempDir(), `qemu-${++count}`), join(tempDir(), `pid-${count}`)]
    const child = start(['-qmp', `unix:${path},server=on,wait=off`, '-pidfile', pidfile, '-m', '64'])
    const client = await connect(`unix:${path}`, { connectMs: 10_000 })
    const shutdown = client.waitFor(({ event }) => event === 'SHUTDOWN', 5000)
    child.kill('SIGTERM')
    expect(await shutdown).toMatchObject({ data: { reason: 'host-signal' } })
    expect(await once(child, 'exit')).toEqual([0, null])
    expect([path, pidfile].filter(existsSync)).toEqual([])
  })

  test('says what is wrong, and exits with 1', { timeout: 20_000 }, async () => {
    const child = start(['-qmp', 'pty'])
    let text = ''
    child.stderr?.on('data', chunk => {
      text += chunk
    })
    expect(await once(child, 'close')).toEqual([1, null])
    expect(text).toBe('lockstep-qemu: -qmp pty: lockstep knows unix:, tcp: and stdio\n')
  })
})

test('every way to name a place is read, and the loopback stands for all of this machine', () => {
  const where = (given: JsonObject) => destinationOf(given, false)
  expect(where({ uri: 'tcp:[::]:5,to=9' })).toEqual({
    kind: 'socket',
    address: { kind: 'tcp', host: '127.0.0.1', port: 5 },
  })
  expect(where({ uri: 'tcp::5' })).toEqual(where({ uri: 'tcp:0:5' }))
  expect(where({ uri: 'file:/x' })).toEqual({ kind: 'elsewhere' })
  expect(where({ uri: 'tcp:host' })).toBeUndefined()
  expect(where({ channels: [{ addr: { transport: 'exec', args: ['x'] } }] })).toEqual({ kind: 'elsewhere' })
  expect(destinationOf({ uri: 'tcp:0:5' }, true)).toMatchObject({ address: { host: '0' } })
})
