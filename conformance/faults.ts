/**
 * A small proxy between source and destination, to do to a migration stream what
 * networks do: cut it, stall it, slow it down, half-close it, refuse it, at a
 * chosen moment, which may be a message of COLO or of a recovery.
 */
import { once } from 'node:events'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { type Address, parseAddress, printAddress } from './address.ts'
import { Ear } from './stream.ts'
import type { Side } from './transcript.ts'

/** What to put the proxy between. */
export interface ProxyOptions {
  /** Where the source connects: `unix:PATH`, or `tcp:127.0.0.1:0` for a free port. */
  readonly listen: string
  /** Where the destination listens. */
  readonly target: string
  /** Is told each fault's name just before it is done; `recorder.observe(side, { fault })` fits here. */
  readonly announce?: (fault: string) => void
}

interface Pair {
  readonly src: Socket
  readonly dst: Socket
  readonly ear: Ear
}

/** Whether an address is on this machine for sure. */
export function isLocal(text: string): boolean {
  const address = parseAddress(text)
  return !('host' in address) || /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(address.host)
}

/** What is not on this machine is not ours to disturb. */
function local(text: string): Address {
  if (!isLocal(text)) throw new RangeError(`${text}: faults are for loopback and unix sockets only`)
  return parseAddress(text)
}

/** A proxy that can be told to fail.  Several connections may be open at once (multifd, postcopy preemption): a fault is done to them all. */
export class Link {
  /** Where the source connects, with the port that was free. */
  address: string
  /** How many connections it has taken. */
  connections = 0
  /** Bytes passed on, by the side that sent them. */
  readonly bytes: Record<Side, number> = { src: 0, dst: 0 }
  private readonly listenAt: Address
  private readonly target: Address
  private readonly announce: (fault: string) => void
  private readonly pairs = new Set<Pair>()
  private server: Server | undefined
  private stalled = false
  private readonly held: (() => void)[] = []
  private limit = Number.POSITIVE_INFINITY
  private trap: { readonly message: string; readonly after: boolean; readonly does: 'cut' | 'stall' } | undefined
  private rate = Number.POSITIVE_INFINITY

  /** @internal See `proxy`. */
  constructor({ listen, target, announce = () => {} }: ProxyOptions) {
    this.listenAt = local(listen)
    this.target = local(target)
    this.announce = announce
    this.address = listen
  }

  /** Drops every connection, both ways; new ones are taken. */
  cut(): void {
    this.announce('cut')
    this.drop()
  }

  /** Passes nothing on, end of file included, until `resume`; new connections are taken, and stall as well. */
  stall(): void {
    this.announce('stall')
    this.stalled = true
    for (const { src, dst } of this.pairs) {
      src.pause()
      dst.pause()
    }
  }

  /** Ends a stall, and a slowness. */
  resume(): void {
    this.announce('resume')
    this.stalled = false
    this.rate = Number.POSITIVE_INFINITY
    for (const late of this.held.splice(0)) late()
    for (const { src, dst } of this.pairs) {
      src.resume()
      dst.resume()
    }
  }

  /** Passes no more than so many bytes a second each way, from now on until `resume`. */
  slow(bytesPerSecond: number): void {
    this.announce('slow')
    this.rate = bytesPerSecond
  }

  /** Shows end of file to one side, which can still send. */
  halfClose(side: Side): void {
    this.announce(`half-close ${side}`)
    for (const pair of this.pairs) pair[side].end()
  }

  /** Cuts as soon as the source has got so many bytes through from now on; the last of them arrives. */
  cutAfter(bytes: number): void {
    this.limit = this.bytes.src + bytes
  }

  /**
   * Cuts, or stalls, at the next such message (see `messages` of stream.ts), which does not arrive;
   * or, with `after`, does, as the last thing.
   */
  trapAt(message: string, does: 'cut' | 'stall', after = false): void {
    this.trap = { message, after, does }
  }

  /** Stops listening: who connects is refused.  Connections there are stay. */
  refuse(): void {
    this.announce('refuse')
    this.deafen()
  }

  /** Listens again after `refuse`, at the same address; nothing where it listens already. */
  async accept(): Promise<void> {
    if (this.server !== undefined) return
    const address = parseAddress(this.address)
    if ('path' in address) rmSync(address.path, { force: true })
    // Half-open: one side's end of file must not end the other direction.
    const server = createServer({ allowHalfOpen: true }, src => this.join(src))
    server.listen(address)
    await once(server, 'listening')
    this.server = server
    const bound = server.address()
    if (typeof bound === 'object' && bound !== null && 'host' in address) {
      this.address = printAddress({ host: address.host, port: bound.port })
    }
  }

  /** Drops everything and stops listening. */
  close(): void {
    this.drop()
    this.deafen()
    if ('path' in this.listenAt) rmSync(this.listenAt.path, { force: true })
  }

  private drop(): void {
    for (const { src, dst } of this.pairs) {
      src.destroy()
      dst.destroy()
    }
    this.pairs.clear()
  }

  private deafen(): void {
    const { server } = this
    this.server = undefined
    if (server === undefined) return
    // Node removes the socket with its server.  A network refuses; it does not lack a file.
    const path = 'path' in this.listenAt ? this.listenAt.path : undefined
    const kept = path !== undefined && existsSync(path)
    if (kept) renameSync(path, `${path}~`)
    server.close()
    if (kept) renameSync(`${path}~`, path)
  }

  private join(src: Socket): void {
    this.connections++
    const dst = connect({ ...this.target, allowHalfOpen: true })
    const pair = { src, dst, ear: new Ear() }
    this.pairs.add(pair)
    this.pass('src', pair, src, dst)
    this.pass('dst', pair, dst, src)
    // Who listens there has no room for one more: the source was let in, and is turned away.
    dst.on('error', error => {
      if ('code' in error && error.code === 'EAGAIN') this.announce('cut')
    })
    for (const socket of [src, dst]) {
      socket.on('error', () => {})
      // A side that is gone, rather than done, takes the other with it.
      socket.on('close', failed => {
        // Nothing gets through a stalled link, an end not either; and what it held then is lost.
        if (failed && this.stalled)
          this.held.push(() => {
            this.announce('cut')
            this.dropPair(pair)
          })
        else if (failed) this.dropPair(pair)
        else if (src.destroyed && dst.destroyed) this.pairs.delete(pair)
      })
    }
  }

  private dropPair({ src, dst }: Pair): void {
    src.destroy()
    dst.destroy()
  }

  /** How much of what came may pass, and what is done to the link then. */
  private measure(side: Side, ear: Ear, chunk: Buffer): { part: Buffer; rest: Buffer; does: 'pass' | 'cut' | 'stall' } {
    const left = side === 'src' ? this.limit - this.bytes.src : Number.POSITIVE_INFINITY
    const heard = ear.hear(side, chunk)
    const { trap } = this
    const caught = heard.find(({ name }) => name === trap?.message)
    const end = caught === undefined ? chunk.length : trap?.after ? caught.to : caught.from
    const does = caught !== undefined && trap !== undefined ? trap.does : left <= chunk.length ? 'cut' : 'pass'
    if (does !== 'pass') this.trap = undefined
    if (does === 'cut') this.limit = Number.POSITIVE_INFINITY
    const size = Math.min(left, end)
    return { part: chunk.subarray(0, size), rest: chunk.subarray(size), does }
  }

  private pass(side: Side, pair: Pair, from: Socket, to: Socket): void {
    const goOn = () => this.stalled || from.resume()
    from.on('data', chunk => {
      const { part, rest, does } = this.measure(side, pair.ear, chunk as Buffer)
      this.bytes[side] += part.length
      if (does !== 'pass') from.pause()
      const done = () => {
        if (does === 'cut') this.cut()
        if (does !== 'stall') return
        this.stall()
        // What was read already goes first when it goes on; it has been heard, and is counted then.
        this.held.unshift(() => {
          this.bytes[side] += rest.length
          to.write(rest)
        })
      }
      // Who sends to a side that is gone for good is told so; one that was shown its end of file gets no more.
      if (to.destroyed) this.stalled || this.dropPair(pair)
      else if (!to.writable) done()
      else if (!to.write(part, done) && does === 'pass') {
        from.pause()
        to.once('drain', goOn)
      } else if (does === 'pass' && this.rate < Number.POSITIVE_INFINITY) {
        from.pause()
        setTimeout(goOn, (part.length / this.rate) * 1000)
      }
    })
    // Node tells of the end of a paused socket too.
    from.on('end', () => (this.stalled ? this.held.push(() => to.end()) : to.end()))
    if (this.stalled) from.pause()
  }
}

/**
 * Puts a proxy between a source and a destination.
 *
 * A source is connected as soon as the proxy takes it, though the destination
 * may refuse; it is dropped then.
 *
 * @throws RangeError when an address is not of this machine; AddressError; Error when it cannot listen
 */
export async function proxy(options: ProxyOptions): Promise<Link> {
  const made = new Link(options)
  await made.accept()
  return made
}
