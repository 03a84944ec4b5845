import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { dial, parseAddress, printAddress } from './address.ts'
import { tempDir } from './temp.ts'

describe('an address', () => {
  test.each([
    ['unix:/tmp/a.sock', { path: '/tmp/a.sock' }],
    ['unix:relative:colon', { path: 'relative:colon' }],
    ['tcp:localhost:4444', { host: 'localhost', port: 4444 }],
    ['tcp:[::1]:4444', { host: '::1', port: 4444 }],
  ])('%s is read and printed', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
    expect(printAddress(parseAddress(text))).toBe(text)
  })

  test('of IPv6 needs no brackets', () => {
    expect(parseAddress('tcp:::1:4444')).toEqual({ host: '::1', port: 4444 })
  })

  test.each([
    ['a.sock', 'it starts with neither unix: nor tcp:'],
    ['unix:', 'the path is missing'],
    ['unix:a\0b', 'a path cannot hold a zero byte'],
    [`unix:/${'x'.repeat(107)}`, "a socket's path has at most 107 bytes, and this has 108"],
    ['tcp:4444', 'the port is missing'],
    ['tcp::4444', 'the host is missing'],
    ['tcp:[]:4444', 'the host is missing'],
    ['tcp:localhost:', 'the port is not a number up to 65535'],
    ['tcp:localhost:65536', 'the port is not a number up to 65535'],
    ['tcp:localhost:1e3', 'the port is not a number up to 65535'],
  ])('is not %j', (text, why) => {
    expect(() => parseAddress(text)).toThrow(`is not an address: ${why}; give unix:PATH or tcp:HOST:PORT`)
  })
})

describe('dialling', () => {
  let server: Server | undefined
  afterEach(() => server?.close())

  test('waits for somebody to listen', async () => {
    const path = join(tempDir(), 'late.sock')
    setTimeout(() => {
      server = createServer(socket => socket.end()).listen(path)
    }, 60)
    const socket = await dial({ path }, 5000)
    socket.destroy()
  })

  test('gives up in time, and says why', async () => {
    const start = performance.now()
    await expect(dial({ path: '/nowhere/a.sock' }, 100)).rejects.toThrow(
      'unix:/nowhere/a.sock: cannot connect within 0.1 s (ENOENT)',
    )
    expect(performance.now() - start).toBeGreaterThan(90)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('does not try again what cannot pass', async () => {
    const start = performance.now()
    await expect(dial({ path: '/etc/passwd/a.sock' }, 5000)).rejects.toThrow(
      'unix:/etc/passwd/a.sock: cannot connect (ENOTDIR)',
    )
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('stops when it is told to', async () => {
    const reason = new Error('QEMU is gone')
    const stop = new AbortController()
    setTimeout(() => stop.abort(reason), 30)
    await expect(dial({ path: '/nowhere/a.sock' }, 5000, stop.signal)).rejects.toBe(reason)

    const midway = new AbortController()
    const dialling = dial({ host: '127.0.0.1', port: 1 }, 5000, midway.signal)
    midway.abort(reason)
    await expect(dialling).rejects.toBe(reason)
  })
})
