/**
 * Which rules a transcript shows: those that no explanation of it can do without.
 *
 * A rule counts as seen when some transcript of a real binary can be explained
 * with it and cannot be without: whatever else is true, QEMU did that.
 */
import type { Flat } from '../impl/flat.ts'
import type { Packed } from '../impl/pack.ts'
import { Tracker, TrackLimitError, type TrackOptions } from '../impl/track.ts'
import { beginningOf, outOfReach } from './hardware.ts'
import { livesOf } from './lives.ts'
import { observe } from './observe.ts'
import { trailsOf } from './trails.ts'
import type { Transcript } from './transcript.ts'
import { faultsOf, follow, foreseenOf, packedFor, placedIn, systemFor } from './validate.ts'

/** The id that several rules are given to be gone without together; no rule is called so. */
const GONE = 'gone'

/** A tracker like another, from the beginning, that goes without all these rules. */
function withoutAll(packed: Packed, options: TrackOptions, gone: ReadonlySet<string>, like: Tracker): Tracker {
  const rows = packed.flat.rows.map(row => (gone.has(row.rule.id) ? { ...row, rule: { ...row.rule, id: GONE } } : row))
  const flat: Flat = { ...packed.flat, rows }
  return new Tracker({ ...packed, flat }, { ...options, without: GONE }, like)
}

/** The names of the rules without which a transcript cannot be explained, but for those that are known already. */
export function neededRules(whole: Transcript, version: string, known: ReadonlySet<string>): string[] {
  // A later life begins where the first leaves off, which is not known without all rules.
  const [{ transcript }] = livesOf(whole)
  const packed = packedFor(version, systemFor(transcript), outOfReach(transcript), beginningOf(transcript))
  const { flat } = packed
  const observed = observe(flat, transcript, { texts: true })
  const options: TrackOptions = {
    observed: observed.sides,
    fault: faultsOf(transcript, observed, packed),
    placed: placedIn(transcript, observed),
    foreseen: { ...foreseenOf(packed, observed), tests: [] },
    trails: trailsOf(version, transcript, observed),
  }
  // Where too many states are possible nobody knows; then nothing is seen of it.
  const explains = (tracker: Tracker): boolean | undefined => {
    try {
      return follow(tracker, observed) === undefined
    } catch (error) {
      if (error instanceof TrackLimitError) return undefined
      throw error
    }
  }
  const tracker = new Tracker(packed, options)
  if (explains(tracker) !== true) return []
  const names = new Map(flat.rules.map(({ id, rule }) => [id, rule.name]))
  const nameOf = (id: string): string => names.get(id) ?? id
  const asked = [...tracker.tried].filter(id => {
    // Of a side that nobody recorded, no rule is ever needed.
    const side = observed.sides.some(one => id.startsWith(`${one}/`))
    return (side || observed.sides.length === flat.sides.length) && !known.has(nameOf(id))
  })
  // What all of them can be gone without together, each can be gone without: so few have to be tried alone.
  const gone = new Set<string>()
  const left: string[] = []
  const shed = (ids: readonly string[]): void => {
    if (ids.length === 0) return
    if (explains(withoutAll(packed, options, new Set([...gone, ...ids]), tracker)) === true) {
      for (const id of ids) gone.add(id)
    } else if (ids.length === 1) left.push(...ids)
    else {
      const half = ids.length >> 1
      shed(ids.slice(0, half))
      shed(ids.slice(half))
    }
  }
  shed(asked)
  return [...new Set(left.filter(id => explains(tracker.without(id)) === false).map(nameOf))]
}
