/**
 * Where a server listens: `unix:PATH` or `tcp:HOST:PORT`.
 */
import { lookup } from 'node:dns/promises'
import { lstat, unlink } from 'node:fs/promises'
import { BlockList, connect, type ListenOptions, type Server } from 'node:net'

/** A place to listen, or to connect to. */
export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** An address that cannot be read, or must not be used. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
}

/** Reads an address.  Throws `AddressError`. */
export function readAddress(text: string): Address {
  const [, path] = /^unix:(.+)$/su.exec(text) ?? []
  if (path !== undefined) {
    if (path.includes('\0')) throw new AddressError('a path cannot hold a zero byte')
    return { kind: 'unix', path }
  }
  const [, host, port] = /^tcp:(\[[^\]]*\]|[^:]*):([0-9]{1,5})$/u.exec(text) ?? []
  if (host === undefined || Number(port) > 65535) {
    throw new AddressError(`"${text}" is no address; write unix:PATH or tcp:HOST:PORT`)
  }
  return { kind: 'tcp', host: host.replace(/^\[(.*)\]$/u, '$1'), port: Number(port) }
}

/** An address as it is written. */
export const printAddress = (address: Address): string =>
  address.kind === 'unix'
    ? `unix:${address.path}`
    : `tcp:${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`

/** Clients that may wait to be accepted; to a unix socket, one more than that cannot even try. */
const backlog = 4096

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/**
 * Listens, and answers where.  A socket file that nobody listens on any more
 * is replaced.  Throws `AddressError` for a host that is not this machine's
 * own, unless `anywhere`.
 */
export async function listen(server: Server, address: Address, anywhere = false): Promise<Address> {
  let options: ListenOptions
  if (address.kind === 'unix') {
    await removeStale(address.path)
    options = { path: address.path, backlog }
  } else {
    // What has been looked up is what is listened on: a name may stand for something else a moment later.
    const host = address.host === '' ? '127.0.0.1' : address.host
    const found = await lookup(host)
    if (!anywhere && !loopback.check(found.address, found.family === 6 ? 'ipv6' : 'ipv4')) {
      throw new AddressError(
        `${printAddress(address)} can be reached from other machines, and anybody could send commands`,
      )
    }
    options = { host: found.address, port: address.port, backlog, ipv6Only: found.family === 6 }
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const at = server.address()
  return typeof at === 'object' && at !== null ? { kind: 'tcp', host: at.address, port: at.port } : address
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  // Whatever else is there, `listen` will say that the address is in use.
  if (found?.isSocket() !== true) return
  const refused = await new Promise<boolean>(resolve => {
    const probe = connect({ path })
    probe.on('connect', () => probe.destroy())
    probe.on('error', error => resolve('code' in error && error.code === 'ECONNREFUSED'))
    probe.on('close', () => resolve(false))
  })
  if (refused) await unlink(path)
}
