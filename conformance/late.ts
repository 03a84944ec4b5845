/**
 * What was said before it was read.
 *
 * A recorder reads two monitors in turn.  An event may have been said by one of them before a
 * command was sent to the other, and be read after that; where a recording ends, what the
 * other side had said by then may not have been read at all.
 */
import type { Output } from '../impl/flat.ts'
import { matches } from '../impl/match.ts'
import { ANYTHING } from '../impl/seen.ts'
import type { Observed, Told } from './observe.ts'

/** Of a side, the next event after a place that nothing it was asked meanwhile may have caused. */
function nextOf(told: readonly Told[], from: number, side: string): number | undefined {
  for (let i = from; i < told.length; i++) {
    const one = told[i]
    if (one?.kind === 'quiet') return undefined
    if (one === undefined || !('side' in one) || one.side !== side || one.kind === 'noted') continue
    return one.kind === 'seen' && one.seen.kind === 'event' ? i : undefined
  }
  return undefined
}

/** Whether a side may have said something that nobody read: whoever was seen to end, or to be quiet, has not. */
function mayHaveSaidMore(told: readonly Told[], from: number, side: string): boolean {
  if (told.slice(from).some(one => 'side' in one && one.side === side)) return false
  const last = told.filter(one => one.kind === 'quiet' || one.side === side).at(-1)
  return last !== undefined && last.kind !== 'quiet' && !(last.kind === 'seen' && last.seen.kind === 'exit')
}

/**
 * A recording as it may have been as well, where it was thought impossible at `told[at]`, which was
 * sent, or at its end: one event more of another side came before that.
 *
 * @param could what a side might have said there
 */
export function earlier(observed: Observed, at: number, could: (side: string) => readonly Output[]): Observed[] {
  const { told, sides } = observed
  const here = told[at]
  return sides.flatMap(side => {
    if (here !== undefined && 'side' in here && here.side === side) return []
    const before = (one: Told, rest: readonly Told[]) => ({ ...observed, told: [...told.slice(0, at), one, ...rest] })
    const next = nextOf(told, at, side)
    const one = next === undefined ? undefined : told[next]
    if (one?.kind === 'seen') {
      const { seen } = one
      const fits =
        seen.kind === 'event' &&
        could(side).some(said => said.kind === 'event' && said.name === seen.name && matches(said.data, seen.data))
      return fits
        ? [
            before(
              one,
              told.slice(at).filter(other => other !== one),
            ),
          ]
        : []
    }
    const last = told.findLast(other => 'side' in other && other.side === side)
    if (last === undefined || !mayHaveSaidMore(told, at, side)) return []
    const { line } = last
    const unread: Told = {
      kind: 'seen',
      side,
      seen: { kind: 'event', name: ANYTHING, data: {}, line: line.line },
      line,
    }
    return [before(unread, told.slice(at))]
  })
}
