/**
 * The reference endpoint: a QMP server for each side of a system, on sockets.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { AddressError, listen, printAddress, readAddress } from './address.ts'
import type { Flat } from './flat.ts'
import { Frames, type Members } from './frames.ts'
import type { Monitor } from './monitor.ts'
import { Reference, type ReferenceOptions } from './reference.ts'
import { type Driver, type Pace, Schedule } from './schedule.ts'

/** How and where to serve. */
export interface ServeOptions extends ReferenceOptions, Pace {
  /** For each side that is to have a monitor: `unix:PATH` or `tcp:HOST:PORT`, where port 0 is any that is free; or several. */
  readonly listen: { readonly [side: string]: string | readonly string[] }
  /** Allows addresses that other machines can reach. */
  readonly anywhere?: boolean
  /** Takes the steps; as fast as `Pace` says when left out. */
  readonly drive?: (reference: Reference, broken: (error: unknown) => void) => Driver
  /** Bytes that may wait for a client that does not read them, before it is dropped; 64 MiB when left out. */
  readonly longestBacklog?: number
  /**
   * Bytes that may be held for all clients together, of what they have not read and of what they have half sent;
   * beyond it whoever has most of them is dropped.  256 MiB when left out.
   */
  readonly mostHeld?: number
}

interface Connection {
  readonly side: string
  readonly frames: Frames
  /** Bytes, as they were last counted. */
  held: number
}

interface Listening {
  readonly side: string
  readonly server: Server
}

/** QEMU reads no further while this many requests of a monitor wait. */
const mostPending = 8

/** How long a client has to read what was left when the process ended. */
const lingerMs = 1000

/** A running reference endpoint. */
export class Endpoint {
  /** What is served; its faults and preferences may be moved while it runs. */
  readonly reference: Reference
  /** Where each side listens, every one of its monitors. */
  readonly everyAddress: Readonly<Record<string, readonly string[]>>
  /** Resolves when all is closed; rejects if the rules themselves have failed. */
  readonly closed: Promise<void>
  private readonly ending = Promise.withResolvers<void>()
  private readonly servers: readonly Listening[]
  private readonly schedule: Driver
  private readonly connections = new Map<Socket, Connection>()
  /** The sum of what the connections hold. */
  private held = 0
  private readonly lingering = new Set<NodeJS.Timeout>()
  private readonly options: ServeOptions
  private failure: unknown
  private isClosing = false

  /** Use `serve`. */
  constructor(flat: Flat, options: ServeOptions, servers: readonly Listening[], all: Record<string, string[]>) {
    this.options = options
    this.servers = servers
    this.everyAddress = all
    this.closed = this.ending.promise
    // Who does not look at `closed` hears of a failure from `close`.
    this.closed.catch(() => {})
    this.reference = new Reference(flat, {
      now: Date.now,
      ...options,
      onWork: () => {
        this.schedule.wake()
        options.onWork?.()
      },
      onExit: (side, code) => {
        for (const { server } of this.servers.filter(one => one.side === side)) server.close()
        options.onExit?.(side, code)
      },
    })
    const broken = (error: unknown) => {
      this.failure = error
      void this.close()
    }
    this.schedule = options.drive?.(this.reference, broken) ?? new Schedule(this.reference, options, broken)
    for (const { side, server } of servers) {
      server.on('connection', socket => this.attach(side, socket))
      // Too many open files, for example: that one connection is lost, and the server goes on.
      server.on('error', () => {})
    }
    this.schedule.wake()
  }

  /** Where each side listens; its first monitor, where there are several. */
  get addresses(): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.entries(this.everyAddress).map(([side, [first = '']]) => [side, first]))
  }

  /** How many clients a side has now. */
  connected(side: string): number {
    return [...this.connections.values()].filter(one => one.side === side).length
  }

  /** Bytes that are held for all clients together: what they have not read, and what they have half sent. */
  get heldBytes(): number {
    return this.held
  }

  /** Ends every connection, timer and socket file; may be called again. */
  close(): Promise<void> {
    if (this.isClosing) return this.closed
    this.isClosing = true
    this.schedule.stop()
    for (const timer of this.lingering) clearTimeout(timer)
    for (const socket of this.connections.keys()) socket.destroy()
    const all = this.servers.map(
      ({ server }) =>
        new Promise<void>(resolve => {
          // One whose process has ended is closed already, which is no error here.
          server.close(() => resolve())
        }),
    )
    void Promise.all(all).then(() => {
      if (this.failure === undefined) this.ending.resolve()
      else this.ending.reject(this.failure)
    })
    return this.closed
  }

  /** Serves a monitor of a side to whoever is at the other end of this socket. */
  attach(side: string, socket: Socket): void {
    if (this.isClosing || this.reference.isGone(side)) {
      socket.destroy()
      return
    }
    const connection: Connection = { side, frames: new Frames(), held: 0 }
    this.connections.set(socket, connection)
    socket.setNoDelay(true)
    // A client whose machine has vanished says nothing; only this finds out.
    socket.setKeepAlive(true, 30_000)
    const limit = this.options.longestBacklog ?? 64 * 1024 * 1024
    const say = (message: Members) => {
      if (!socket.writable) return
      socket.write(lineOf(message))
      if (socket.writableLength > limit) socket.destroy()
      this.count(socket, connection)
    }
    const monitor = this.reference.monitor(side, say)
    monitor.onExit = () => this.linger(socket)
    attend(socket, monitor, connection.frames, () => this.count(socket, connection))
    socket.on('close', () => {
      monitor.close()
      this.held -= connection.held
      this.connections.delete(socket)
    })
    monitor.greet()
  }

  /** Counts what a connection holds; lets go of the one that holds most where all together hold too much. */
  private count(socket: Socket, connection: Connection): void {
    if (!this.connections.has(socket)) return
    const held = socket.writableLength + connection.frames.heldBytes
    this.held += held - connection.held
    connection.held = held
    if (this.held <= (this.options.mostHeld ?? 256 * 1024 * 1024)) return
    let [most, fattest] = [0, socket]
    for (const [one, { held: its }] of this.connections) if (its > most && !one.destroyed) [most, fattest] = [its, one]
    fattest.destroy()
  }

  /** What a process has written before its end can still be read; not for ever, though. */
  private linger(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), lingerMs)
    this.lingering.add(timer)
    socket.on('close', () => {
      clearTimeout(timer)
      this.lingering.delete(timer)
    })
    socket.end()
    socket.resume()
  }
}

/** Feeds a monitor what a client sends, no faster than it is answered. */
function attend(socket: Socket, monitor: Monitor, frames: Frames, counted: () => void): void {
  let over = false
  const regulate = () => {
    const full = monitor.pending >= mostPending || socket.writableNeedDrain
    if (full) socket.pause()
    else socket.resume()
    // A client may say that it has no more to send, and still want its answers.
    if (over && monitor.pending === 0) socket.end()
  }
  monitor.onAnswer = regulate
  socket.on('data', (chunk: Buffer) => {
    for (const frame of frames.push(chunk)) {
      if ('text' in frame) monitor.receiveText(frame.text)
      else monitor.reject(frame.error)
    }
    regulate()
    counted()
  })
  socket.on('drain', () => {
    regulate()
    counted()
  })
  socket.on('end', () => {
    over = true
    regulate()
  })
  // A reset, or a write to one who has gone: `close` follows.
  socket.on('error', () => {})
}

// One event goes to many monitors: it is printed once.
let printed: { readonly message: Members; readonly line: string } | undefined

function lineOf(message: Members): string {
  if (printed?.message !== message) printed = { message, line: `${JSON.stringify(message)}\r\n` }
  return printed.line
}

/** Serves sides of a system.  Throws `AddressError` or what listening throws, with nothing left open. */
export async function serve(flat: Flat, options: ServeOptions): Promise<Endpoint> {
  const servers = Object.entries(options.listen).flatMap(([side, texts]) => {
    if (!flat.sides.includes(side))
      throw new AddressError(`there is no side "${side}"; there are ${flat.sides.join(', ')}`)
    return [texts]
      .flat()
      .map(text => ({ side, address: readAddress(text), server: createServer({ allowHalfOpen: true }) }))
  })
  const addresses: Record<string, string[]> = {}
  // The endpoint comes first: whoever connects to one side while another is being opened finds it there.
  const endpoint = new Endpoint(flat, options, servers, addresses)
  try {
    for (const { side, address, server } of servers) {
      const text = printAddress(await listen(server, address, options.anywhere))
      addresses[side] = [...(addresses[side] ?? []), text]
    }
    return endpoint
  } catch (error) {
    await endpoint.close()
    throw error
  }
}
