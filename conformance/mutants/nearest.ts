/** The claim that comes nearest to noticing a mutant: it speaks of most of the variables that the mutant changes. */
import type { Mutant } from '../../impl/mutate.ts'
import { claims } from '../../spec/claims.ts'

/** A claim's name; empty where none speaks of anything that is changed. */
export function nearestClaim({ edits, rule }: Mutant): string {
  const text = JSON.stringify(edits)
  const score = (claim: (typeof claims)[number]): number => {
    if (claim.rule?.endsWith(`: ${rule}`) === true) return 100
    const names = [claim.where, claim.to].flat().flatMap(pattern => Object.entries(pattern))
    return new Set(
      names.flatMap(([name, value]) => {
        const bare = name.replace(/^\w+\./, '')
        const values = [value].flat().map(String)
        return [
          ...(text.includes(`"${bare}"`) ? [bare] : []),
          ...values.filter(one => text.includes(one)).map(one => `${bare} ${one}`),
        ]
      }),
    ).size
  }
  const best = claims.map(claim => ({ claim, points: score(claim) })).sort((a, b) => b.points - a.points)[0]
  return best === undefined || best.points === 0 ? '' : best.claim.name
}
