/** `lockstep check`: what the rules come to, and whether that is what the claims say. */
import type { EngineName, Progress } from '../../impl/explore.ts'
import { slug } from '../../impl/flat.ts'
import type { ReducedVerdict } from '../../impl/judge.ts'
import type { System } from '../../spec/lang.ts'
import { versions } from '../../spec/versions.ts'
import { print, progressLine, prose, releases, select, UsageError } from './common.ts'
import { allClaims, allSystems } from './ids.ts'
import { checkSource, printSource } from './source.ts'
import { type Found, type FoundClaim, type Unit, unitsOf } from './unit.ts'
import { findAll } from './workers.ts'

/** What was found of one system under one version. */
export interface SystemReport {
  readonly system: string
  readonly version: string
  readonly states: number
  readonly steps: number
  readonly depth: number
  readonly fingerprint: string
  readonly unused: readonly string[]
  readonly seconds: number
  /** It was cut off after so many states. */
  readonly cut?: true
}

/** What was found of one claim under one version. */
export interface ClaimReport {
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly system: string
  readonly version: string
  readonly holds: boolean
  readonly expected: boolean
  /** What is known to happen where it is broken. */
  readonly broken?: string
  readonly states: number
  /** Steps of the shortest witness. */
  readonly witness?: number
  /** What a reduced search says, with `--reduce`. */
  readonly reduced?: ReducedVerdict
}

/** The one object that `--json` prints. */
export interface CheckReport {
  readonly systems: readonly SystemReport[]
  readonly claims: readonly ClaimReport[]
  readonly summary: {
    readonly systems: number
    readonly claims: number
    readonly broken: number
    readonly surprises: number
    /** Of the systems, how many were explored before and have not changed since. */
    readonly recalled: number
    /** With `--reduce`: claims about systems that were cut off, which a reduced search could not judge. */
    readonly unjudged?: number
    /** With `--reduce`: claims that a reduced search judged, those that it judged otherwise, and the states of both. */
    readonly reduced?: {
      readonly claims: number
      readonly otherwise: number
      readonly before: number
      readonly after: number
    }
  }
}

function systemsNamed(names: readonly string[]): readonly System[] {
  const explored = allSystems.filter(system => system.explored)
  if (names.length === 0) return explored
  return names.map(name => {
    const found = explored.find(system => system.name === name || slug(system.name) === slug(name))
    if (found !== undefined) return found
    const known = explored.map(system => slug(system.name)).join(', ')
    throw new UsageError(`there is no system "${name}" to explore; there are ${known}`)
  })
}

/** In how few words the checker can say what it found. */
const word = ({ holds, expected }: ClaimReport): string =>
  expected ? (holds ? 'holds' : 'known broken') : holds ? 'HOLDS NOW' : 'BROKEN'

/** Rules that some systems have and none comes to, on whichever side; each system has some that others are there for. */
function unusedEverywhere(found: readonly Found[]): string[] {
  const bare = (id: string) => id.slice(id.indexOf('/') + 1)
  const used = new Set(found.flatMap(({ rules, unused }) => rules.filter(id => !unused.includes(id)).map(bare)))
  return [...new Set(found.flatMap(({ rules }) => rules.map(bare)))].filter(id => !used.has(id))
}

/** What was found of a claim, held against what is known of a release. */
function claimReport({ id, holds, states, witness, reduced }: FoundClaim, version: string): ClaimReport[] {
  return allClaims
    .filter(claim => claim.id === id)
    .map(({ kind, name, system, broken }) => {
      const known = broken[version]
      return {
        ...{ id, kind, name, system, version, holds, expected: holds === (known === undefined), states },
        ...(known !== undefined && { broken: known }),
        ...(witness !== undefined && { witness }),
        ...(reduced !== undefined && { reduced }),
      }
    })
}

/** How many states were enough for a claim, where that was looked at. */
function enough({ holds, states, reduced }: ClaimReport): string {
  if (reduced === undefined) return ''
  const of = `  (${count(reduced.states)} of ${count(states)} states)`
  return reduced.holds === holds ? of : `${of}  REDUCED, IT ${reduced.holds ? 'HOLDS' : 'IS BROKEN'}`
}

/** What reduced searches came to, together. */
function reducedOf(judged: readonly ClaimReport[]): Pick<CheckReport['summary'], 'reduced'> {
  const both = judged.flatMap(({ holds, states, reduced }) =>
    reduced === undefined ? [] : [{ holds, states, reduced }],
  )
  if (both.length === 0) return {}
  const sum = (of: (one: (typeof both)[number]) => number): number => both.reduce((all, one) => all + of(one), 0)
  const otherwise = sum(({ holds, reduced }) => (holds === reduced.holds ? 0 : 1))
  const [before, after] = [sum(({ states }) => states), sum(({ reduced }) => reduced.states)]
  return { reduced: { claims: both.length, otherwise, before, after } }
}

const count = (n: number): string => n.toLocaleString('en')

/** How far each unit has come, with its states a second since it was first asked about. */
function speed(): (unit: Unit, at: Progress) => string {
  const first = new Map<Unit, { readonly at: number; readonly states: number }>()
  return (unit, { states, queue, bytes, estimate }) => {
    const now = performance.now()
    const begun = first.get(unit) ?? { at: now, states }
    if (begun.states >= states) first.set(unit, { at: now, states })
    else first.set(unit, begun)
    const seconds = (now - begun.at) / 1000
    const a = seconds > 0 && states > begun.states ? `, ${count(Math.round((states - begun.states) / seconds))}/s` : ''
    const all = estimate === undefined ? '' : ` of about ${count(Math.round(estimate))}`
    return `${unit.system} ${unit.versions[0]}: ${count(states)}${all} states${a}, ${count(queue)} queued, ${Math.round(bytes / 1e6)} MB`
  }
}

/** Explores and judges, on several threads; tells of each in the same order every time, as soon as it can. */
export async function checkAll(
  names: readonly string[],
  {
    version,
    only = [],
    cache = true,
    engine,
    threads,
    maxStates,
    maxMemory,
    reduce = false,
  }: {
    readonly version?: string
    readonly only?: readonly string[]
    readonly cache?: boolean
    readonly engine?: EngineName
    readonly threads?: number
    readonly maxStates?: number
    /** In millions of bytes. */
    readonly maxMemory?: number
    readonly reduce?: boolean
  },
  say: (text: string) => void,
): Promise<CheckReport> {
  const chosen = systemsNamed(names)
  const wanted = releases(versions, version)
  const ids = select(allClaims, { only }).map(({ id }) => id)
  // Release by release, as it is told.
  const units = unitsOf(chosen, wanted, ids).sort(
    (a, b) => wanted.indexOf(a.versions[0] ?? '') - wanted.indexOf(b.versions[0] ?? ''),
  )
  const line = progressLine()
  let begun = 0
  const started = ({ system, versions: [of = ''] }: Unit) =>
    line.show(`${++begun}/${units.length}  exploring ${system} of QEMU ${of}`)
  const rate = speed()
  const { found, stop } = findAll(units, started, {
    ...{
      recall: cache && !reduce,
      reduce,
      progress: (unit, at) => line.show(`${begun}/${units.length}  ${rate(unit, at)}`),
    },
    ...(engine !== undefined && { engine }),
    ...(threads !== undefined && { threads }),
    ...(maxStates !== undefined && { limit: maxStates }),
    ...(maxMemory !== undefined && { bytes: maxMemory * 1e6 }),
  })
  const systems: SystemReport[] = []
  let recalled = 0
  let unjudged = 0
  const judged: ClaimReport[] = []
  try {
    for (const release of wanted) {
      const here: Found[] = []
      for (const [i, system] of chosen.entries()) {
        const unit = units.findIndex(one => one.system === system.name && one.versions.includes(release))
        const of = await (found[unit] as Promise<Found>)
        here.push(of)
        if (of.recalled) recalled += 1
        line.clear()
        if (i === 0) say(`QEMU ${release}`)
        const { size, fingerprint, unused, seconds, unjudged: left } = of
        const [first] = units[unit]?.versions ?? []
        const cut = left === undefined ? {} : ({ cut: true } as const)
        systems.push({ system: system.name, version: release, ...size, fingerprint, unused, seconds, ...cut })
        const sizes = `${count(size.states)} states, ${count(size.steps)} steps, depth ${size.depth}, ${fingerprint}`
        if (left !== undefined) {
          unjudged += left.length
          say(
            `  ${system.name}: cut off at ${count(size.states)} states; by reduced searches alone, each of them whole:`,
          )
        } else say(`  ${system.name}: ${sizes}${first === release ? '' : `, as in ${first}`}`)
        for (const id of left ?? []) say(`    not judged    ${id}`)
        for (const one of of.claims) {
          for (const report of claimReport(one, release)) {
            judged.push(report)
            const { kind, name, expected } = report
            say(`    ${word(report).padEnd(12)}  ${kind}: ${name}${enough(report)}${expected ? '' : one.picture}`)
          }
        }
      }
      const idle = names.length === 0 ? unusedEverywhere(here) : []
      if (idle.length > 0) say(`  no system comes to: ${idle.join(', ')}`)
    }
  } finally {
    line.clear()
    await stop()
  }
  const surprises = judged.filter(({ expected }) => !expected).length
  const broken = judged.filter(({ holds }) => !holds).length
  return {
    systems,
    claims: judged,
    summary: {
      systems: systems.length,
      claims: judged.length,
      broken,
      surprises,
      recalled,
      ...(unjudged > 0 && { unjudged }),
      ...reducedOf(judged),
    },
  }
}

/** The last line. */
export const printCheckSummary = ({ summary }: CheckReport): string => {
  const { systems, claims, broken, surprises, recalled, reduced, unjudged = 0 } = summary
  const before = recalled === 0 ? '' : ` (${recalled} systems as found before; --no-cache explores again)`
  const less =
    reduced === undefined
      ? ''
      : `; ${reduced.claims} judged again on ${count(reduced.after)} of ${count(reduced.before)} states, ${reduced.otherwise === 0 ? 'all alike' : `${reduced.otherwise} OTHERWISE`}`
  return `${systems} systems, ${claims} claims: ${broken} broken${before}, ${surprises === 0 ? 'all as known' : `${surprises} NOT as known`}${less}${unjudged === 0 ? '' : `; ${unjudged} NOT judged`}`
}

/** Runs the verb; answers the exit code: 1 on a surprise, or on a cite that a source tree does not have. */
export async function check(
  names: readonly string[],
  flags: {
    readonly version?: string
    readonly only?: readonly string[]
    readonly json?: boolean
    readonly source?: string
    /** False with `--no-cache`. */
    readonly cache?: boolean
    readonly engine?: EngineName
    readonly threads?: number
    readonly maxStates?: number
    readonly maxMemory?: number
    readonly reduce?: boolean
  },
): Promise<number> {
  const say = prose(flags.json)
  if (flags.source !== undefined) {
    const found = checkSource(flags.source, flags.version)
    say(printSource(found))
    if (flags.json) print(JSON.stringify(found, null, 2))
    return found.findings.length === 0 ? 0 : 1
  }
  const report = await checkAll(names, flags, say)
  say(printCheckSummary(report))
  if (flags.json) print(JSON.stringify(report, null, 2))
  const { surprises, reduced, unjudged = 0 } = report.summary
  return surprises + unjudged === 0 && (reduced?.otherwise ?? 0) === 0 ? 0 : 1
}
