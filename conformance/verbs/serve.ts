/**
 * `lockstep serve`: reference endpoints, until interrupted.
 *
 * With `--src` or `--dst` alone it is one QEMU, whose migration goes over the
 * socket that it is told of; with both it is a pair, joined within this process.
 * Once one has ended and nobody is connected to what is left, fresh ones take
 * their place, as a supervisor would start a QEMU anew.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ByHand } from '../../impl/by-hand.ts'
import type { Pace } from '../../impl/schedule.ts'
import type { Endpoint } from '../../impl/server.ts'
import { bugs } from '../../spec/history.ts'
import { versions } from '../../spec/versions.ts'
import { parseAddress } from '../address.ts'
import { flatPair, type Wishes } from '../behaviour.ts'
import { findBug } from '../bugs.ts'
import { readScript, scriptText, vocabulary } from '../cues.ts'
import { type PairOptions, servePair } from '../embedded.ts'
import { serveOne } from '../lone.ts'
import { print, releases, remark, UsageError } from './common.ts'

/** What the command line says. */
export interface ServeFlags extends Pace {
  readonly src?: readonly string[]
  readonly dst?: readonly string[]
  readonly incoming?: string
  readonly name?: string
  readonly seed: number
  readonly version?: string
  readonly anywhere?: boolean
  readonly script?: string
  readonly bug?: string
  readonly interactive?: boolean
}

/** What `--bug` and `--script` ask for of a release; see also `lockstep-qemu`. */
export function wishes(version: string, { script, bug }: Pick<ServeFlags, 'script' | 'bug'>): Wishes {
  const found = bug === undefined ? undefined : findBug(bug, version)
  if (found !== undefined)
    remark(
      found.edits.length > 0
        ? `with bug ${found.bug.id}: ${found.bug.name}`
        : `bug ${found.bug.id} is what the rules of ${version} are without it: ${found.bug.name}`,
    )
  const edits = found?.edits ?? []
  if (script === undefined) return { edits }
  const { text, name } = scriptText(script)
  const lines = readScript(flatPair(version, edits), text, name)
  return { edits, script: lines, note: what => remark(`script: ${what}`) }
}

/** Opens one QEMU, or a pair. */
async function open(
  wanted: { readonly [side: string]: readonly string[] },
  incoming: string | undefined,
  options: Omit<PairOptions, 'listen'>,
): Promise<{ readonly endpoint: Endpoint; close(): Promise<void> }> {
  if (wanted.src !== undefined && wanted.dst !== undefined) {
    const endpoint = await servePair({ ...options, listen: wanted })
    return { endpoint, close: () => endpoint.close() }
  }
  const monitors = wanted.src ?? wanted.dst ?? []
  return serveOne({ ...options, monitors, ...(wanted.src === undefined && { incoming: incoming ?? 'defer' }) })
}

/** Runs the verb; answers the exit code. */
export async function serveVerb(flags: ServeFlags): Promise<number> {
  const { src, dst, incoming, name, seed, anywhere = false, interactive = false } = flags
  const release = releases(versions, flags.version).at(-1) ?? ''
  let wanted: { [side: string]: readonly string[] } = { ...(src && { src }), ...(dst && { dst }) }
  if (flags.script === 'help') print(vocabulary())
  if (flags.bug === 'list') print(bugs.map(({ id, name: what }) => `${String(id).padStart(3)}  ${what}`).join('\n'))
  if (flags.script === 'help' || flags.bug === 'list') return 0
  const all = Object.values(wanted).flat()
  if (all.length === 0) throw new UsageError('give --src, --dst, or both')
  if (incoming !== undefined && (src !== undefined || dst === undefined))
    throw new UsageError('--incoming goes with --dst alone: of a pair, the destination is told by migrate-incoming')
  for (const address of all) parseAddress(address)
  const wished = wishes(release, flags)
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupt())
  let over = false
  void interrupted.then(() => {
    over = true
  })
  for (let n = 0; !over; n++) {
    let ended = 0
    const one = await open(wanted, incoming, {
      ...wished,
      version: release,
      seed: seed + n,
      anywhere,
      ...(name !== undefined && { name }),
      ...(interactive && {
        drive: (reference, broken) => new ByHand(reference, broken, process.stdin, process.stdout),
      }),
      onExit: () => {
        ended++
      },
    })
    const { endpoint } = one
    const isDone = () => ended > 0 && Object.keys(wanted).every(side => endpoint.connected(side) === 0)
    if (n === 0) {
      // A port that was free the first time is the port from then on.
      wanted = endpoint.everyAddress
      for (const [side, addresses] of Object.entries(wanted)) for (const at of addresses) print(`${side} ${at}`)
      remark(`QEMU ${release} by its rules, seed ${seed}; Ctrl-C ends it`)
    } else remark(`afresh, seed ${seed + n}`)
    while (!over && !isDone()) await Promise.race([sleep(50), interrupted, endpoint.closed])
    await one.close()
    // Whoever picks by hand has seen it end.
    if (interactive) break
  }
  return 0
}
