/** `lockstep check`: what the rules come to, and whether that is what the claims say. */
import { asciiSequence } from '../../diagrams/ascii.ts'
import { tell } from '../../diagrams/story.ts'
import { slug } from '../../impl/flat.ts'
import { flatten } from '../../impl/flatten.ts'
import { Judge, type Verdict } from '../../impl/judge.ts'
import type { System } from '../../spec/lang.ts'
import { versions } from '../../spec/versions.ts'
import { print, progressLine, prose, releases, select, UsageError } from './common.ts'
import { allClaims, allSystems } from './ids.ts'

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
const word = ({ holds, expected }: Verdict): string =>
  expected ? (holds ? 'holds' : 'known broken') : holds ? 'HOLDS NOW' : 'BROKEN'

/** Rules that some systems have and none comes to, on whichever side; each system has some that others are there for. */
function unusedEverywhere(chosen: readonly System[], release: string, left: readonly ReadonlySet<string>[]): string[] {
  const bare = (id: string) => id.slice(id.indexOf('/') + 1)
  const used = new Set<string>()
  const all = new Set<string>()
  for (const [i, system] of chosen.entries()) {
    for (const { id } of flatten(system, release).rules) {
      all.add(bare(id))
      if (left[i]?.has(id) === false) used.add(bare(id))
    }
  }
  return [...all].filter(id => !used.has(id))
}

/** The way to what surprised us, as a picture. */
function picture({ witness, claim }: Verdict): string {
  if (witness === undefined) return ''
  const { flat } = witness.graph.packed
  const beats = tell(flat, witness)
  return `\n${asciiSequence(flat, beats).replaceAll(/^(?=.)/gm, '    ')}    lockstep explain ${slug(claim.system)}/${slug(claim.name)}\n`
}

/** Explores and judges; tells of each as it comes. */
export function checkAll(
  names: readonly string[],
  { version, only = [] }: { readonly version?: string; readonly only?: readonly string[] },
  say: (text: string) => void,
): CheckReport {
  const chosen = systemsNamed(names)
  const wanted = releases(versions, version)
  const claims = select(allClaims, { only })
  const line = progressLine()
  const systems: SystemReport[] = []
  const judged: ClaimReport[] = []
  for (const release of wanted) {
    say(`QEMU ${release}`)
    const left: Set<string>[] = []
    for (const system of chosen) {
      // Each system's graphs are let go with its judge: the next may be large.
      const judge = new Judge()
      line.show(`exploring ${system.name}`)
      const before = performance.now()
      const graph = judge.graph(system, release)
      const seconds = Math.round(performance.now() - before) / 1000
      line.clear()
      const { size, fingerprint, unused } = graph
      systems.push({ system: system.name, version: release, ...size, fingerprint, unused, seconds })
      const count = (n: number) => n.toLocaleString('en')
      say(
        `  ${system.name}: ${count(size.states)} states, ${count(size.steps)} steps, depth ${size.depth}, ${fingerprint}`,
      )
      left.push(new Set(unused))
      for (const claim of claims.filter(one => one.system === system.name)) {
        line.show(`judging ${claim.name}`)
        const verdict = judge.judge(claim, system, release)
        line.clear()
        const { holds, expected, states, witness } = verdict
        const broken = claim.broken[release]
        const { id, kind, name } = claim
        judged.push({
          ...{ id, kind, name, system: system.name, version: release, holds, expected, states },
          ...(broken !== undefined && { broken }),
          ...(witness !== undefined && { witness: witness.steps.length }),
        })
        say(`    ${word(verdict).padEnd(12)}  ${kind}: ${name}${expected ? '' : picture(verdict)}`)
      }
    }
    const idle = names.length === 0 ? unusedEverywhere(chosen, release, left) : []
    if (idle.length > 0) say(`  no system comes to: ${idle.join(', ')}`)
  }
  const surprises = judged.filter(({ expected }) => !expected).length
  const broken = judged.filter(({ holds }) => !holds).length
  return { systems, claims: judged, summary: { systems: systems.length, claims: judged.length, broken, surprises } }
}

/** The last line. */
export const printCheckSummary = ({ summary: { systems, claims, broken, surprises } }: CheckReport): string =>
  `${systems} systems, ${claims} claims: ${broken} broken, ${surprises === 0 ? 'all as known' : `${surprises} NOT as known`}`

/** Runs the verb; answers the exit code: 1 on a surprise. */
export function check(
  names: readonly string[],
  flags: { readonly version?: string; readonly only?: readonly string[]; readonly json?: boolean },
): number {
  const say = prose(flags.json)
  const report = checkAll(names, flags, say)
  say(printCheckSummary(report))
  if (flags.json) print(JSON.stringify(report, null, 2))
  return report.summary.surprises === 0 ? 0 : 1
}
