/** The reference endpoint within this process, as a target of the conformance run. */
import { join } from 'node:path'
import { flatten } from '../impl/flatten.ts'
import { serve } from '../impl/server.ts'
import { pair } from '../spec/systems.ts'
import { type Client, connect } from './qmp.ts'
import { folder, open, type Player, type Target } from './stage.ts'
import { onCleanup } from './temp.ts'
import type { Side } from './transcript.ts'

/** Commands that cases send and no rule speaks of; and what a query needs besides what rules say. */
const ignored = ['migrate-set-parameters', 'query-yank']

/** The reference endpoint of a version, within this process. */
export function embedded(version: string): Target {
  return {
    name: `reference ${version}`,
    rerun: `--version ${version}`,
    open: async ({ case: { sides, avoid }, seed, timeoutScale, tap }) => {
      const { dir, remove } = folder()
      const ends = new Map(sides.map(side => [side, Promise.withResolvers<{ code: number | null }>()]))
      const killed = new Set<string>()
      const endpoint = await serve(flatten(pair, version), {
        listen: Object.fromEntries(sides.map(side => [side, `unix:${join(dir, `${side}.qmp`)}`])),
        start: { 'src.vm': 'running', 'dst.autostart': 'yes' },
        avoid,
        seed,
        ignored,
        outOfBand: ['query-yank', 'yank'],
        onExit: (side, code) => ends.get(side as Side)?.resolve({ code }),
      })
      const close = async () => {
        for (const client of Object.values(clients)) client.close()
        await endpoint.close()
        forget()
        remove()
      }
      const forget = onCleanup(() => endpoint.close())
      const reach = (side: Side) => connect(endpoint.addresses[side] ?? '', { timeoutScale, tap: tap(side) })
      let clients: { [side in Side]?: Client } = {}
      try {
        clients = await open(sides, reach, client => client.close())
      } catch (error) {
        await close()
        throw error
      }
      const player = (side: Side, client: Client): Player => ({
        client,
        exited: (ends.get(side)?.promise ?? Promise.resolve({ code: null })).then(({ code }) => ({
          code,
          signal: code === null ? (killed.has(side) ? 'SIGKILL' : 'SIGABRT') : null,
        })),
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
        steer: (avoided, allowed) => {
          endpoint.reference.avoid(avoided)
          endpoint.reference.allow(allowed)
        },
        close,
      }
    },
  }
}
