/**
 * Endpoints for one case, made anew each time: QEMUs that we start, or
 * endpoints that already run.  The embedded reference is in embedded.ts.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Case, everyAct } from '../spec/script.ts'
import { parseAddress } from './address.ts'
import { isLocal } from './faults.ts'
import { NotFitError } from './foreign.ts'
import { dyingMs, LaunchError, launch, type Qemu, qemuArgs } from './launch.ts'
import { endLeftovers } from './leftover.ts'
import { TraceFiles, traceArgs, traced } from './logs/trace.ts'
import { isNetworkAct, type Network, networkFor } from './network.ts'
import { missingPart, outfitArgs } from './outfit.ts'
import { type Client, connect, type Tap } from './qmp.ts'
import type { Followed } from './record.ts'
import { tempDir } from './temp.ts'
import type { Side } from './transcript.ts'
import { later } from './wait.ts'

/** One endpoint on stage. */
export interface Player extends Followed {
  readonly client: Client
  /** Its process, where we started it. */
  readonly pid?: number
  /** Kills its process; not there where that is not ours to do. */
  readonly kill?: () => void
  /** Has its process stand still, or go on. */
  readonly freeze?: (still: boolean) => void
  /** The last of what it wrote to its standard error, where we can read it. */
  readonly stderr?: () => string
}

/** All that a case needs, until `close`. */
export interface Stage {
  readonly players: { readonly [side in Side]?: Player }
  /** The command lines, where we wrote them. */
  readonly args?: { readonly [side in Side]?: readonly string[] }
  /** The trace events that they write. */
  readonly traced?: readonly string[]
  /** What the placeholders of scripts stand for; see places.ts. */
  readonly uri: string
  readonly other?: string
  /** A folder that both sides can use; not there where they may be elsewhere. */
  readonly dir?: string
  /** What can be done to the network; not there where no act of the case does anything to it. */
  readonly network?: Network
  readonly dead: string
  /** Its endpoints outlive the case: they are neither ended nor waited for. */
  readonly kept?: true
  /** Silence that counts as the end, in seconds before scaling; as long as a QEMU needs when left out. */
  readonly silence?: number
  /** Starts a new destination in place of one that has ended; not there where processes are not ours to start. */
  readonly again?: (tap: Tap) => Promise<Player>
  /** Ends what is left, for sure; answers the processes that had not gone when they should have. */
  readonly close: () => Promise<readonly number[] | undefined>
}

/** What a stage is set for. */
export interface Setting {
  readonly case: Case
  readonly seed: number
  readonly timeoutScale: number
  readonly tap: (side: Side) => Tap
}

/** Endpoints under test. */
export interface Target {
  /** How it is called in reports, such as the path of a binary. */
  readonly name: string
  /** What to write on the command line to have it again. */
  readonly rerun: string
  /** A reason why a case cannot be run on it; nothing when it can. */
  readonly unfit?: (of: Case) => string | undefined
  readonly open: (setting: Setting) => Promise<Stage>
  /** It draws among all that the rules allow, and need not do what real QEMUs always do. */
  readonly model?: true
  /** The version that it is, where that is known before it greets: cases for other releases are skipped. */
  readonly release?: string
  /** There is one set of endpoints, so one case at a time. */
  readonly alone?: true
  /** Lets go of what outlives a case. */
  readonly close?: () => Promise<void>
}

/** Why acts cannot be done where the processes are not ours. */
const foreign = {
  again: 'it starts a process anew, and these are not ours to start',
  kill: 'it kills a process, and this one is not ours to kill',
  freeze: 'it freezes a process, and this one is not ours to freeze',
}

let stages = 0

/** @internal A folder of its own for each stage, within the run's. */
export function folder(): { dir: string; remove: () => void } {
  const dir = join(tempDir(), String(++stages))
  mkdirSync(dir, { mode: 0o700 })
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }) }
}

/** @internal Opens all sides at once; when one fails, the others are closed and nothing is left. */
export async function open<T>(
  sides: readonly Side[],
  one: (side: Side) => Promise<T>,
  undo: (made: T) => unknown,
): Promise<{ [side in Side]?: T }> {
  const settled = await Promise.allSettled(sides.map(one))
  const failed = settled.find(result => result.status === 'rejected')
  if (failed !== undefined) {
    await Promise.all(settled.map(result => result.status === 'fulfilled' && undo(result.value)))
    throw failed.reason
  }
  return Object.fromEntries(
    settled.flatMap((result, i) => (result.status === 'fulfilled' ? [[sides[i], result.value]] : [])),
  )
}

/** @internal The same one after the other: some listen where the next will connect as it starts. */
export async function openInTurn<T>(
  sides: readonly Side[],
  one: (side: Side) => Promise<T>,
  undo: (made: T) => unknown,
): Promise<{ [side in Side]?: T }> {
  const opened: { [side in Side]?: T } = {}
  for (const side of sides) {
    try {
      opened[side] = await one(side)
    } catch (error) {
      await Promise.all(Object.values(opened).map(made => undo(made as T)))
      throw error
    }
  }
  return opened
}

/** The trace logs of a stage: what they say is shown to the tap of its side, before whatever else that is shown any. */
class Inside {
  private readonly files: readonly { readonly of: TraceFiles; readonly tap: Tap }[]
  private readonly taps: { readonly [side in Side]: Tap }

  constructor(dir: string, taps: { readonly [side in Side]: Tap }, sides: readonly Side[]) {
    this.taps = taps
    this.files = sides.map(side => ({ of: new TraceFiles(dir, side), tap: taps[side] }))
  }

  readonly look = (): void => {
    for (const { of, tap } of this.files) for (const line of of.read()) tap('!!', line)
  }

  tap(side: Side): Tap {
    return (dir, msg) => {
      this.look()
      this.taps[side](dir, msg)
    }
  }

  close(): void {
    for (const { of } of this.files) of.close()
  }
}

/** A port of this machine where nobody listens yet. */
const given = new Set<number>()
const portsKept = 200

async function freePort(): Promise<string> {
  for (;;) {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
    const at = server.address()
    await new Promise(resolve => server.close(resolve))
    const port = typeof at === 'object' && at !== null ? at.port : 0
    // Nobody listens there yet, so the kernel may well give it to the next who asks, side by side with us.
    if (given.has(port)) continue
    given.add(port)
    if (given.size > portsKept) given.delete([...given][0] ?? 0)
    return `tcp:127.0.0.1:${port}`
  }
}

/** Two QEMUs of one binary, started for the case; with `trace`, what they write of themselves is recorded too. */
export function launched(
  binary: string,
  name = binary,
  {
    trace = false,
    release,
    via,
  }: {
    readonly trace?: boolean
    readonly release?: string
    /** See `LaunchOptions.via`. */
    readonly via?: (side: Side, path: string) => Promise<string>
  } = {},
): Target {
  return {
    name,
    ...(release !== undefined && { release }),
    rerun: `--qemu ${shellQuote(binary)}${trace ? ' --trace' : ''}`,
    open: async ({ case: of, timeoutScale, tap }) => {
      const { sides, guest, over, script, machine, paused = false, outfit } = of
      if (trace && everyAct(script).some(act => act.do === 'again'))
        throw new NotFitError('trace logs of a second life are not read', true)
      const missing = await missingPart(binary, of)
      if (missing !== undefined) throw new NotFitError(missing, true)
      const { dir, remove } = folder()
      const own = { ...(guest !== undefined && { busy: tempDir() }), ...(machine && { machine }) }
      const plainArgs = (side: Side) => qemuArgs(side === 'dst' ? { incoming: 'defer', ...own } : { ...own, paused })
      const dressed: { [side in Side]?: readonly string[] } = {}
      const argsOf = (side: Side) => [...plainArgs(side), ...(dressed[side] ?? [])]
      let network: Network | undefined
      const inside = trace ? new Inside(dir, { src: tap('src'), dst: tap('dst') }, sides) : undefined
      let lives = 1
      const dress = (side: Side) => {
        const worn = outfit?.[side]
        if (worn !== undefined) dressed[side] = outfitArgs(worn, dir, join(dir, lives > 1 ? `${side}-${lives}` : side))
      }
      const player = (qemu: Qemu): Player => ({
        ...qemu,
        kill: () => qemu.kill('SIGKILL'),
        freeze: still => qemu.kill(still ? 'SIGSTOP' : 'SIGCONT'),
      })
      const start = async (side: Side) => {
        const args = [...argsOf(side), ...(trace ? traceArgs(dir, side) : [])]
        const qemu = await launch({
          binary,
          args,
          name: side,
          dir,
          timeoutScale,
          tap: inside?.tap(side) ?? tap(side),
          via: via && (path => via(side, path)),
        })
        if (inside === undefined) return qemu
        const { look } = inside
        return { ...qemu, look, exited: qemu.exited.finally(look) }
      }
      try {
        const place = async (name: string) => (over === 'tcp' ? freePort() : `unix:${join(dir, name)}`)
        const uri = await place('migration')
        const other = await place('other')
        network = await networkFor(script, { dir, uri, tap })
        for (const side of sides) dress(side)
        const qemus = await (outfit === undefined ? open : openInTurn)(sides, start, qemu => qemu.stop())
        const all: Qemu[] = Object.values(qemus)
        return {
          players: Object.fromEntries(Object.entries(qemus).map(([side, qemu]) => [side, player(qemu)])),
          args: Object.fromEntries(sides.map(side => [side, argsOf(side)])),
          ...(trace && { traced }),
          uri,
          other,
          dir,
          ...(network && { network }),
          dead: await place('nobody'),
          again: async tapAgain => {
            lives++
            dress('dst')
            const name = `dst-${lives}`
            const qemu = await launch({ binary, args: argsOf('dst'), name, dir, timeoutScale, tap: tapAgain })
            all.push(qemu)
            return player(qemu)
          },
          close: async () => {
            // The source last, and the network after both: nobody is to live on and see the others go.
            for (const qemu of all.toReversed()) qemu.kill('SIGKILL')
            await within(dyingMs * timeoutScale, Promise.all(all.map(({ exited }) => exited)))
            network?.close()
            for (const { client } of all) client.close()
            inside?.close()
            const left = endLeftovers(dir)
            remove()
            return left
          },
        }
      } catch (error) {
        inside?.close()
        network?.close()
        remove()
        // With what the case has it wear it may not start, and yet be there for others.
        if (outfit !== undefined && error instanceof LaunchError) throw new NotFitError(error.message, false)
        throw error
      }
    },
  }
}

/** Where scripts may send a migration, between endpoints that we reach at these addresses. */
async function meeting(dir: string, addresses: readonly string[], uri: string | undefined): Promise<string> {
  if (uri !== undefined) return uri
  if (addresses.every(address => address.startsWith('unix:'))) return `unix:${join(dir, 'migration')}`
  return freePort()
}

/**
 * Endpoints that already run.  A case ends with `quit`, so each needs fresh ones at the same addresses.
 *
 * @param uri where the destination can listen for the migration; by default a socket of ours, or a free port here
 * @throws AddressError for a text that is no address
 */
export function addressed(src: string, dst: string | undefined, uri?: string): Target {
  const addresses = { src, dst }
  for (const address of [src, dst]) if (address !== undefined) parseAddress(address)
  const words = [`--src ${shellQuote(src)}`, ...(dst === undefined ? [] : [`--dst ${shellQuote(dst)}`])]
  if (uri !== undefined) words.push(`--uri ${shellQuote(uri)}`)
  return {
    name: dst === undefined ? src : `${src}, ${dst}`,
    alone: true,
    rerun: words.join(' '),
    unfit: ({ sides, script, guest, machine, paused, outfit }) => {
      const acts = everyAct(script)
      if (acts.some(act => act.do === 'kill')) return foreign.kill
      if (acts.some(act => act.do === 'freeze')) return foreign.freeze
      if (acts.some(act => act.do === 'again')) return foreign.again
      if (guest !== undefined) return 'it needs a guest that runs our program'
      if (outfit !== undefined) return 'it needs disks, sockets and filters of its own'
      if (machine !== undefined) return `it needs the machine ${machine}`
      if (paused) return 'it needs a guest that has not been started'
      if (/\{(other|dir)\}/.test(JSON.stringify(script)))
        return 'it needs a folder, or a second address, that both sides can use'
      if (uri !== undefined && !isLocal(uri) && acts.some(isNetworkAct))
        return `it disturbs the network, and ${uri} is not of this machine`
      return sides.includes('dst') && dst === undefined ? 'it needs a destination; give --dst' : undefined
    },
    open: async ({ case: { sides, script }, timeoutScale, tap }) => {
      const { dir, remove } = folder()
      let network: Network | undefined
      const reach = (side: Side) => connect(addresses[side] ?? '', { timeoutScale, tap: tap(side), connectMs: 5000 })
      try {
        const at = await meeting(dir, [src, dst ?? src], uri)
        network = await networkFor(script, { dir, uri: at, tap })
        const clients = await open(sides, reach, client => client.close())
        return {
          players: Object.fromEntries(Object.entries(clients).map(([side, client]) => [side, { client }])),
          uri: at,
          ...(network && { network }),
          dead: `unix:${join(dir, 'nobody')}`,
          close: async () => {
            network?.close()
            for (const client of Object.values(clients)) client.close()
            remove()
            return undefined
          },
        }
      } catch (error) {
        network?.close()
        remove()
        throw error
      }
    },
  }
}

/** A word that a shell reads as it is. */
export const shellQuote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** Runs something no longer than this; answers undefined when it was too long. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = later(ms, () => resolve(undefined))
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
