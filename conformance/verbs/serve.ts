/**
 * `lockstep serve`: a pair of reference endpoints, until interrupted.
 *
 * Once one has ended and nobody is connected to the other, a fresh pair takes
 * the place of both, as a supervisor would start a QEMU anew.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { versions } from '../../spec/versions.ts'
import { parseAddress } from '../address.ts'
import { servePair } from '../embedded.ts'
import { print, releases, remark } from './common.ts'

/** Runs the verb; answers the exit code. */
export async function serveVerb({
  src,
  dst,
  seed,
  version,
}: {
  readonly src: string
  readonly dst?: string
  readonly seed: number
  readonly version?: string
}): Promise<number> {
  const release = releases(versions, version).at(-1) ?? ''
  const wanted: { [side: string]: string } = dst === undefined ? { src } : { src, dst }
  for (const address of Object.values(wanted)) parseAddress(address)
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupt())
  let over = false
  void interrupted.then(() => {
    over = true
  })
  let listen = wanted
  for (let n = 0; !over; n++) {
    let ended = 0
    const endpoint = await servePair({
      version: release,
      listen,
      seed: seed + n,
      onExit: () => {
        ended++
      },
    })
    const isDone = () => ended > 0 && Object.keys(wanted).every(side => endpoint.connected(side) === 0)
    // A port that was free the first time is the port from then on.
    listen = endpoint.addresses
    if (n === 0) {
      for (const [side, address] of Object.entries(listen)) print(`${side} ${address}`)
      remark(`QEMU ${release} by its rules, seed ${seed}; Ctrl-C ends it`)
    } else remark(`a fresh pair, seed ${seed + n}`)
    while (!over && !isDone()) await Promise.race([sleep(50), interrupted, endpoint.closed])
    await endpoint.close()
  }
  return 0
}
