/** Ids of what can be listed and explained. */
import { slug } from '../../impl/flat.ts'
import { flatten } from '../../impl/flatten.ts'
import { claims } from '../../spec/claims.ts'
import type { Claim, Rule, System } from '../../spec/lang.ts'
import { inColo, type Role, roles } from '../../spec/qapi.ts'
import { pair, systems } from '../../spec/systems.ts'

/** Every system, without its types. */
export const allSystems: readonly System[] = systems as unknown as readonly System[]

/** A rule as it is listed. */
export interface ListedRule {
  readonly id: string
  readonly machine: string
  readonly side: string
  readonly actor: string
  readonly rule: Rule
}

/** What a side is called in what a machine is about; empty for a rule of the whole. */
export function roleOf({ machine, side }: Pick<ListedRule, 'machine' | 'side'>): Role | '' {
  const names: { readonly [side: string]: Role } = inColo.includes(machine) ? roles.colo : roles.migration
  return names[side] ?? ''
}

/** The rules of these releases, each once, by what holds everything at once. */
export function rulesOf(releases: readonly string[]): ListedRule[] {
  const found = new Map<string, ListedRule>()
  for (const release of releases) {
    for (const { id, machine, side, actor, rule } of flatten(pair as unknown as System, release).rules) {
      // Two rules of one name may take turns from release to release.
      found.set(JSON.stringify([id, rule.since, rule.until]), { id, machine, side, actor, rule })
    }
  }
  return [...found.values()]
}

/** A claim's id: its system and its name. */
export const claimId = ({ system, name }: Pick<Claim, 'system' | 'name'>): string => `${slug(system)}/${slug(name)}`

/** Every claim with its id. */
export const allClaims: readonly (Claim & { readonly id: string })[] = (claims as readonly Claim[]).map(claim => ({
  ...claim,
  id: claimId(claim),
}))
