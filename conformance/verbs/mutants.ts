/** `lockstep mutants`: would the suite notice?  Bugs of the past, mutants of rules, lies on the wire, and false alarms. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beyond, bugs } from '../../spec/history.ts'
import { versions } from '../../spec/versions.ts'
import { versionOf } from '../binaries.ts'
import { Cache, cacheFile, keyOf } from '../mutants/cache.ts'
import { tryAll } from '../mutants/crew.ts'
import { tellHistory } from '../mutants/history.ts'
import { honestRuns } from '../mutants/honest.ts'
import { liveWire } from '../mutants/live.ts'
import { nearestClaim } from '../mutants/nearest.ts'
import { pagePath, powerPath, printPage, svgPath } from '../mutants/page.ts'
import { everyMutant, machines, sample } from '../mutants/sample.ts'
import { type Honest, type Kept, type KeptWire, type Power, percent, shareOf, sunkIn } from '../mutants/score.ts'
import { drawPower } from '../mutants/svg.ts'
import type { Effort, Verdict } from '../mutants/trial.ts'
import { storedWire } from '../mutants/wire.ts'
import { profileFor } from '../whose.ts'
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
  /** How many mutants are tried at once. */
  readonly jobs?: number
  /** Honest runs of each release. */
  readonly runs?: number
  /** A binary to whose clients lies are told, instead of what else is measured. */
  readonly qemu?: string
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

/** Tries mutants of rules of one release, so many at once; what was found before, of the same rules, is not tried again. */
export async function tryRules(
  version: string,
  {
    machine,
    seed,
    count,
    shard,
    jobs = 1,
  }: { machine?: readonly string[]; seed: number; count: number; shard?: string; jobs?: number },
  effort: Omit<Effort, 'seed'>,
  say: (text: string) => void = () => {},
  cache?: Cache,
): Promise<Kept[]> {
  const { index, of } = shardOf(shard)
  const drawn = sample(everyMutant(version, machine), count, seed).filter((_, i) => i % of === index)
  const hard = { ...effort, seed }
  const verdicts = new Map<number, Verdict>()
  const left = drawn.flatMap((mutant, place) => {
    const key = cache && keyOf(mutant, version, hard)
    const quickly = cache?.get(keyOf(mutant, version, { ...hard, claims: false }))
    // What was noticed without the claims is noticed with them.
    const known = quickly !== undefined && quickly.verdict !== 'survives' ? quickly : cache?.get(key ?? '')
    if (known !== undefined) verdicts.set(place, known)
    return known === undefined ? [{ mutant, place, key }] : []
  })
  const orders = left.map(({ mutant: { edits, rule } }) => ({ edits, rule, version, effort: hard }))
  await tryAll(orders, jobs, (n, verdict) => {
    const one = left[n]
    if (one === undefined) return
    verdicts.set(one.place, verdict)
    cache?.set(one.key ?? '', verdict)
    say(`${version}  ${verdicts.size}/${drawn.length}  ${one.mutant.id}`)
  })
  return drawn.flatMap((mutant, place) => {
    const { verdict, by, what, system } = verdicts.get(place) ?? {}
    if (verdict === undefined || by === undefined || system === undefined) return []
    const { id, operator, machine } = mutant
    const told =
      verdict === 'survives' ? `${mutant.what}; nearest: ${nearestClaim(mutant)}` : (what?.split('\n')[0] ?? '')
    return [{ id, version, machine, operator, verdict, by, system, what: told }]
  })
}

/** A QEMU to whose clients lies can be told. */
function findBinary(path: string): { path: string; rules: string } {
  let version: string
  try {
    version = versionOf(path)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
  const { rules, problem } = profileFor(version)
  if (rules === undefined) throw new UsageError(`${path}: ${problem}`)
  return { path, rules }
}

/**
 * Runs the verb; answers the exit code: 1 where a bug of the past is not noticed, an honest run is not believed, or the
 * score is lower than the one that is kept.
 */
export async function mutantsVerb(flags: MutantsFlags): Promise<number> {
  const { quick = false, seed, shard, machine, qemu, only = qemu === undefined ? parts : ['wire'] } = flags
  const unknown = only.find(part => !parts.some(known => known === part))
  if (unknown !== undefined) throw new UsageError(`"${unknown}" cannot be measured; there are ${parts.join(', ')}`)
  const names = machines().map(({ name }) => name)
  const stray = machine?.find(name => !names.includes(name))
  if (stray !== undefined) throw new UsageError(`there is no machine "${stray}"; there are ${names.join(', ')}`)
  const binary = qemu === undefined ? undefined : findBinary(qemu)
  const wanted = binary === undefined ? releases(versions, flags.version) : [binary.rules]
  const count = flags.count ?? (quick ? 25 : Number.POSITIVE_INFINITY)
  const say = prose(flags.json)
  const line = progressLine()
  const effort = { runs: 6, systems: 2, claims: !quick }
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
      rules.push(
        ...(await tryRules(
          version,
          { ...flags, count, ...(shard && { shard }) },
          effort,
          text => line.show(text),
          new Cache(cacheFile),
        )),
      )
    if (only.includes('wire') && qemu === undefined) wire.push(...storedWire(version, { seed, most: quick ? 20 : 400 }))
    if (only.includes('honest')) honest.push(honestRuns(version, quick ? 50 : (flags.runs ?? 1000), seed))
  }
  if (binary !== undefined && only.includes('wire'))
    wire.push(...(await liveWire(binary.path, binary.rules, flags.count, text => say(text))))
  line.clear()
  const before = JSON.parse(readFileSync(join(root, powerPath), 'utf8')) as Power
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
    const merged = merge(before, power)
    writeFileSync(join(root, powerPath), `${JSON.stringify(merged, null, 2)}\n`)
    writeFileSync(join(root, svgPath), drawPower(merged))
    writeFileSync(join(root, pagePath), printPage(merged))
    say(`written: ${powerPath}, ${svgPath}, ${pagePath}`)
  }
  // Whoever writes the score down looks at it; anybody else is told where it has sunk.
  const sunk = flags.write ? [] : sunkIn(before, power)
  for (const text of sunk) say(`sunk: ${text}`)
  const lost = history.some(({ by }) => by === '') || honest.some(({ alarms }) => alarms > 0)
  return lost || sunk.length > 0 ? 1 : 0
}

/** What was measured now counts more than what was measured before. */
function merge(before: Power, now: Power): Power {
  const key = (kept: { readonly id: number | string; readonly version: string }) => `${kept.version} ${kept.id}`
  const fresh = <T extends { readonly id: number | string; readonly version: string }>(
    old: readonly T[],
    own: readonly T[],
  ): T[] => [...old.filter(one => !own.some(other => key(one) === key(other))), ...own]
  // Lies told live and lies in recorded transcripts are measured by different commands.
  const byKind = (old: readonly KeptWire[], own: readonly KeptWire[]): KeptWire[] => [
    ...old.filter(one => !own.some(other => other.version === one.version && other.kind === one.kind)),
    ...own,
  ]
  const byVersion = <T extends { readonly version: string }>(old: readonly T[], own: readonly T[]): T[] => [
    ...old.filter(one => !own.some(({ version }) => version === one.version)),
    ...own,
  ]
  return {
    ...now,
    history: fresh(before.history, now.history),
    rules: fresh(before.rules, now.rules),
    wire: byKind(before.wire, now.wire),
    honest: byVersion(before.honest, now.honest),
  }
}
