/** `lockstep mutants`: would the suite notice?  Bugs of the past, mutants of rules, lies on the wire, and false alarms. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beyond, bugs } from '../../spec/history.ts'
import { versions } from '../../spec/versions.ts'
import { tellHistory } from '../mutants/history.ts'
import { honestRuns } from '../mutants/honest.ts'
import { nearestClaim } from '../mutants/nearest.ts'
import { pagePath, powerPath, printPage, svgPath } from '../mutants/page.ts'
import { everyMutant, machines, sample } from '../mutants/sample.ts'
import { type Honest, type Kept, type KeptWire, type Power, percent, shareOf } from '../mutants/score.ts'
import { drawPower } from '../mutants/svg.ts'
import { type Effort, tryEdits } from '../mutants/trial.ts'
import { storedWire } from '../mutants/wire.ts'
import { print, progressLine, prose, releases, UsageError } from './common.ts'

/** The options as the command line gives them. */
export interface MutantsFlags {
  readonly quick?: boolean
  readonly version?: string
  readonly machine?: readonly string[]
  readonly seed: number
  readonly count?: number
  readonly shard?: string
  readonly only?: readonly string[]
  readonly json?: boolean
  readonly write?: boolean
}

/** What can be measured. */
export const parts = ['history', 'rules', 'wire', 'honest'] as const

const root = join(import.meta.dirname, '../..')

/** Which of so many shards: `1/4` is the first of four. */
function shardOf(text: string | undefined): { index: number; of: number } {
  if (text === undefined) return { index: 0, of: 1 }
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text) ?? []
  const shard = { index: Number(index) - 1, of: Number(of) }
  if (!(shard.of > 0 && shard.index >= 0 && shard.index < shard.of))
    throw new UsageError(`"${text}" is no shard: 1/4 is the first of four`)
  return shard
}

/** Tries mutants of rules of one release. */
export function tryRules(
  version: string,
  { machine, seed, count, shard }: { machine?: readonly string[]; seed: number; count: number; shard?: string },
  effort: Omit<Effort, 'seed'>,
  say: (text: string) => void = () => {},
): Kept[] {
  const { index, of } = shardOf(shard)
  const drawn = sample(everyMutant(version, machine), count, seed).filter((_, i) => i % of === index)
  return drawn.map((mutant, i) => {
    say(`${version}  ${i + 1}/${drawn.length}  ${mutant.id}`)
    const { verdict, by, what, system } = tryEdits(mutant.edits, version, { ...effort, seed }, mutant.rule)
    const kept = {
      ...{ id: mutant.id, version, machine: mutant.machine, operator: mutant.operator, verdict, by, system },
      what: verdict === 'survives' ? `${mutant.what}; nearest: ${nearestClaim(mutant)}` : (what.split('\n')[0] ?? ''),
    }
    return kept
  })
}

/** Runs the verb; answers the exit code: 1 where a bug of the past is not noticed, or an honest run is not believed. */
export async function mutantsVerb(flags: MutantsFlags): Promise<number> {
  const { quick = false, seed, shard, machine, only = parts } = flags
  const unknown = only.find(part => !parts.some(known => known === part))
  if (unknown !== undefined) throw new UsageError(`"${unknown}" cannot be measured; there are ${parts.join(', ')}`)
  const names = machines().map(({ name }) => name)
  const stray = machine?.find(name => !names.includes(name))
  if (stray !== undefined) throw new UsageError(`there is no machine "${stray}"; there are ${names.join(', ')}`)
  const wanted = releases(versions, flags.version)
  const count = flags.count ?? (quick ? 25 : Number.POSITIVE_INFINITY)
  const say = prose(flags.json)
  const line = progressLine()
  const effort = { runs: quick ? 6 : 10, systems: 2, claims: !quick }
  const history: Power['history'][number][] = []
  const rules: Kept[] = []
  const wire: KeptWire[] = []
  const honest: Honest[] = []
  if (only.includes('history')) {
    for (const { id, version, noticed, claim, run } of tellHistory(wanted, seed)) {
      const by = [claim && `claim "${claim}"`, run].filter(Boolean).join('; ')
      history.push({ id, version, by })
      say(`row ${id}, ${version}: ${noticed ? by : 'NOT NOTICED'}`)
    }
  }
  for (const version of wanted) {
    if (only.includes('rules'))
      rules.push(...tryRules(version, { ...flags, count, ...(shard && { shard }) }, effort, text => line.show(text)))
    if (only.includes('wire')) wire.push(...storedWire(version, { seed, most: quick ? 20 : 400 }))
    if (only.includes('honest')) honest.push(honestRuns(version, quick ? 50 : 1000, seed))
  }
  line.clear()
  const power: Power = {
    '//': 'Printed by `lockstep mutants --write`; do not edit.',
    seed,
    history,
    rules,
    wire,
    honest,
  }
  for (const version of wanted) {
    const own = rules.filter(kept => kept.version === version)
    const share = shareOf(own)
    if (own.length > 0)
      say(`${version}: ${percent(share)} of ${share.of} mutants of rules noticed; ${share.equivalent} are equivalent`)
    for (const { id, what } of own.filter(({ verdict }) => verdict === 'survives')) say(`  survives: ${id}: ${what}`)
    for (const { kind, made, noticed } of wire.filter(kept => kept.version === version))
      say(`${version}: wire, ${kind}: ${percent({ noticed, of: made })} of ${made} noticed`)
    for (const { runs, alarms } of honest.filter(kept => kept.version === version))
      say(`${version}: ${alarms} false alarms in ${runs} honest runs`)
  }
  if (history.length > 0)
    say(
      `history: ${new Set(history.filter(({ by }) => by !== '').map(({ id }) => id)).size} of ${bugs.length + beyond.length} rows noticed; ${beyond.length} cannot be`,
    )
  if (flags.json) print(JSON.stringify(power, null, 2))
  if (flags.write) {
    const before = JSON.parse(readFileSync(join(root, powerPath), 'utf8')) as Power
    const merged = merge(before, power)
    writeFileSync(join(root, powerPath), `${JSON.stringify(merged, null, 2)}\n`)
    writeFileSync(join(root, svgPath), drawPower(merged))
    writeFileSync(join(root, pagePath), printPage(merged))
    say(`written: ${powerPath}, ${svgPath}, ${pagePath}`)
  }
  const lost = history.some(({ by }) => by === '') || honest.some(({ alarms }) => alarms > 0)
  return lost ? 1 : 0
}

/** What was measured now counts more than what was measured before. */
function merge(before: Power, now: Power): Power {
  const key = (kept: { readonly id: number | string; readonly version: string }) => `${kept.version} ${kept.id}`
  const fresh = <T extends { readonly id: number | string; readonly version: string }>(
    old: readonly T[],
    own: readonly T[],
  ): T[] => [...old.filter(one => !own.some(other => key(one) === key(other))), ...own]
  const byVersion = <T extends { readonly version: string }>(old: readonly T[], own: readonly T[]): T[] => [
    ...old.filter(one => !own.some(({ version }) => version === one.version)),
    ...own,
  ]
  return {
    ...now,
    history: fresh(before.history, now.history),
    rules: fresh(before.rules, now.rules),
    wire: byVersion(before.wire, now.wire),
    honest: byVersion(before.honest, now.honest),
  }
}
