import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { calls, failures } from '../spec/cases.ts'
import { guest } from '../spec/guest.ts'
import type { Rules } from '../spec/lang.ts'
import { pair } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { readAddress } from './address.ts'
import { slug } from './flat.ts'
import { flatten } from './flatten.ts'
import { isObject, type Members } from './frames.ts'
import { type Endpoint, type ServeOptions, serve } from './server.ts'

const version = versions.at(-1) ?? ''
const flat = flatten(pair, version)
const uri = 'tcp:127.0.0.1:4444'
/** What a guest and its devices do of their own accord, and what a sound network rules out. */
const smooth = [
  ...failures,
  ...calls.refused,
  ...['guest', 'device', 'debugger'].flatMap(actor =>
    ((guest.rules as Rules)[actor] ?? []).map(rule => slug(rule.name)),
  ),
]

/** As little of a QMP client as the tests need. */
class Client {
  readonly socket: Socket
  readonly heard: Members[] = []
  readonly lines: string[] = []
  over = false
  private rest = ''

  constructor(address: string) {
    const at = readAddress(address)
    this.socket =
      at.kind === 'unix' ? connect({ path: at.path, allowHalfOpen: true }) : connect({ ...at, allowHalfOpen: true })
    this.socket.on('data', (chunk: Buffer) => {
      const lines = (this.rest + chunk.toString()).split('\n')
      this.rest = lines.pop() ?? ''
      for (const line of lines) {
        this.lines.push(line)
        this.heard.push(JSON.parse(line))
      }
    })
    this.socket.on('end', () => {
      this.over = true
    })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.over = true
    })
  }

  send(message: Members | string): void {
    this.socket.write(typeof message === 'string' ? message : `${JSON.stringify(message)}\n`)
  }

  async until(test: () => boolean): Promise<void> {
    for (let i = 0; i < 1000 && !test(); i++) await sleep(5)
    if (!test()) throw new Error(`this did not come, but ${JSON.stringify(this.heard.slice(-5))}`)
  }

  async reply(message: Members | string): Promise<Members> {
    const replies = () => this.heard.filter(m => 'return' in m || 'error' in m)
    const before = replies().length
    this.send(message)
    await this.until(() => replies().length > before)
    return replies()[before] ?? {}
  }

  events(name: string): string[] {
    return this.heard.flatMap(m =>
      m.event === name && isObject(m.data) ? [String(m.data.status ?? m.data.reason)] : [],
    )
  }

  count(name: string): number {
    return this.heard.filter(m => m.event === name).length
  }
}

let folder = ''
let endpoint: Endpoint | undefined
const clients: Client[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-server-'))
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy()
  await endpoint?.close()
  expect(existsSync(join(folder, 'src'))).toBe(false)
  endpoint = undefined
  rmSync(folder, { recursive: true })
})

async function started(options: Partial<ServeOptions> = {}): Promise<Endpoint> {
  endpoint = await serve(flat, {
    listen: { src: `unix:${join(folder, 'src')}`, dst: 'tcp:127.0.0.1:0' },
    start: { 'src.vm': 'running', 'dst.autostart': 'yes', 'dst.listening': 'no', 'dst.incoming': 'none' },
    avoid: smooth,
    mayAfterMs: 2,
    outOfBand: ['query-status'],
    ...options,
  })
  return endpoint
}

async function client(side = 'src', enable: string[] = []): Promise<Client> {
  const one = new Client(endpoint?.addresses[side] ?? '')
  clients.push(one)
  expect(await one.reply({ execute: 'qmp_capabilities', arguments: { enable } })).toEqual({ return: {} })
  return one
}

const capabilities = (...names: string[]): Members => ({
  execute: 'migrate-set-capabilities',
  arguments: { capabilities: names.map(capability => ({ capability, state: true })) },
})

async function migrating(...names: string[]): Promise<[Client, Client]> {
  const [src, dst] = [await client('src'), await client('dst')]
  for (const one of [src, dst]) expect(await one.reply(capabilities('events', ...names))).toEqual({ return: {} })
  expect(await dst.reply({ execute: 'migrate-incoming', arguments: { uri }, id: 'in' })).toEqual({
    return: {},
    id: 'in',
  })
  expect(await src.reply({ execute: 'migrate', arguments: { uri }, id: 7 })).toEqual({ return: {}, id: 7 })
  return [src, dst]
}

describe(`a pair of reference endpoints, QEMU ${version}`, () => {
  test('migrates', async () => {
    await started()
    const [src, dst] = await migrating()
    await src.until(
      () => src.events('MIGRATION').includes('completed') && dst.events('MIGRATION').includes('completed'),
    )
    expect(src.events('MIGRATION')[0]).toBe('setup')
    expect(dst.events('MIGRATION')).toEqual(['setup', 'active', 'completed'])
    expect(src.heard[0]).toEqual({
      QMP: {
        version: {
          qemu: { major: Number(version.split('.')[0]), minor: Number(version.split('.')[1]), micro: 0 },
          package: 'lockstep reference',
        },
        capabilities: ['oob'],
      },
    })
    expect(src.lines.every(line => line.endsWith('\r'))).toBe(true)
    const { timestamp } = src.heard.find(m => m.event === 'STOP') ?? {}
    expect(timestamp).toEqual({ seconds: expect.any(Number), microseconds: expect.any(Number) })
    expect(await src.reply({ execute: 'query-migrate' })).toMatchObject({ return: { status: 'completed' } })
  })

  test('fails over, and a side that has died is gone', async () => {
    const { reference, addresses } = await started()
    const [src, dst] = await migrating('return-path', 'x-colo')
    await src.until(() => src.count('RESUME') > 0 && dst.count('RESUME') > 0)
    expect(reference.fault('dst', 'kill')).toBe(true)
    await dst.until(() => dst.over)
    const late = new Client(addresses.dst ?? '')
    await late.until(() => late.over)
    expect(late.heard).toEqual([])
    await src.reply({ execute: 'x-colo-lost-heartbeat' })
    await src.until(() => src.count('COLO_EXIT') === 1)
  })

  test('removes its socket when its process ends, and says all it has to say', async () => {
    await started()
    const src = await client()
    expect(await src.reply({ execute: 'quit' })).toEqual({ return: {} })
    await src.until(() => src.over)
    expect(src.heard.at(-1)).toMatchObject({ event: 'SHUTDOWN' })
    await src.until(() => !existsSync(join(folder, 'src')))
  })

  test('has out-of-band commands overtake one that waits', async () => {
    const { reference } = await started({ avoid: [...smooth, 'src/stop-the-running-guest'] })
    const src = await client('src', ['oob'])
    src.send({ execute: 'stop', id: 1 })
    src.send({ execute: 'query-status', id: 2 })
    expect(await src.reply({ 'exec-oob': 'query-status', id: 3 })).toMatchObject({ id: 3, return: { running: true } })
    reference.allow(['src/stop-the-running-guest'])
    await src.until(() => src.heard.some(m => m.id === 2))
    expect(src.heard.slice(-3).map(m => m.id ?? m.event)).toEqual(['STOP', 1, 2])
  })

  test('answers what it is sent, whatever that is', async () => {
    await started()
    const early = new Client(endpoint?.addresses.src ?? '')
    clients.push(early)
    const replies = [
      await early.reply({ execute: 'query-status' }),
      await early.reply({ execute: 'qmp_capabilities', arguments: { enable: ['x'] } }),
    ]
    const src = await client()
    const sent = [
      'garbage\n',
      '{"execute": }\n',
      '{"execute": "stop\n',
      '[1, 2]',
      '{}',
      '{"execute": 1}',
      '{"execute": "stop", "arguments": []}',
      '{"execute": "stop", "more": 1}',
      '{"exec-oob": "query-status"}',
      '{"execute": "no-such-command", "id": {"__proto__": [1]}}',
      '{"execute": "__proto__"}',
      '{"execute": "qmp_capabilities"}',
      "{'execute': 'query-status'}",
      '{"execute": "query-version"}',
    ]
    for (const text of sent) replies.push(await src.reply(text))
    expect(replies.map(reply => JSON.stringify(reply))).toMatchInlineSnapshot(`
      [
        "{"error":{"class":"CommandNotFound","desc":"Expecting capabilities negotiation with 'qmp_capabilities'"}}",
        "{"error":{"class":"GenericError","desc":"Parameter 'enable[0]' does not accept value 'x'"}}",
        "{"error":{"class":"GenericError","desc":"JSON parse error, invalid keyword 'garbage'"}}",
        "{"error":{"class":"GenericError","desc":"JSON parse error, expecting value"}}",
        "{"error":{"class":"GenericError","desc":"JSON parse error, stray control character in a string"}}",
        "{"error":{"class":"GenericError","desc":"QMP input must be a JSON object"}}",
        "{"error":{"class":"GenericError","desc":"QMP input lacks member 'execute'"}}",
        "{"error":{"class":"GenericError","desc":"QMP input member 'execute' must be a string"}}",
        "{"error":{"class":"GenericError","desc":"QMP input member 'arguments' must be an object"}}",
        "{"error":{"class":"GenericError","desc":"QMP input member 'more' is unexpected"}}",
        "{"error":{"class":"GenericError","desc":"QMP input member 'exec-oob' is unexpected"}}",
        "{"error":{"class":"CommandNotFound","desc":"The command no-such-command has not been found"},"id":{"__proto__":[1]}}",
        "{"error":{"class":"CommandNotFound","desc":"The command __proto__ has not been found"}}",
        "{"error":{"class":"CommandNotFound","desc":"Capabilities negotiation is already complete, command ignored"}}",
        "{"return":{"status":"running","running":true}}",
        "{"return":{"qemu":{"micro":0,"minor":1,"major":11},"package":"lockstep reference"}}",
      ]
    `)
  })

  test('takes its time over half a message', async () => {
    await started()
    const src = await client()
    src.send('{"execute": "query-')
    await sleep(20)
    expect(await src.reply('status"}')).toMatchObject({ return: { status: 'running' } })
  })

  test('answers who has nothing more to say, and then lets go', async () => {
    await started()
    const src = await client()
    src.socket.end('{"execute": "query-status", "id": 1}')
    await src.until(() => src.over)
    expect(src.heard.at(-1)).toMatchObject({ id: 1, return: { status: 'running' } })
  })

  test('lets go of who does not read, and of nobody else', async () => {
    await started({ longestBacklog: 1 << 20 })
    const [src, slow] = [await client(), await client()]
    slow.socket.pause()
    const id = 'x'.repeat(100_000)
    // Answers pile up no further than to the point where no more is read; events have to.
    for (let i = 0; i < 100; i++) slow.send({ execute: 'query-version', id })
    await sleep(50)
    expect(slow.over).toBe(false)
    let rounds = 0
    const flood = setInterval(() => {
      rounds++
      for (let i = 0; i < 500; i++) src.send(`{"execute":"${i % 2 === 0 ? 'stop' : 'cont'}"}`)
    }, 5)
    await src.until(() => slow.socket.destroyed || rounds > 400 || endpointConnections() < 2)
    clearInterval(flood)
    expect(endpointConnections()).toBe(1)
    expect(src.over).toBe(false)
  })

  test('has room for a thousand clients, and tells each', async () => {
    await started()
    const many = await Promise.all(Array.from({ length: 1000 }, () => client()))
    await many[0]?.reply({ execute: 'stop' })
    await many[0]?.until(() => many.every(one => one.count('STOP') === 1))
    await endpoint?.close()
    await many[0]?.until(() => many.every(one => one.over))
  })

  test('is patient with who comes and goes', async () => {
    await started()
    for (let i = 0; i < 200; i++) {
      const one = new Client(endpoint?.addresses[i % 2 === 0 ? 'dst' : 'src'] ?? '')
      one.send('{"execute": "qmp_capabilities"}{"execute": "stop"}{"execute": "cont"}'.slice(0, i))
      if (i % 3 === 0) await sleep(1)
      if (i % 4 === 0) one.socket.resetAndDestroy()
      else one.socket.destroy()
    }
    const src = await client()
    expect(await src.reply({ execute: 'query-status' })).toHaveProperty('return')
    await src.until(() => endpointConnections() === 1)
  })
})

/** How many connections the source holds. */
function endpointConnections(): number {
  return endpoint?.connected('src') ?? 0
}

describe('steps', () => {
  test('are taken at the pace that was asked for', async () => {
    const at: number[] = []
    await started({ pace: 20, onStep: () => at.push(performance.now()) })
    const src = await client()
    for (let i = 0; i < 4; i++) src.send({ execute: 'stop', id: i })
    await src.until(() => at.length === 4)
    expect(at.slice(1).every((time, i) => time - (at[i] ?? 0) > 15)).toBe(true)
  })

  test('that fail end the endpoint, which says why', async () => {
    const { closed } = await started({
      onStep: () => {
        throw new Error('no such step')
      },
    })
    const src = await client()
    src.send({ execute: 'stop' })
    await expect(closed).rejects.toThrow('no such step')
    await expect(endpoint?.close()).rejects.toThrow('no such step')
    await src.until(() => src.over)
    endpoint = undefined
  })
})

describe('listening', () => {
  test('is for this machine only, unless asked', async () => {
    for (const host of ['0.0.0.0', '[::]']) {
      const listen = { src: `tcp:${host}:0` }
      await expect(serve(flat, { listen })).rejects.toThrow('can be reached from other machines')
    }
    endpoint = await serve(flat, { listen: { src: 'tcp:0.0.0.0:0' }, anywhere: true })
    expect(endpoint.addresses.src).toMatch(/^tcp:0\.0\.0\.0:[0-9]+$/)
  })

  test.each(['', 'unix:', 'tcp:1', 'tcp:localhost:99999', 'http://x'])('needs an address, not "%s"', async text => {
    await expect(serve(flat, { listen: { src: text } })).rejects.toThrow(
      'is no address; write unix:PATH or tcp:HOST:PORT',
    )
  })

  test('replaces a socket that nobody listens on, and nothing else', async () => {
    const path = join(folder, 'src')
    const listen = { src: `unix:${path}` }
    endpoint = await serve(flat, { listen })
    await expect(serve(flat, { listen })).rejects.toThrow('EADDRINUSE')
    expect(existsSync(path)).toBe(true)
    await endpoint.close()
    writeFileSync(path, 'precious')
    await expect(serve(flat, { listen })).rejects.toThrow('EADDRINUSE')
    expect(existsSync(path)).toBe(true)
    rmSync(path)
  })

  test('closes what was open when another side cannot be opened', async () => {
    const listen = { src: `unix:${join(folder, 'src')}`, dst: `unix:${join(folder, 'no', 'such', 'folder')}` }
    await expect(serve(flat, { listen })).rejects.toThrow(/ENOENT|EACCES/)
  })

  test('can be closed twice', async () => {
    await started()
    await Promise.all([endpoint?.close(), endpoint?.close()])
    await endpoint?.closed
  })
})
