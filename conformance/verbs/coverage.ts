/** `lockstep list rules --coverage`: how much of the rules real QEMU was seen to take, and what not. */
import { rowsOf } from '../../diagrams/rows.ts'
import { joinArrows } from '../../impl/arrows.ts'
import { beyond } from '../../spec/beyond.ts'
import { versions } from '../../spec/versions.ts'
import { likePattern, print, releases, seenIn } from './common.ts'

/** A count of how many. */
export interface Share {
  readonly seen: number
  readonly of: number
}

/** A rule that was not seen, with where it stands in QEMU. */
export interface Unseen {
  readonly name: string
  readonly ids: readonly string[]
  readonly cite: string
}

/** What there is of one release. */
export interface Coverage {
  readonly version: string
  /** Rules that something leads to, by name, but for those of `beyond`. */
  readonly rules: Share
  readonly unseen: readonly Unseen[]
  /** Rules that nobody can set off, and why. */
  readonly beyond: readonly { readonly rule: string; readonly reason: string }[]
  /** Arrows of MigrationStatus, of either side; one counts as seen when a rule that takes it does. */
  readonly arrows: Share
  readonly unseenArrows: readonly string[]
}

const status = 'MigrationStatus'

/** Why a rule is out of reach, where it is. */
export const beyondWhy = (rule: string): string | undefined =>
  beyond.find(({ rules }) => rules.some(pattern => likePattern(pattern, rule)))?.reason

/** How much of one release was seen.  Takes half a second. */
export function coverageOf(version: string): Coverage {
  const { rules, taken, arrows } = rowsOf(version)
  const seen = seenIn([version])
  const named = Map.groupBy(
    [...taken].flatMap(id => rules.get(id) ?? []),
    ({ rule }) => rule.name,
  )
  const isSeen = (name: string): boolean => seen(name) !== 'source'
  const out = [...named.keys()].flatMap(rule => {
    const reason = isSeen(rule) ? undefined : beyondWhy(rule)
    return reason === undefined ? [] : [{ rule, reason }]
  })
  const left = new Set(out.map(({ rule }) => rule))
  const counted = [...named].filter(([name]) => !left.has(name))
  const unseen = counted.flatMap(([name, of]): Unseen[] =>
    isSeen(name) ? [] : [{ name, ids: of.map(({ id }) => id), cite: of[0]?.rule.cite ?? '' }],
  )
  const known = new Map([...arrows].filter(([id]) => taken.has(id)))
  const nameOf = (id: string): string => rules.get(id)?.rule.name ?? id
  const all = joinArrows([{ version, arrows: known }]).filter(
    ({ machine, rules: by }) => machine === status && by.some(id => !left.has(nameOf(id))),
  )
  const missing = all.filter(({ rules: by }) => !by.some(id => isSeen(nameOf(id))))
  return {
    version,
    rules: { seen: counted.length - unseen.length, of: counted.length },
    unseen,
    beyond: out,
    arrows: { seen: all.length - missing.length, of: all.length },
    unseenArrows: missing.map(
      ({ side, from, to, rules: by }) => `${side}: ${from} -> ${to} (${by.map(nameOf).join('; ')})`,
    ),
  }
}

const percent = ({ seen, of }: Share): string => `${seen} of ${of} (${Math.floor((100 * seen) / Math.max(of, 1))} %)`

/** In words: the shares, then all that was not seen. */
export function printCoverage({ version, rules, unseen, beyond: out, arrows, unseenArrows }: Coverage): string {
  const list = (head: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [`  ${head}`, ...lines.map(line => `    ${line}`)]
  return [
    `QEMU ${version}: ${percent(rules)} of the rules that a client or a fault can set off were seen,`,
    `  and ${percent(arrows)} of the arrows of ${status}; ${out.length} rules are out of reach`,
    ...list(
      'not seen',
      unseen.map(({ name, cite }) => `${name}   ${cite}`),
    ),
    ...list('arrows not seen', unseenArrows),
    ...list(
      'out of reach',
      out.map(({ rule, reason }) => `${rule}   ${reason}`),
    ),
    '',
  ].join('\n')
}

/** Runs `list rules --coverage`; answers the exit code. */
export function coverage({ json, version }: { readonly json?: boolean; readonly version?: string }): number {
  const found = releases(versions, version).map(coverageOf)
  print(json ? JSON.stringify({ coverage: found }, null, 2) : found.map(printCoverage).join('\n'))
  return 0
}
