/**
 * A pair that has more lives than one: where one of two has ended, who survives
 * becomes the source, or stays it, and a new process is the destination.
 *
 * Rules know of no such change of parts.  Each life is judged as a transcript of
 * its own; what the first leaves possible of the survivor is where the next begins.
 */
import { type Field, type Packed, read } from '../impl/pack.ts'
import type { Observed, Told } from './observe.ts'
import type { Side, Transcript } from './transcript.ts'

/** One life of a pair. */
export interface Life {
  readonly transcript: Transcript
  /** Which side of the life before is the source of this one; nothing for the first. */
  readonly source?: Side
}

/** A transcript, cut where a new life begins. */
export function livesOf(transcript: Transcript): readonly [Life, ...Life[]] {
  const cuts = transcript.lines.flatMap(({ dir, msg }, i) =>
    dir === '!!' && isLife(msg.source) && 'life' in msg ? [i] : [],
  )
  const piece = (from: number, to?: number): Transcript => ({ ...transcript, lines: transcript.lines.slice(from, to) })
  const later = cuts.map((cut, i) => ({
    transcript: piece(cut + 1, cuts[i + 1]),
    source: transcript.lines[cut]?.msg.source as Side,
  }))
  return [{ transcript: cuts.length === 0 ? transcript : piece(0, cuts[0]) }, ...later]
}

const isLife = (source: unknown): source is Side => source === 'src' || source === 'dst'

const put = (state: Int32Array, { word, shift, mask }: Field, value: number): void => {
  state[word] = ((state[word] ?? 0) & ~(mask << shift)) | (value << shift)
}

/** What will be told of the survivor in its next life, as told to what it was: of what a life leads to nothing may be left out. */
export const foretold = (next: Observed, source: Side): readonly Told[] =>
  next.told.flatMap(told => ('side' in told && told.side === 'src' ? [{ ...told, side: source }] : []))

/**
 * The system of the next life: the source is in one of these states of the side
 * that it was, and all else is as at any beginning.
 */
export function succeed(packed: Packed, states: Int32Array, source: Side): Packed {
  const { flat, fields, words } = packed
  const fresh = packed.starts
  const kept = flat.variables.flatMap(({ name }, to) => {
    if (!name.startsWith('src.')) return []
    const from = flat.index.get(`${source}${name.slice('src'.length)}`)
    const [here, there] = [fields[from ?? -1], fields[to]]
    return here === undefined || there === undefined ? [] : [{ from: here, to: there, variable: to }]
  })
  const bits = new Map(kept.map(({ variable }) => [variable, 0]))
  const starts = new Map<string, Int32Array>()
  for (let at = 0; at < states.length; at += words) {
    for (let base = 0; base < fresh.length; base += words) {
      const state = fresh.slice(base, base + words)
      for (const { from, to, variable } of kept) {
        const value = read(states, at, from)
        put(state, to, value)
        bits.set(variable, (bits.get(variable) ?? 0) | (1 << value))
      }
      starts.set(state.join(), state)
    }
  }
  const variables = flat.variables.map((variable, i) => ({ ...variable, start: bits.get(i) ?? variable.start }))
  return {
    ...packed,
    flat: { ...flat, variables },
    starts: Int32Array.from([...starts.values()].flatMap(state => [...state])),
  }
}
