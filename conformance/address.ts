/** Where a monitor or a migration stream listens, and getting through to it. */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectError } from './failure.ts'
import { excerpt } from './json.ts'
import { PatientSocket } from './patient.ts'

/** A unix socket's path, or a TCP host and port. */
export type Address = { readonly path: string } | { readonly host: string; readonly port: number }

/** A text is not an address: an error of usage. */
export class AddressError extends Error {
  override name = 'AddressError'
}

/** `sun_path` of <sys/un.h>, without the zero byte at its end. */
export const longestSocketPath = 107

/**
 * Reads `unix:PATH` or `tcp:HOST:PORT`; a host that is an IPv6 address may stand in brackets.
 *
 * @throws AddressError
 */
export function parseAddress(text: string): Address {
  const fail = (why: string): never => {
    throw new AddressError(`${excerpt(text)} is not an address: ${why}; give unix:PATH or tcp:HOST:PORT`)
  }
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    if (path === '') fail('the path is missing')
    if (path.includes('\0')) fail('a path cannot hold a zero byte')
    const length = Buffer.byteLength(path)
    if (length > longestSocketPath)
      fail(`a socket's path has at most ${longestSocketPath} bytes, and this has ${length}`)
    return { path }
  }
  if (!text.startsWith('tcp:')) return fail('it starts with neither unix: nor tcp:')
  const [, host, port] = /^tcp:(?:\[(?=.*\]:))?(.*?)\]?:([^:]*)$/.exec(text) ?? fail('the port is missing')
  if (!host) return fail('the host is missing')
  if (!port || !/^\d{1,5}$/.test(port) || Number(port) > 65535) return fail('the port is not a number up to 65535')
  return { host, port: Number(port) }
}

/** The text that `parseAddress` reads. */
export function printAddress(address: Address): string {
  if ('path' in address) return `unix:${address.path}`
  const { host, port } = address
  return host.includes(':') ? `tcp:[${host}]:${port}` : `tcp:${host}:${port}`
}

/** Not there yet, or too busy to take one more: worth another try. */
const passing = new Set(['ENOENT', 'ECONNREFUSED', 'EAGAIN'])

/** QEMU needs some 50 ms to open its socket; more haste than this gains nothing. */
const pauseMs = 5

function attempt(address: Address, timeoutMs: number, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new PatientSocket().connect({ ...address })
    const settle = (error?: unknown) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      socket.off('error', settle)
      if (error === undefined) return resolve(socket)
      socket.on('error', () => {})
      socket.destroy()
      reject(error)
    }
    const abort = () => settle(signal?.reason)
    const timer = setTimeout(() => settle(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), timeoutMs)
    signal?.addEventListener('abort', abort)
    socket.once('error', settle)
    socket.once('connect', () => settle())
  })
}

/**
 * Connects, trying again until the time is over while nobody listens.
 *
 * @param timeoutMs in milliseconds, for all attempts together
 * @param signal gives up at once, with the signal's reason
 * @throws ConnectError when nobody listened in time, or at once for what will not pass (no permission, no such host)
 */
export async function dial(address: Address, timeoutMs: number, signal?: AbortSignal): Promise<Socket> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    signal?.throwIfAborted()
    try {
      return await attempt(address, Math.max(deadline - performance.now(), 1), signal)
    } catch (error) {
      signal?.throwIfAborted()
      const { code, message } = error as NodeJS.ErrnoException
      const late = performance.now() + pauseMs >= deadline
      if (late || !passing.has(code ?? '')) {
        const patience = late ? ` within ${timeoutMs / 1000} s` : ''
        throw new ConnectError(printAddress(address), `cannot connect${patience} (${code ?? message})`)
      }
    }
    await sleep(pauseMs)
  }
}
