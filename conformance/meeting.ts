/**
 * Where a migration goes, as `migrate` and `migrate-incoming` have it, and the
 * talk of two lone QEMUs on that very socket: a JSON object a line, the first of
 * which says that it is us.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { type Address, listen } from '../impl/address.ts'
import { Frames, isObject, type Members, readJson } from '../impl/frames.ts'
import type { Told } from '../impl/half.ts'
import { later } from './wait.ts'

/** A socket, or what needs nobody who listens: a file, a command, a descriptor. */
export type Destination = { readonly kind: 'socket'; readonly address: Address } | { readonly kind: 'elsewhere' }

/** Hosts that stand for every address of this machine. */
const everywhere = new Set(['', '0', '0.0.0.0', '::'])

function inet(host: string, port: string, anywhere: boolean): Destination | undefined {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) return undefined
  const own = !anywhere && everywhere.has(host) ? '127.0.0.1' : host
  return { kind: 'socket', address: { kind: 'tcp', host: own, port: Number(port) } }
}

function ofUri(uri: string, anywhere: boolean): Destination | undefined {
  if (/^(exec|file|fd|rdma|vsock):/.test(uri)) return { kind: 'elsewhere' }
  const [, path] = /^unix:([^\0,]+)$/.exec(uri) ?? []
  if (path !== undefined) return { kind: 'socket', address: { kind: 'unix', path } }
  const [, host, port] = /^tcp:(?:\[(?=.*\]:))?(.*?)\]?:(\d+)(?:,.*)?$/.exec(uri) ?? []
  return host === undefined || port === undefined ? undefined : inet(host, port, anywhere)
}

/**
 * Where these arguments of `migrate` or `migrate-incoming` say; undefined where they name no place that we know.
 * Unless `anywhere`, a host that stands for every address of this machine is the loopback.
 */
export function destinationOf({ uri, channels }: Members, anywhere: boolean): Destination | undefined {
  if (typeof uri === 'string') return ofUri(uri, anywhere)
  const [channel] = Array.isArray(channels) ? channels : []
  const to = isObject(channel) ? channel.addr : undefined
  if (!isObject(to)) return undefined
  if (to.transport !== 'socket') return { kind: 'elsewhere' }
  if (to.type === 'unix' && typeof to.path === 'string')
    return { kind: 'socket', address: { kind: 'unix', path: to.path } }
  return to.type === 'inet' ? inet(String(to.host), String(to.port), anywhere) : { kind: 'elsewhere' }
}

/** Listens for a migration.  Throws `AddressError`, or what listening throws. */
export async function listenFor(address: Address, anywhere: boolean, call: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, call)
  server.on('error', () => {})
  await listen(server, address, anywhere)
  return server
}

/** How long the other end may take to end a connection that we have ended, in milliseconds. */
const patience = 500

/** A connection of two lone QEMUs, or of one and a stranger. */
export class Talk {
  private readonly socket: Socket
  private isOver = false

  /**
   * @param hear is told each object that comes, or undefined for what is none
   * @param over is called once, when nothing more will come
   */
  constructor(socket: Socket, hear: (message: Members | undefined) => void, over: () => void) {
    this.socket = socket
    const frames = new Frames()
    const end = () => {
      if (this.isOver) return
      this.isOver = true
      over()
    }
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      for (const frame of frames.push(chunk)) {
        if (this.isOver) return
        hear('text' in frame ? objectOf(frame.text) : undefined)
      }
    })
    socket.on('end', end)
    socket.on('close', end)
    // A reset, or a write to one who has gone: `close` follows.
    socket.on('error', () => {})
  }

  /** Says something, unless the connection is over. */
  say(message: Members | Told): void {
    if (this.socket.writable) this.socket.write(`${JSON.stringify(message)}\n`)
  }

  /** Says nothing more, and waits a little for the other end to do so too. */
  end(): void {
    this.socket.end()
    const timer = later(patience, () => this.socket.destroy())
    this.socket.on('close', () => clearTimeout(timer))
  }

  /** Ends it at once. */
  destroy(): void {
    this.socket.destroy()
  }
}

function objectOf(text: string): Members | undefined {
  try {
    const value = readJson(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A message as one of what halves tell each other; undefined when it is none. */
export function toldOf(message: Members | undefined): Told | undefined {
  const { sends, took, joined } = message ?? {}
  if (typeof sends === 'string') return { sends }
  if (typeof took === 'string') return { took }
  if (!isObject(joined)) return undefined
  const values = Object.entries(joined).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  return { joined: Object.fromEntries(values) }
}
