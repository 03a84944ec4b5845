/** What acts of a case do to the network between two endpoints, and who else connects to them. */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { type Act, everyAct } from '../spec/script.ts'
import { parseAddress } from './address.ts'
import { type Link, proxy } from './faults.ts'
import type { Tap } from './qmp.ts'
import type { Side } from './transcript.ts'

/** Acts that are about the network. */
export type NetworkAct = Extract<
  Act,
  { do: 'link' | 'half-close' | 'slow' | 'cut-after' | 'cut-at' | 'stall-at' | 'stray' }
>

const doings: ReadonlySet<string> = new Set(['link', 'half-close', 'slow', 'cut-after', 'cut-at', 'stall-at', 'stray'])

/** Whether an act is about the network. */
export const isNetworkAct = (act: Act): act is NetworkAct => doings.has(act.do)

/** The network of one case. */
export interface Network {
  /**
   * Where the source is to connect to just now: a proxy takes who comes, so where nobody
   * listens behind it, the address itself, which refuses.
   */
  readonly via: () => string
  /** Does an act; answers why it cannot be done, where it cannot. */
  readonly act: (act: NetworkAct) => Promise<string | undefined>
  /** Whether it holds anything up. */
  readonly late: () => boolean
  /** Lets everything through again that is only late. */
  readonly heal: () => void
  readonly close: () => void
}

/** How long a stranger tries to connect, in milliseconds. */
const knockMs = 2000

/** A connection of somebody who is not the source. */
async function stranger(uri: string, says: string | undefined): Promise<Socket> {
  const socket = connect(parseAddress(uri))
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, knockMs)
  socket.on('error', () => resolve()).on('connect', resolve)
  await promise
  clearTimeout(timer)
  if (says !== undefined) socket.write(says)
  return socket
}

/** Whether somebody listens there, as the kernel tells; asking by connecting would be a fault of its own. */
function listens(uri: string): boolean {
  const address = parseAddress(uri)
  const rows = (name: string) =>
    readFileSync(`/proc/net/${name}`, 'utf8')
      .split('\n')
      .map(row => row.trim().split(/\s+/))
  // __SO_ACCEPTCON, and TCP_LISTEN.
  if ('path' in address) return rows('unix').some(row => row[3] === '00010000' && row[7] === address.path)
  const port = address.port.toString(16).toUpperCase().padStart(4, '0')
  return ['tcp', 'tcp6'].some(name => rows(name).some(row => row[1]?.endsWith(`:${port}`) && row[3] === '0A'))
}

class Between implements Network {
  private readonly uri: string
  private readonly link: Link | undefined
  private readonly tap: (side: Side) => Tap
  private readonly strangers = new Set<Socket>()
  private holds = false

  constructor(link: Link | undefined, uri: string, tap: (side: Side) => Tap) {
    this.link = link
    this.uri = uri
    this.tap = tap
  }

  via(): string {
    return this.link !== undefined && listens(this.uri) ? this.link.address : this.uri
  }

  async act(act: NetworkAct): Promise<undefined> {
    if (act.do === 'stray') return this.stray(act)
    const { link } = this
    // There is one wherever a script has any of these.
    if (link === undefined) return
    switch (act.do) {
      case 'link':
        if (act.fault === 'stall' || act.fault === 'resume') this.holds = act.fault === 'stall'
        if (act.fault === 'accept') this.tap('src')('!!', { fault: 'accept' })
        await link[act.fault]()
        return
      case 'half-close':
        return void link.halfClose(act.at)
      case 'slow':
        this.holds = true
        return void link.slow(act.bytes)
      case 'cut-after':
        return void link.cutAfter(act.bytes)
      case 'cut-at':
        return void link.trapAt(act.message, 'cut', act.arrives)
      case 'stall-at':
        this.holds = true
        return void link.trapAt(act.message, 'stall', act.arrives)
    }
  }

  private async stray({ at, how }: Extract<Act, { do: 'stray' }>): Promise<undefined> {
    if (how === 'leaves') {
      // No fault of its own: that a stranger who came may go is in the rules.
      this.tap(at)('!!', { stranger: 'leaves' })
      for (const socket of this.strangers) socket.destroy()
      this.strangers.clear()
      return
    }
    this.tap(at)('!!', { fault: how === 'silent' ? 'stray' : 'stray garbage' })
    this.strangers.add(await stranger(this.uri, how === 'silent' ? undefined : 'nonsense'.repeat(64)))
  }

  late(): boolean {
    return this.holds
  }

  heal(): void {
    if (this.holds) this.link?.resume()
    this.holds = false
  }

  close(): void {
    for (const socket of this.strangers) socket.destroy()
    this.link?.close()
  }
}

/** A proxy where the script does anything to the link; nothing where it does nothing to the network. */
export async function networkFor(
  script: readonly Act[],
  { dir, uri, tap }: { readonly dir: string; readonly uri: string; readonly tap: (side: Side) => Tap },
): Promise<Network | undefined> {
  const acts = everyAct(script).filter(isNetworkAct)
  if (acts.length === 0) return undefined
  if (acts.every(act => act.do === 'stray')) return new Between(undefined, uri, tap)
  const listen = uri.startsWith('tcp:') ? 'tcp:127.0.0.1:0' : `unix:${join(dir, 'link')}`
  // To whom a fault of the network is done is not told: the rules do not ask.
  const link = await proxy({ listen, target: uri, announce: fault => tap('src')('!!', { fault }) })
  return new Between(link, uri, tap)
}
