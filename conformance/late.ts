/**
 * What was said before it was read.
 *
 * A recorder reads two monitors in turn.  An event may have been said by one of them before a
 * command was sent to the other, and be read after that; where a recording ends, what the
 * other side had said by then may not have been read at all.
 */
import { ANYTHING } from '../impl/seen.ts'
import type { Observed, Told } from './observe.ts'

/** How much of another side may have been said and not read, at one moment. */
const MOST = 6
/** How much of another side may never have been read, where a recording ends. */
const UNREAD = 3

/** Of a side, what comes from a place on and was said, up to the next command that it was sent. */
function saidBySide(told: readonly Told[], from: number, side: string): number[] {
  const found: number[] = []
  for (let i = from; i < told.length; i++) {
    const one = told[i]
    if (one?.kind === 'quiet') break
    if (one === undefined || !('side' in one) || one.side !== side) continue
    if (one.kind !== 'seen' || one.seen.kind !== 'event') break
    found.push(i)
  }
  return found
}

/**
 * A recording as it may have been as well, where it was thought impossible at `told[at]`, which was
 * sent, or at its end: more and more of what the other side said is taken to have come before.
 */
export function* earlier(observed: Observed, at: number): Generator<Observed> {
  const { told, sides } = observed
  const here = told[at]
  for (const side of sides) {
    if (here !== undefined && 'side' in here && here.side === side) continue
    const later = saidBySide(told, at, side).slice(0, MOST)
    for (let n = 1; n <= later.length; n++) {
      const moved = later.slice(0, n)
      const between = told.slice(at).filter((_, i) => !moved.includes(at + i))
      yield { ...observed, told: [...told.slice(0, at), ...moved.flatMap(i => told[i] ?? []), ...between] }
    }
    // Whoever was seen to end, or to be quiet, has said no more than that.
    const ours = told.filter(one => one.kind === 'quiet' || ('side' in one && one.side === side))
    const last = ours.at(-1)
    const rest = ours.slice(-1)
    const line = last?.line
    if (line === undefined || last?.kind === 'quiet') continue
    if (rest.some(one => one.kind === 'seen' && one.seen.kind === 'exit')) continue
    if (told.slice(at).some(one => 'side' in one && one.side === side)) continue
    for (let n = 1; n <= UNREAD; n++) {
      const unread = Array.from(
        { length: n },
        (): Told => ({
          kind: 'seen',
          side,
          // Each its own: a tracker knows what it was told by identity.
          seen: { kind: 'event', name: ANYTHING, data: {}, line: line.line },
          line,
        }),
      )
      yield { ...observed, told: [...told.slice(0, at), ...unread, ...told.slice(at)] }
    }
  }
}
