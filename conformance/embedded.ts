/** The reference endpoint on sockets, for `serve`, and within this process as a target of the conformance run. */
import { join } from 'node:path'
import { Director } from '../impl/director.ts'
import type { Reference } from '../impl/reference.ts'
import { type Endpoint, type ServeOptions, serve } from '../impl/server.ts'
import { calls } from '../spec/cases.ts'
import type { Edit } from '../spec/lang.ts'
import { type Act, type Case, everyAct } from '../spec/script.ts'
import { asWished, flatPair, obey, type Wishes, without } from './behaviour.ts'
import { type Identity, isMigrating, knowledge } from './knowledge.ts'
import { isNetworkAct } from './network.ts'
import { type Client, connect } from './qmp.ts'
import { folder, open, type Player, type Target } from './stage.ts'
import { onCleanup } from './temp.ts'
import type { Side } from './transcript.ts'

/** What `servePair` needs to know. */
export interface PairOptions
  extends Pick<ServeOptions, 'listen' | 'seed' | 'onExit' | 'anywhere' | 'drive'>,
    Wishes,
    Identity {
  /** The guest of the source has not been started. */
  readonly paused?: boolean
  /** The release to be. */
  readonly version: string
}

/** A migration finds the destination when it listens, and fails when it does not; the wires between the two are sound. */
function joinSides(reference: Reference, wanted: readonly string[]): void {
  const value = (variable: string) => reference.valueOf(variable)
  const listens = value('dst.listening') === 'yes' && value('dst.process') === 'alive'
  const awaited = value('dst.incoming') === 'postcopy-paused' && value('dst.stranger') === 'none'
  if (listens) reference.avoid(without(calls.refused, wanted))
  else reference.allow(calls.refused)
  if (listens && !awaited) reference.allow(calls.inVain)
  else reference.avoid(without(calls.inVain, wanted))
}

/** Serves two QEMUs that are joined by wires: addresses in `migrate` are read, and nobody dials them. */
export async function servePair({
  version,
  wanted = [],
  paused = false,
  script = [],
  edits,
  note,
  name,
  uuid,
  ...options
}: PairOptions): Promise<Endpoint> {
  // Steps may be taken while the sockets are still being opened, before there is an endpoint to speak of.
  let endpoint: Endpoint | undefined
  const flat = flatPair(version, edits)
  const director = new Director(script, note === undefined ? {} : { note })
  const known = knowledge(flat, { name, uuid }, side =>
    isMigrating(side, variable => endpoint?.reference.valueOf(variable) ?? 'none'),
  )
  endpoint = await serve(flat, {
    ...options,
    ...asWished({ wanted }),
    ...known,
    start: {
      'src.vm': paused ? 'prelaunch' : 'running',
      'dst.autostart': 'yes',
      'dst.listening': 'no',
      'dst.incoming': 'none',
    },
    onStep: (row, ask) => {
      known.onStep(row, ask)
      director.taken(row)
      if (endpoint !== undefined) joinSides(endpoint.reference, wanted)
    },
    onShown: () => director.shown(),
    allows: row => director.allows(row),
    tap: (_, direction, message) => {
      if (endpoint !== undefined && direction === '->' && message.execute === 'migrate-set-parameters')
        obey(endpoint.reference, message.arguments)
    },
  })
  director.begin(endpoint.reference)
  return endpoint
}

/** The acts of the network that the rules have a fault for, with the side it is done to. */
function faultOf(act: Act): { side: string; name: string } | undefined {
  if (act.do === 'link' && act.fault === 'cut') return { side: '', name: 'cut' }
  if (act.do !== 'stray' || act.how === 'leaves') return undefined
  return { side: act.at, name: act.how === 'silent' ? 'stray' : 'stray garbage' }
}

/** Why a case cannot be run on a reference endpoint, if it cannot. */
function unfit({ guest, script, real }: Case): string | undefined {
  if (real !== undefined) return real
  if (guest !== undefined) return 'it needs a guest that runs our program, and a reference endpoint has none'
  const act = everyAct(script).find(one => one.do === 'freeze' || (isNetworkAct(one) && faultOf(one) === undefined))
  if (act === undefined) return undefined
  return `it has the fault "${act.do === 'link' ? act.fault : act.do}", and the rules know none by that name`
}

/** The reference endpoint of a release, within this process; see `PairOptions` for what is `wanted` of it, and its `edits`. */
export function embedded(version: string, wanted: readonly string[] = [], edits: readonly Edit[] = []): Target {
  return {
    name: `reference ${version}`,
    model: true,
    release: version,
    rerun: `--version ${version}`,
    unfit,
    open: async ({ case: { sides, paused = false }, seed, timeoutScale, tap }) => {
      const { dir, remove } = folder()
      const ends = { src: Promise.withResolvers<number | null>(), dst: Promise.withResolvers<number | null>() }
      const killed = new Set<Side>()
      const endpoint = await servePair({
        version,
        wanted,
        ...(edits.length > 0 && { edits }),
        paused,
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
        return undefined
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
        other: `unix:${join(dir, 'other')}`,
        dir,
        dead: `unix:${join(dir, 'nobody')}`,
        silence: 0.2,
        network: {
          via: () => `unix:${join(dir, 'migration')}`,
          act: async act => {
            const fault = faultOf(act)
            if (fault === undefined) return 'the rules know no such fault'
            tap(fault.side === 'dst' ? 'dst' : 'src')('!!', { fault: fault.name })
            endpoint.reference.fault(fault.side, fault.name)
            return undefined
          },
          late: () => false,
          heal: () => {},
          close: () => {},
        },
        close,
      }
    },
  }
}
