/**
 * Endpoints for one case, made anew each time: QEMUs that we start, or
 * endpoints that already run.  The embedded reference is in embedded.ts.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Case } from '../spec/script.ts'
import { parseAddress } from './address.ts'
import { launch, qemuArgs } from './launch.ts'
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
  /** The last of what it wrote to its standard error, where we can read it. */
  readonly stderr?: () => string
}

/** All that a case needs, until `close`. */
export interface Stage {
  readonly players: { readonly [side in Side]?: Player }
  /** The command lines, where we wrote them. */
  readonly args?: { readonly [side in Side]?: readonly string[] }
  /** What the placeholders of scripts stand for. */
  readonly uri: string
  readonly dead: string
  /** Its endpoints outlive the case: they are neither ended nor waited for. */
  readonly kept?: true
  /** Ends what is left, for sure. */
  readonly close: () => Promise<void>
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
  /** Lets go of what outlives a case. */
  readonly close?: () => Promise<void>
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

/** Two QEMUs of one binary, started for the case. */
export function launched(binary: string, name = binary): Target {
  return {
    name,
    rerun: `--qemu ${shellQuote(binary)}`,
    open: async ({ case: { sides }, timeoutScale, tap }) => {
      const { dir, remove } = folder()
      const argsOf = (side: Side) => qemuArgs(side === 'dst' ? { incoming: 'defer' } : {})
      const start = (side: Side) =>
        launch({ binary, args: argsOf(side), name: side, dir, timeoutScale, tap: tap(side) })
      try {
        const qemus = await open(sides, start, qemu => qemu.stop())
        const all = Object.values(qemus)
        return {
          players: Object.fromEntries(
            Object.entries(qemus).map(([side, qemu]) => [side, { ...qemu, kill: () => qemu.kill('SIGKILL') }]),
          ),
          args: Object.fromEntries(sides.map(side => [side, argsOf(side)])),
          uri: `unix:${join(dir, 'migration')}`,
          dead: `unix:${join(dir, 'nobody')}`,
          close: async () => {
            for (const qemu of all) qemu.kill('SIGKILL')
            await Promise.all(all.map(({ exited }) => exited))
            for (const { client } of all) client.close()
            remove()
          },
        }
      } catch (error) {
        remove()
        throw error
      }
    },
  }
}

/** Where scripts may send a migration, between endpoints that we reach at these addresses. */
async function meeting(dir: string, addresses: readonly string[], uri: string | undefined): Promise<string> {
  if (uri !== undefined) return uri
  if (addresses.every(address => address.startsWith('unix:'))) return `unix:${join(dir, 'migration')}`
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const at = server.address()
  await new Promise(resolve => server.close(resolve))
  return `tcp:127.0.0.1:${typeof at === 'object' ? at?.port : 0}`
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
    rerun: words.join(' '),
    unfit: ({ sides, script }) => {
      if (script.some(act => act.do === 'kill')) return 'it kills a process, and this one is not ours to kill'
      return sides.includes('dst') && dst === undefined ? 'it needs a destination; give --dst' : undefined
    },
    open: async ({ case: { sides }, timeoutScale, tap }) => {
      const { dir, remove } = folder()
      const reach = (side: Side) => connect(addresses[side] ?? '', { timeoutScale, tap: tap(side), connectMs: 5000 })
      try {
        const clients = await open(sides, reach, client => client.close())
        return {
          players: Object.fromEntries(Object.entries(clients).map(([side, client]) => [side, { client }])),
          uri: await meeting(dir, [src, dst ?? src], uri),
          dead: `unix:${join(dir, 'nobody')}`,
          close: async () => {
            for (const client of Object.values(clients)) client.close()
            remove()
          },
        }
      } catch (error) {
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
