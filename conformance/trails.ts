/**
 * The trace logs in a transcript as a tracker is told them.
 */
import { isIn } from '../impl/flat.ts'
import type { Noted, Trail } from '../impl/trail.ts'
import { type TraceEvent, traceEvents } from '../spec/traces.ts'
import { isObject } from './json.ts'
import type { Observed } from './observe.ts'
import type { Line, Transcript } from './transcript.ts'

const patterns = new Map<string, RegExp>()

function patternOf({ text }: TraceEvent): RegExp {
  const pattern = patterns.get(text) ?? new RegExp(text, 'u')
  patterns.set(text, pattern)
  return pattern
}

/** What a line of a trace log says; nothing where rules do not speak of it. */
export function noteOf(version: string, { msg, line }: Line): Noted | undefined {
  const event = traceEvents.find(one => one.event === msg.trace && isIn(version, one))
  const found = event && patternOf(event).exec(String(msg.text))?.groups
  if (event === undefined || found?.to === undefined) return undefined
  const thread = typeof msg.thread === 'string' ? msg.thread : ''
  return { event: event.event, to: found.to, ...(found.from !== undefined && { from: found.from }), thread, line }
}

/** Of each side that was traced, all that it wrote, and what would have been written. */
export function trailsOf(version: string, transcript: Transcript, observed: Observed): Trail[] {
  const { traced } = transcript.header
  return ['src', 'dst'].flatMap(side => {
    const notes = observed.told.flatMap(told => (told.kind === 'noted' && told.side === side ? [told.note] : []))
    const lines = transcript.lines.filter(line => line.side === side)
    if (lines.length === 0 || (traced === undefined && notes.length === 0)) return []
    const written = new Set(traced ?? notes.map(({ event }) => event))
    const exit = lines.findLast(({ msg }) => isObject(msg.exit))?.msg.exit
    // Whoever ends a process by itself has written all; another thread may be just about to, and a signal is for all of them.
    const lost = isObject(exit) && exit.code !== null ? 1 : 2
    return [{ side, shown: traceEvents.filter(one => isIn(version, one) && written.has(one.event)), notes, lost }]
  })
}
