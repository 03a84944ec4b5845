import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterEach, describe, expect, test } from 'vitest'
import { parseAddress } from './address.ts'
import { type Link, type ProxyOptions, proxy } from './faults.ts'
import { tempDir } from './temp.ts'

/** One end of a connection, with what it has got. */
interface End {
  readonly socket: Socket
  got: string
  ended: boolean
  closed: boolean
}

function end(socket: Socket): End {
  const it: End = { socket, got: '', ended: false, closed: false }
  socket.setEncoding('latin1').on('data', text => {
    it.got += text
  })
  socket.on('end', () => {
    it.ended = true
  })
  socket.on('close', () => {
    it.closed = true
  })
  socket.on('error', () => {})
  return it
}

/** Waits until it is so, or fails. */
async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !what(); i++) await sleep(5)
  expect(what(), String(what)).toBe(true)
}

let count = 0
let links: Link[] = []
let servers: Server[] = []
afterEach(() => {
  for (const link of links) link.close()
  for (const server of servers) server.close()
  links = []
  servers = []
})

describe.each(['unix', 'tcp'])('a %s proxy', kind => {
  const faults: string[] = []
  const accepted: End[] = []

  async function setUp(listening = true): Promise<Link> {
    faults.length = 0
    accepted.length = 0
    const path = join(tempDir(), `fault-${++count}`)
    const server = createServer({ allowHalfOpen: true }, socket => accepted.push(end(socket)))
    servers.push(server.listen(kind === 'unix' ? `${path}.dst` : { host: '127.0.0.1', port: 0 }))
    await once(server, 'listening')
    const bound = server.address()
    const target = typeof bound === 'object' && bound !== null ? `tcp:127.0.0.1:${bound.port}` : `unix:${bound}`
    if (!listening) await new Promise(resolve => server.close(resolve))
    const options: ProxyOptions = {
      listen: kind === 'unix' ? `unix:${path}.src` : 'tcp:127.0.0.1:0',
      target,
      announce: fault => faults.push(fault),
    }
    const link = await proxy(options)
    links.push(link)
    return link
  }

  const dial = (link: Link) => end(connect({ ...parseAddress(link.address), allowHalfOpen: true }))

  /** Two ends that have greeted each other through the proxy. */
  async function join2(link: Link): Promise<{ src: End; dst: End }> {
    const before = accepted.length
    const src = dial(link)
    src.socket.write('hello')
    await until(() => accepted[before]?.got === 'hello')
    const dst = accepted[before] as End
    dst.socket.write('welcome')
    await until(() => src.got === 'welcome')
    return { src, dst }
  }

  test('passes everything both ways, in order, the ends too', async () => {
    const link = await setUp()
    const { src, dst } = await join2(link)
    const much = Array.from({ length: 300_000 }, (_, i) => `${i},`).join('')
    src.socket.end(much)
    await until(() => dst.ended)
    expect(dst.got === `hello${much}`).toBe(true)
    expect(src.ended).toBe(false)
    dst.socket.end('bye')
    await until(() => src.closed && dst.closed)
    expect(src.got).toBe('welcomebye')
    expect(link.bytes).toEqual({ src: 5 + much.length, dst: 10 })
    expect(faults).toEqual([])
  })

  test('cuts every connection, and takes new ones', async () => {
    const link = await setUp()
    const one = await join2(link)
    const two = await join2(link)
    link.cut()
    await until(() => [one.src, one.dst, two.src, two.dst].every(({ closed, ended }) => closed || ended))
    await join2(link)
    expect(link.connections).toBe(3)
    expect(faults).toEqual(['cut'])
  })

  test('stalls, ends of file included, until it resumes', async () => {
    const link = await setUp()
    const { src, dst } = await join2(link)
    const other = await join2(link)
    link.stall()
    other.src.socket.end()
    const late = dial(link)
    late.socket.write('late')
    src.socket.write('more')
    dst.socket.end('back')
    await sleep(100)
    expect([dst.got, src.got, src.ended, other.dst.ended]).toEqual(['hello', 'welcome', false, false])
    expect(accepted[2]?.got ?? '').toBe('')
    link.resume()
    await until(() => dst.got === 'hellomore' && src.got === 'welcomeback' && src.ended)
    await until(() => other.dst.ended && accepted[2]?.got === 'late')
    expect(faults).toEqual(['stall', 'resume'])
  })

  test.each(['src', 'dst'] as const)('shows end of file to %s alone', async side => {
    const link = await setUp()
    const both = await join2(link)
    const [shut, other] = side === 'src' ? [both.src, both.dst] : [both.dst, both.src]
    link.halfClose(side)
    await until(() => shut.ended)
    const before = [shut.got, other.got]
    shut.socket.write('still here')
    other.socket.write('into the void')
    await until(() => other.got === `${before[1]}still here`)
    await sleep(20)
    expect([shut.got, other.ended]).toEqual([before[0], false])
    expect(faults).toEqual([`half-close ${side}`])
  })

  test('refuses, keeps what is connected, and accepts again', async () => {
    const link = await setUp()
    const { src, dst } = await join2(link)
    link.refuse()
    const refused = connect({ ...parseAddress(link.address) })
    const [error] = await once(refused, 'error')
    expect(error.code).toBe('ECONNREFUSED')
    src.socket.write('!')
    await until(() => dst.got === 'hello!')
    await link.accept()
    await link.accept()
    await join2(link)
    expect(faults).toEqual(['refuse'])
  })

  test('cuts after so many bytes, and all of them arrive', async () => {
    const link = await setUp()
    const { src, dst } = await join2(link)
    link.cutAfter(100_000)
    src.socket.write('x'.repeat(99_999))
    await until(() => dst.got.length === 5 + 99_999)
    expect(faults).toEqual([])
    src.socket.write('yz')
    await until(() => (dst.closed || dst.ended) && (src.closed || src.ended))
    expect(dst.got.slice(-2)).toBe('xy')
    expect(link.bytes.src).toBe(100_005)
    expect(faults).toEqual(['cut'])
    // Once is enough.
    const again = await join2(link)
    again.src.socket.write('x'.repeat(200_000))
    await until(() => again.dst.got.length === 200_005)
  })

  test.each([
    ['is not to arrive', false, 'hello'],
    ['is to be the last', true, 'hello\0\0\0\u0001'],
  ])('cuts at a message that %s', async (_, after, got) => {
    const link = await setUp()
    const { src, dst } = await join2(link)
    // What they greeted each other with was no message; from here on they are in COLO.
    const again = { src: dial(link), dst: () => accepted[1] as End }
    again.src.socket.write('hello')
    await until(() => accepted[1]?.got === 'hello')
    link.trapAt('checkpoint-request', 'cut', after)
    again.dst().socket.write(Buffer.alloc(4))
    await until(() => again.src.got.length === 4)
    expect(faults).toEqual([])
    again.src.socket.write(Buffer.from([0, 0, 0, 1, 99, 99]))
    await until(() => again.dst().ended || again.dst().closed)
    await until(() => src.closed || src.ended)
    expect(again.dst().got).toBe(got)
    expect(dst.got).toBe('hello')
    expect(faults).toEqual(['cut'])
  })

  test.each([false, true])('stalls at a message (which arrives: %s), and loses nothing', async after => {
    const link = await setUp()
    const src = dial(link)
    src.socket.write('hello')
    await until(() => accepted[0]?.got === 'hello')
    const dst = accepted[0] as End
    link.trapAt('checkpoint-request', 'stall', after)
    dst.socket.write(Buffer.alloc(4))
    await until(() => src.got.length === 4)
    src.socket.write(Buffer.from([0, 0, 0, 1, 99]))
    await until(() => faults.length === 1)
    src.socket.end('more')
    dst.socket.write('back')
    await sleep(50)
    expect([dst.got, dst.ended, src.got.length]).toEqual([after ? 'hello\0\0\0\u0001' : 'hello', false, 4])
    link.resume()
    await until(() => dst.ended && src.got.endsWith('back'))
    expect(dst.got).toBe('hello\0\0\0\u0001cmore')
    expect(link.bytes).toEqual({ src: 14, dst: 8 })
    expect(faults).toEqual(['stall', 'resume'])
  })

  test('slows down, until it resumes', async () => {
    const link = await setUp()
    const { src, dst } = await join2(link)
    link.slow(100_000)
    const before = performance.now()
    for (let i = 0; i < 3; i++) {
      src.socket.write('x'.repeat(10_000))
      await until(() => dst.got.length >= 5 + 10_000 * (i + 1))
    }
    expect(performance.now() - before).toBeGreaterThan(180)
    link.slow(1)
    src.socket.write('yy')
    await until(() => dst.got.endsWith('yy'))
    src.socket.write('zz')
    await sleep(50)
    expect(dst.got.endsWith('yy')).toBe(true)
    link.resume()
    await until(() => dst.got.endsWith('zz'))
    expect(faults).toEqual(['slow', 'slow', 'resume'])
  })

  test('stalled, shows nobody that the other has died', async () => {
    const link = await setUp()
    const { src, dst } = await join2(link)
    dst.socket.write('x')
    await until(() => src.got === 'welcomex')
    link.stall()
    if (kind === 'tcp') src.socket.resetAndDestroy()
    else src.socket.destroy()
    dst.socket.write('into the void')
    await sleep(100)
    expect([dst.ended, dst.closed]).toEqual([false, false])
    link.resume()
    await until(() => dst.ended || dst.closed)
  })

  test('drops who comes when the destination refuses', async () => {
    const link = await setUp(false)
    const src = dial(link)
    await until(() => src.ended || src.closed)
  })

  test('leaves nothing when it is closed', async () => {
    const link = await setUp()
    const { src, dst } = await join2(link)
    link.close()
    await until(() => (dst.closed || dst.ended) && (src.closed || src.ended))
    const address = parseAddress(link.address)
    if ('path' in address) expect(existsSync(address.path)).toBe(false)
    const [error] = await once(connect({ ...address }), 'error')
    expect(error.code).toBe(kind === 'unix' ? 'ENOENT' : 'ECONNREFUSED')
  })
})

test.each(['tcp:192.0.2.1:4444', 'tcp:example.org:4444', 'tcp:127.0.0.1.example.org:1'])(
  'is not for %s',
  async target => {
    await expect(proxy({ listen: 'tcp:127.0.0.1:0', target })).rejects.toThrow(
      `${target}: faults are for loopback and unix sockets only`,
    )
  },
)

test('a listener that has no room for the source turns it away, and that is a cut', async () => {
  const path = join(tempDir(), `fault-${++count}`)
  // One that accepts nobody: it listens, and then its only thread stands still.
  const program = `const still = new Int32Array(new SharedArrayBuffer(4))
    require('node:net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => {
      require('node:fs').writeSync(1, 'up')
      Atomics.wait(still, 0, 0)
    })`
  const busy = execa(process.execPath, ['-e', program, `${path}.dst`], { reject: false })
  const crowd: Socket[] = []
  try {
    await once(busy.stdout, 'data')
    let full = false
    for (let i = 0; i < 16 && !full; i++) {
      const socket = connect(`${path}.dst`)
      crowd.push(socket)
      full = await new Promise<boolean>(resolve => {
        socket.on('connect', () => resolve(false)).on('error', () => resolve(true))
      })
    }
    expect(full).toBe(true)
    const faults: string[] = []
    const link = await proxy({
      listen: `unix:${path}.src`,
      target: `unix:${path}.dst`,
      announce: fault => faults.push(fault),
    })
    links.push(link)
    const src = end(connect({ ...parseAddress(link.address), allowHalfOpen: true }))
    await until(() => src.ended || src.closed)
    expect(faults).toEqual(['cut'])
  } finally {
    for (const socket of crowd) socket.destroy()
    busy.kill('SIGKILL')
    await busy
  }
})
