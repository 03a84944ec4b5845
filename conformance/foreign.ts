/**
 * Endpoints that somebody else started: asked first what they can do, looked at
 * before each case, and, if they are to be kept, brought back to where they were.
 */
import type { Case } from '../spec/script.ts'
import { isObject, type JsonObject } from './json.ts'
import { type Facts, lacks, probe, unsound } from './probe.ts'
import { type Client, connect, type Tap } from './qmp.ts'
import type { Player, Stage, Target } from './stage.ts'
import type { Side } from './transcript.ts'

/** An endpoint is not fit for a case to begin. */
export class NotFitError extends Error {
  override readonly name = 'NotFitError'
  /** Whether this is what comes of keeping endpoints, and no fault of anybody's. */
  readonly expected: boolean
  constructor(reason: string, expected: boolean) {
    super(reason)
    this.expected = expected
  }
}

/** What endpoints said of themselves. */
export type FactsOf = { readonly [side in Side]?: Facts }

/**
 * Asks endpoints what they are.
 *
 * @throws ConnectError, GreetingError and others of failure.ts when one cannot be had
 */
export async function probeAll(
  addresses: { readonly [side in Side]?: string },
  timeoutScale: number,
): Promise<FactsOf> {
  const facts: { [side in Side]?: Facts } = {}
  for (const [side, address] of Object.entries(addresses) as [Side, string][]) {
    const client = await connect(address, { timeoutScale, connectMs: 5000 })
    try {
      facts[side] = await probe(client)
    } finally {
      client.close()
    }
  }
  return facts
}

/** Parameters that scripts set, and that must not be what the last case made them. */
const restored = ['max-bandwidth', 'downtime-limit', 'x-checkpoint-delay', 'max-postcopy-bandwidth'] as const

type Said = { readonly side: Side; readonly dir: Parameters<Tap>[0]; readonly msg: JsonObject }

/** Endpoints that stay connected from case to case, and all that was said on them. */
class Kept {
  readonly history: Said[] = []
  readonly stage: Stage
  /** The parameters that each side had at first. */
  private readonly first = new Map<Side, JsonObject>()
  private readonly ended = new Set<Side>()

  constructor(stage: Stage) {
    this.stage = stage
    for (const [side, player] of this.players()) void player.client.closed.then(() => this.ended.add(side))
  }

  players(): [Side, Player][] {
    return Object.entries(this.stage.players) as [Side, Player][]
  }

  get isOver(): boolean {
    return this.ended.size > 0
  }

  /** Takes back what the last case set. */
  async restore(): Promise<void> {
    for (const [side, { client }] of this.players()) {
      const given = await client.execute('query-migrate-parameters')
      const now = 'return' in given && isObject(given.return) ? given.return : {}
      const first = this.first.get(side)
      if (first === undefined) {
        this.first.set(side, now)
        continue
      }
      const changed = restored.flatMap(name => (first[name] === now[name] ? [] : [[name, first[name] ?? 0]]))
      if (changed.length > 0) await client.execute('migrate-set-parameters', Object.fromEntries(changed))
      await this.clear(client)
    }
  }

  private async clear(client: Client): Promise<void> {
    const given = await client.execute('query-migrate-capabilities')
    const all = 'return' in given && Array.isArray(given.return) ? given.return : []
    const capabilities = all.flatMap(one =>
      isObject(one) && one.state === true && typeof one.capability === 'string'
        ? [{ capability: one.capability, state: false }]
        : [],
    )
    if (capabilities.length > 0) await client.execute('migrate-set-capabilities', { capabilities })
  }
}

/**
 * A target of endpoints that somebody else started.
 *
 * @param inner reaches them; see `addressed` of stage.ts
 * @param facts what they said of themselves
 * @param keep has them go on from case to case, in one transcript that grows, as long as they are fit; else each
 *   case ends with `quit`, and somebody has to start fresh ones at the same addresses
 */
export function foreign(inner: Target, facts: FactsOf, keep = false): Target {
  const sides = Object.keys(facts) as Side[]
  let kept: Kept | undefined
  const check = async (stage: Stage, of: Case, used: boolean): Promise<void> => {
    for (const side of of.sides) {
      const [client, before] = [stage.players[side]?.client, facts[side]]
      const why = client && before && (await unsound(client, side, before, used))
      if (why) throw new NotFitError(why, used)
    }
  }
  const fresh: Target['open'] = async setting => {
    const stage = await inner.open(setting)
    try {
      await check(stage, setting.case, false)
      return stage
    } catch (error) {
      await stage.close()
      throw error
    }
  }
  const again: Target['open'] = async setting => {
    if (kept?.isOver) {
      await kept.stage.close()
      kept = undefined
    }
    const used = kept !== undefined
    if (kept === undefined) {
      const early: Said[] = []
      const tap = (side: Side): Tap => {
        return (dir, msg) => {
          ;(kept?.history ?? early).push({ side, dir, msg })
          listening?.(side)(dir, msg)
        }
      }
      kept = new Kept(await inner.open({ ...setting, case: { ...setting.case, sides }, tap }))
      kept.history.push(...early)
    }
    const own = kept
    for (const { side, dir, msg } of own.history) setting.tap(side)(dir, msg)
    listening = setting.tap
    await own.restore()
    await check(own.stage, setting.case, used)
    return {
      ...own.stage,
      kept: true,
      players: Object.fromEntries(own.players().filter(([side]) => setting.case.sides.includes(side))),
      close: async () => {
        listening = undefined
      },
    }
  }
  let listening: ((side: Side) => Tap) | undefined
  const [release] = Object.values(facts).map(({ version }) => version)
  return {
    ...inner,
    ...(release !== undefined && { release }),
    ...(Object.values(facts).some(one => one.package === 'lockstep reference') && { model: true }),
    ...(keep && { rerun: `${inner.rerun} --keep` }),
    unfit: of => inner.unfit?.(of) ?? lacks(of, facts),
    open: keep ? again : fresh,
    close: async () => {
      await kept?.stage.close()
      kept = undefined
    },
  }
}
