/** Claims as the page shows them. */
import type { Claim } from '../../spec/lang.ts'
import type { ToldStory } from '../frames.ts'
import type { Rulebook } from './rulebook.ts'
import type { Stories } from './stories.ts'
import type { ClaimInfo } from './types.ts'

/** The way to what a verdict rests on, as `lockstep check` found it; its frames name rules by their place in `rules`. */
export interface Told {
  readonly claim: string
  readonly versions: readonly string[]
  readonly story: ToldStory
  readonly rules: readonly string[]
}

/** All claims, with the ways that were found. */
export function claimInfos(
  claims: readonly (Claim & { readonly id: string })[],
  told: readonly Told[],
  book: Rulebook,
  stories: Stories,
): ClaimInfo[] {
  return claims.map(({ id, name, kind, system, broken, seen }) => {
    const witness: Record<string, number> = {}
    for (const { claim, versions, story, rules } of told) {
      if (claim !== id) continue
      const frames = story.frames.map(frame => ({ ...frame, rule: book.named(rules[frame.rule] ?? '', story.release) }))
      const number = stories.add({ ...story, title: name, frames })
      for (const version of versions) witness[version] = number
    }
    return { ...{ id, name, kind, system, broken, seen }, witness }
  })
}
