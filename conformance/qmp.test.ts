import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Event } from './events.ts'
import { ClosedError, ConnectError, GreetingError, ProtocolError, type QmpError, TimeoutError } from './failure.ts'
import { type JsonObject, parseJson, printJson } from './json.ts'
import { type Client, type ConnectOptions, connect } from './qmp.ts'
import { tempDir } from './temp.ts'

const greeting = {
  QMP: { version: { qemu: { micro: 3, minor: 1, major: 11 }, package: 'fake' }, capabilities: ['oob'] },
}
const line = (msg: JsonObject) => `${printJson(msg)}\r\n`
const event = (name: string, data: JsonObject = {}) =>
  line({ timestamp: { seconds: 1, microseconds: 2 }, event: name, data })

let servers: Server[] = []
let clients: Client[] = []
afterEach(() => {
  for (const client of clients) client.close()
  for (const server of servers) server.close()
  servers = []
  clients = []
})

let count = 0
/** Listens as QEMU does, but says what the test has it say. */
function listen(onConnection: (socket: Socket) => void): string {
  const path = join(tempDir(), `fake-${++count}.qmp`)
  servers.push(
    createServer(socket => {
      socket.on('error', () => {})
      onConnection(socket)
    }).listen(path),
  )
  return `unix:${path}`
}

/** A fake that greets, accepts qmp_capabilities, and hands every other command to the test. */
function fake(onCommand: (command: JsonObject, socket: Socket) => void, hello: JsonObject = greeting) {
  const seen: JsonObject[] = []
  const address = listen(socket => {
    socket.write(line(hello))
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const command = parseJson(text.slice(0, end)) as JsonObject
        text = text.slice(end + 1)
        seen.push(command)
        if (command.execute === 'qmp_capabilities') socket.write(line({ return: {}, id: command.id ?? null }))
        else onCommand(command, socket)
      }
    })
  })
  return { address, seen }
}

async function open(address: string, options: ConnectOptions = {}): Promise<Client> {
  const client = await connect(address, options)
  clients.push(client)
  return client
}

/** The error, and how long it took to come in milliseconds. */
async function failure(promise: Promise<unknown>): Promise<{ error: QmpError; ms: number }> {
  const start = performance.now()
  try {
    await promise
  } catch (error) {
    return { error: error as QmpError, ms: performance.now() - start }
  }
  throw new Error('nothing failed')
}

describe('connecting', () => {
  test('greets, learns the version and enables OOB', async () => {
    const { address, seen } = fake(() => {})
    const client = await open(address)
    expect([client.version, client.oob]).toEqual(['11.1.3', true])
    expect(seen).toEqual([{ execute: 'qmp_capabilities', arguments: { enable: ['oob'] }, id: 'lockstep-1' }])
  })

  test('does not take for a greeting, nor for news, what is said before it', async () => {
    const taken: JsonObject[] = []
    const early = { timestamp: { seconds: 1, microseconds: 2 }, event: 'RESUME' }
    const address = listen(socket => {
      socket.write(line(early) + line(greeting))
      socket.on('data', () => socket.write(line({ return: {}, id: 'lockstep-1' }) + line({ ...early, event: 'STOP' })))
    })
    const client = await open(address, { tap: (dir, msg) => dir === '<-' && taken.push(msg as JsonObject) })
    expect(client.version).toBe('11.1.3')
    await expect.poll(() => taken.map(({ event }) => event)).toEqual([undefined, undefined, 'STOP'])
    expect(client.mark).toBe(1)
  })

  test('asks for OOB only where it is offered, and wanted', async () => {
    const { address, seen } = fake(() => {})
    expect((await open(address, { oob: false })).oob).toBe(false)
    const old = fake(() => {}, { QMP: { ...greeting.QMP, capabilities: [] } })
    expect((await open(old.address)).oob).toBe(false)
    expect([...seen, ...old.seen]).toEqual([
      { execute: 'qmp_capabilities', id: 'lockstep-1' },
      { execute: 'qmp_capabilities', id: 'lockstep-1' },
    ])
  })

  const half = '{"QMP": {"version"'
  test.each<[string, (socket: Socket) => void, typeof QmpError, string]>([
    ['never greets', () => {}, GreetingError, 'no greeting within 0.1 s; does another client hold this monitor?'],
    [
      'greets with half a message',
      socket => socket.write(half),
      GreetingError,
      `no greeting within 0.1 s; does another client hold this monitor?; seen: ${half}`,
    ],
    [
      'sends garbage',
      socket => socket.write('SSH-2.0-OpenSSH_9.2\r\n'),
      ProtocolError,
      `what came is not JSON (Unexpected token 'S', "SSH-2.0-OpenSSH_9.2" is not valid JSON); seen: SSH-2.0-OpenSSH_9.2`,
    ],
    [
      'sends what is not UTF-8',
      socket => socket.write(Buffer.from([0xff, 10])),
      ProtocolError,
      'line is not UTF-8; seen: �',
    ],
    ['sends a list', socket => socket.write('[1]\n'), ProtocolError, 'what came is not an object; seen: [1]'],
    [
      'greets as something else',
      socket => socket.write('{"hello": 1}\n{"QMP": 2}\n'),
      GreetingError,
      'the first message is no QMP greeting; seen: {"hello":1}',
    ],
    [
      'greets, then sends garbage',
      socket => socket.write(`${line(greeting)}oops\n`),
      ProtocolError,
      `what came is not JSON (Unexpected token 'o', "oops" is not valid JSON); seen: oops`,
    ],
    [
      'refuses capabilities',
      socket => {
        socket.write(line(greeting))
        socket.on('data', () => socket.write(line({ id: 'lockstep-1', error: { class: 'GenericError', desc: 'no' } })))
      },
      GreetingError,
      'refuses qmp_capabilities; seen: {"class":"GenericError","desc":"no"}',
    ],
    ['hangs up at once', socket => socket.end(), ClosedError, 'the endpoint closed the connection'],
    [
      'hangs up inside its greeting',
      socket => socket.end(half),
      ClosedError,
      `the endpoint closed the connection inside a message; seen: ${half}`,
    ],
  ])('to what %s fails at once, and says how', async (_, behave, kind, message) => {
    const address = listen(behave)
    const { error, ms } = await failure(open(address, { greetingMs: 100 }))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toBe(`${address}: ${message}`)
    expect(error.address).toBe(address)
    expect(ms).toBeLessThan(1000)
  })

  test('where nobody listens fails in time', async () => {
    const { error, ms } = await failure(connect('unix:/nowhere/a.sock', { connectMs: 50, timeoutScale: 2 }))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toBe('unix:/nowhere/a.sock: cannot connect within 0.1 s (ENOENT)')
    expect(ms).toBeLessThan(1000)
  })

  test('gives up a line that does not end', async () => {
    const address = listen(socket => {
      for (let i = 0; i < 17; i++) socket.write(Buffer.alloc(1024 * 1024, 'x'))
    })
    const { error } = await failure(open(address))
    expect(error).toBeInstanceOf(ProtocolError)
    expect(error.message).toMatch(/line longer than 16 MiB; seen: xxx/)
  })
})

describe('a command', () => {
  test('is answered with a value or with an error, which is a value too', async () => {
    const { address, seen } = fake(({ execute, id = null }, socket) => {
      if (execute === 'query-status') socket.write(line({ return: { status: 'running' }, id }))
      else socket.write(line({ error: { class: 'CommandNotFound', desc: 'what?' }, id }))
    })
    const client = await open(address)
    expect(await client.execute('query-status')).toMatchObject({ return: { status: 'running' } })
    const reply = await client.execute('dance', { partner: 'dst' })
    expect('error' in reply && reply.error).toEqual({ class: 'CommandNotFound', desc: 'what?' })
    expect(seen.slice(1)).toEqual([
      { execute: 'query-status', id: 'lockstep-2' },
      { execute: 'dance', arguments: { partner: 'dst' }, id: 'lockstep-3' },
    ])
  })

  test('gets its own reply, though another overtakes it', async () => {
    const held: JsonObject[] = []
    const { address } = fake((command, socket) => {
      held.push(command)
      const last = held.at(-1)
      if (held.length < 2 || last === undefined) return
      for (const { id = null } of held.reverse()) socket.write(line({ return: id, id }))
    })
    const client = await open(address)
    const replies = await Promise.all([
      client.execute('migrate'),
      client.execute('migrate-pause', undefined, { oob: true }),
    ])
    expect(replies.map(reply => 'return' in reply && reply.return)).toEqual(['lockstep-2', 'lockstep-3'])
    expect(held.map(command => Object.keys(command)[0])).toEqual(['exec-oob', 'execute'])
  })

  test('that is not answered in time says so, to the tap as well, and its late reply is no stray', async () => {
    const taps: unknown[] = []
    const { address } = fake(({ execute, id = null }, socket) => {
      if (execute === 'stop') setTimeout(() => socket.write(line({ return: {}, id })), 120)
      if (execute === 'cont') socket.write(line({ return: {}, id }))
    })
    const client = await open(address, { timeoutScale: 2, tap: (dir, msg) => taps.push([dir, msg]) })
    const strays: JsonObject[] = []
    client.onStray(msg => strays.push(msg))
    taps.length = 0
    const { error } = await failure(client.execute('stop', undefined, { timeoutMs: 40 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toBe(`${address}: no reply to stop within 0.08 s`)
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(await client.execute('cont')).toMatchObject({ return: {} })
    expect(strays).toEqual([])
    expect(taps).toEqual([
      ['->', { execute: 'stop', id: 'lockstep-2' }],
      ['!!', { unanswered: 'lockstep-2', seconds: 0.08 }],
      ['<-', { return: {}, id: 'lockstep-2' }],
      ['->', { execute: 'cont', id: 'lockstep-3' }],
      ['<-', { return: {}, id: 'lockstep-3' }],
    ])
  })

  test('that came half answered shows the half', async () => {
    const { address } = fake((_, socket) => socket.write('{"return": {"sta'))
    const client = await open(address)
    const { error } = await failure(client.execute('query-status', undefined, { timeoutMs: 50 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.seen).toBe('{"return": {"sta')
  })

  test('is not timed out for a reply that waits in the socket while we are busy', async () => {
    const { address } = fake(({ id = null }, socket) => {
      socket.write(line({ return: {}, id }))
      // The answer is in the socket now; sleep through the deadline before anyone looks there.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    })
    const client = await open(address)
    expect(await client.execute('stop', undefined, { timeoutMs: 50 })).toMatchObject({ return: {} })
  })

  test('is not sent after the session has ended', async () => {
    const { address } = fake((_, socket) => socket.destroy())
    const client = await open(address)
    expect((await failure(client.execute('quit'))).error).toBeInstanceOf(ClosedError)
    expect((await failure(client.execute('quit'))).error).toBeInstanceOf(ClosedError)
    expect((await failure(client.waitFor(() => true, 5000))).error).toBeInstanceOf(ClosedError)
  })

  test('loses nothing that a dying endpoint said before', async () => {
    const taps: unknown[] = []
    let server: Socket | undefined
    const { address } = fake((_, socket) => {
      server = socket
      socket.write(line({ return: {}, id: 'lockstep-2' }))
    })
    const client = await open(address, { tap: (_, msg) => taps.push(msg.event) })
    await client.execute('stop')
    server?.write(event('LAST'))
    server?.destroy()
    // The end is in the kernel, and we have not looked; writing now would raise EPIPE and drop the event.
    expect((await failure(client.execute('cont'))).error).toBeInstanceOf(ClosedError)
    expect(taps).toContain('LAST')
  })
})

describe('a session', () => {
  test('shows the tap everything in order, before anyone acts on it', async () => {
    const order: string[] = []
    const { address } = fake(({ id = null }, socket) => {
      socket.write(event('STOP') + line({ return: {}, id }) + event('RESUME'))
    })
    const client = await open(address, { tap: (dir, msg) => order.push(`tap ${dir} ${Object.keys(msg)}`) })
    client.onEvent(({ event }) => order.push(`event ${event}`))
    const resumed = client.waitFor(({ event }) => event === 'RESUME', 1000)
    await client.execute('stop').then(() => order.push('reply'))
    await resumed
    expect(order).toEqual([
      'tap <- QMP',
      'tap -> execute,arguments,id',
      'tap <- return,id',
      'tap -> execute,id',
      'tap <- timestamp,event,data',
      'event STOP',
      'tap <- return,id',
      'tap <- timestamp,event,data',
      'event RESUME',
      'reply',
    ])
  })

  test('reports replies that nobody asked for, and goes on', async () => {
    const { address } = fake(({ id = null }, socket) =>
      socket.write(line({ return: 1, id: 'libvirt-7' }) + line({ return: 2 }) + line({ return: 3, id })),
    )
    const client = await open(address)
    const strays: JsonObject[] = []
    client.onStray(msg => strays.push(msg))
    expect(await client.execute('stop')).toMatchObject({ return: 3 })
    expect(strays).toEqual([{ return: 1, id: 'libvirt-7' }, { return: 2 }])
  })

  test.each<[string, JsonObject, string]>([
    ['an error without an id', { error: { class: 'GenericError', desc: 'x' } }, 'an error without an id came'],
    [
      'an error without a class',
      { error: { desc: 'x' }, id: 'lockstep-2' },
      'what came is neither an event nor a reply',
    ],
    ['a message that is nothing', { hello: 1 }, 'what came is neither an event nor a reply'],
    [
      'a reply that is both',
      { return: {}, error: { class: 'GenericError', desc: 'x' }, id: 'lockstep-2' },
      'what came is neither an event nor a reply',
    ],
  ])('is ended by %s', async (_, msg, problem) => {
    const { address } = fake((_, socket) => socket.write(line(msg)))
    const client = await open(address)
    const { error, ms } = await failure(client.execute('stop'))
    expect(error).toBeInstanceOf(ProtocolError)
    expect(error.message).toContain(problem)
    expect(ms).toBeLessThan(1000)
    expect(await client.closed).toBe(error)
  })

  test('brings nothing more once it is closed', async () => {
    const { address } = fake((_, socket) => socket.write(event('STOP') + event('RESUME')))
    const client = await open(address)
    const seen: string[] = []
    client.onEvent(({ event }) => {
      seen.push(event)
      client.close()
    })
    await failure(client.execute('stop'))
    expect(seen).toEqual(['STOP'])
  })

  test('tells who ended it', async () => {
    const { address } = fake((_, socket) => socket.end())
    const ours = await open(address)
    const waiting = failure(ours.waitFor(() => false, 5000))
    ours.close()
    expect(await ours.closed).toBeUndefined()
    expect((await waiting).error.message).toBe(`${address}: we closed the connection`)
    const theirs = await open(address)
    await failure(theirs.execute('quit'))
    expect(await theirs.closed).toBeInstanceOf(ClosedError)
  })
})

describe('waiting for an event', () => {
  const status = (wanted: string) => (event: Event) => event.data?.status === wanted

  test('finds one that came since a mark, and none from before', async () => {
    const { address } = fake(({ id = null }, socket) => {
      socket.write(event('MIGRATION', { status: 'setup' }) + line({ return: {}, id }))
    })
    const client = await open(address)
    const mark = client.mark
    await client.execute('migrate')
    expect(await client.waitFor(status('setup'), 50, { since: mark })).toMatchObject({ event: 'MIGRATION' })
    const { error, ms } = await failure(client.waitFor(status('setup'), 50, { what: 'MIGRATION setup' }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toBe(`${address}: no MIGRATION setup within 0.05 s; seen: no event at all`)
    expect(ms).toBeLessThan(1000)
  })

  test('says what came instead', async () => {
    const { address } = fake((_, socket) => socket.write(event('STOP') + event('MIGRATION', { status: 'failed' })))
    const client = await open(address)
    const wait = failure(client.waitFor(status('completed'), 100))
    void failure(client.execute('migrate'))
    expect((await wait).error.seen).toBe('STOP {}, MIGRATION {"status":"failed"}')
  })

  test('ends with the session', async () => {
    const { address } = fake((_, socket) => socket.destroy())
    const client = await open(address)
    const wait = failure(client.waitFor(status('completed'), 5000))
    void failure(client.execute('quit'))
    const { error, ms } = await wait
    expect(error).toBeInstanceOf(ClosedError)
    expect(ms).toBeLessThan(1000)
  })

  test('remembers only so many', async () => {
    const { address } = fake(({ id = null }, socket) => {
      let text = ''
      for (let i = 0; i < 10_050; i++) text += event('E', { i })
      socket.write(text + line({ return: {}, id }))
    })
    const client = await open(address)
    await client.execute('storm')
    expect(client.mark).toBe(10_050)
    expect(await client.waitFor(() => true, 100, { since: 0 })).toMatchObject({ data: { i: 50 } })
    expect(await client.waitFor(() => true, 100, { since: 10_049 })).toMatchObject({ data: { i: 10_049 } })
  })
})
