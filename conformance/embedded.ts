/** The reference endpoint on sockets, for `serve`, and within this process as a target of the conformance run. */
import { join } from 'node:path'
import { slug } from '../impl/flat.ts'
import { flatten } from '../impl/flatten.ts'
import type { Reference } from '../impl/reference.ts'
import { type Endpoint, type ServeOptions, serve } from '../impl/server.ts'
import { failures, holds } from '../spec/cases.ts'
import { guest } from '../spec/guest.ts'
import type { Rules } from '../spec/lang.ts'
import { pair } from '../spec/systems.ts'
import { isObject } from './json.ts'
import { type Client, connect } from './qmp.ts'
import { folder, open, type Player, type Target } from './stage.ts'
import { onCleanup } from './temp.ts'
import type { Side } from './transcript.ts'

/** What `servePair` needs to know. */
export interface PairOptions extends Pick<ServeOptions, 'listen' | 'seed' | 'onExit' | 'anywhere'> {
  /** The release to be. */
  readonly version: string
}

/** Commands that clients of a migration send, that no rule speaks of, and that are answered without effect. */
const ignored = ['query-yank']

/** What a guest, its devices and a debugger do of their own accord: nothing, in a guest that has nothing to run. */
const doings = ['guest', 'device', 'debugger'].flatMap(actor =>
  ((guest.rules as Rules)[actor] ?? []).map(rule => slug(rule.name)),
)

/** A migration finds the destination when it listens, and fails when it does not; the wires between the two are sound. */
function joinSides(reference: Reference): void {
  const { 'dst.listening': listening, 'dst.process': process } = reference.state()
  const rule = ['fail-to-connect']
  if (listening === 'yes' && process === 'alive') reference.avoid(rule)
  else reference.allow(rule)
}

/** Parameters hold a reference where they would hold a QEMU: see `holds`. */
function obey(reference: Reference, given: unknown): void {
  if (!isObject(given)) return
  for (const { parameter, least, most, rules } of holds) {
    const value = given[parameter]
    if (typeof value !== 'number') continue
    if (value >= least && value <= most) reference.avoid(rules)
    else reference.allow(rules)
  }
}

/** Serves two QEMUs that are joined by wires: addresses in `migrate` are read, and nobody dials them. */
export async function servePair({ version, ...options }: PairOptions): Promise<Endpoint> {
  // Steps may be taken while the sockets are still being opened, before there is an endpoint to speak of.
  let endpoint: Endpoint | undefined
  endpoint = await serve(flatten(pair, version), {
    ...options,
    start: {
      'src.vm': 'running',
      'dst.autostart': 'yes',
      'dst.listening': 'no',
      'dst.incoming': 'none',
    },
    avoid: [...failures, ...doings],
    ignored,
    outOfBand: ['query-yank'],
    onStep: () => {
      if (endpoint !== undefined) joinSides(endpoint.reference)
    },
    tap: (_, direction, message) => {
      if (endpoint !== undefined && direction === '->' && message.execute === 'migrate-set-parameters')
        obey(endpoint.reference, message.arguments)
    },
  })
  return endpoint
}

/** The reference endpoint of a release, within this process. */
export function embedded(version: string): Target {
  return {
    name: `reference ${version}`,
    model: true,
    rerun: `--version ${version}`,
    open: async ({ case: { sides }, seed, timeoutScale, tap }) => {
      const { dir, remove } = folder()
      const ends = { src: Promise.withResolvers<number | null>(), dst: Promise.withResolvers<number | null>() }
      const killed = new Set<Side>()
      const endpoint = await servePair({
        version,
        listen: Object.fromEntries(sides.map(side => [side, `unix:${join(dir, `${side}.qmp`)}`])),
        seed,
        onExit: (side, code) => ends[side as Side].resolve(code),
      })
      const forget = onCleanup(() => endpoint.close())
      let clients: { [side in Side]?: Client } = {}
      const close = async () => {
        for (const client of Object.values(clients)) client.close()
        for (const side of sides) ends[side].resolve(null)
        await endpoint.close()
        forget()
        remove()
      }
      const reach = (side: Side) => connect(endpoint.addresses[side] ?? '', { timeoutScale, tap: tap(side) })
      try {
        clients = await open(sides, reach, client => client.close())
      } catch (error) {
        await close()
        throw error
      }
      const signal = (side: Side) => (killed.has(side) ? 'SIGKILL' : 'SIGABRT')
      const player = (side: Side, client: Client): Player => ({
        client,
        exited: ends[side].promise.then(code => ({ code, signal: code === null ? signal(side) : null })),
        signalled: () => (killed.has(side) ? 'SIGKILL' : undefined),
        kill: () => {
          if (endpoint.reference.isGone(side)) return
          killed.add(side)
          tap(side)('!!', { fault: 'kill' })
          endpoint.reference.fault(side, 'kill')
        },
      })
      return {
        players: Object.fromEntries(Object.entries(clients).map(([side, c]) => [side, player(side as Side, c)])),
        uri: `unix:${join(dir, 'migration')}`,
        dead: `unix:${join(dir, 'nobody')}`,
        close,
      }
    },
  }
}
