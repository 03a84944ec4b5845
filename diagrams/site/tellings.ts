/** The sequence diagrams of the plan, in every release that has such a way. */
import type { ToldStory } from '../frames.ts'
import { witnesses } from '../plan.ts'
import type { PartTelling } from './part.ts'
import type { Mask, TellingInfo } from './types.ts'

/** Collects them while releases go by. */
export class Tellings {
  private readonly ways = new Map<string, Map<string, { story: number; skip: number; mask: Mask }>>()

  /** Takes what was found in these releases. */
  hear(found: readonly PartTelling[], mask: Mask, told: (story: ToldStory) => number): void {
    for (const { file, skip, story } of found) {
      const ways = this.ways.get(file) ?? new Map<string, { story: number; skip: number; mask: Mask }>()
      this.ways.set(file, ways)
      const number = told(story)
      const key = `${number} ${skip}`
      const known = ways.get(key) ?? { story: number, skip, mask: 0 }
      known.mask |= mask
      ways.set(key, known)
    }
  }

  /** All that some release has, in the order of the plan. */
  infos(): TellingInfo[] {
    return witnesses.flatMap(({ file: id, title, about, system, from }) => {
      const ways = [...(this.ways.get(id)?.values() ?? [])]
      return ways.length === 0 ? [] : [{ id, title, about, system, before: from?.words ?? '', ways }]
    })
  }
}
