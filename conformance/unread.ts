/**
 * Says where a trace log left the rules, in a transcript that keeps to them without it.
 */
import { printBits } from '../impl/move.ts'
import { read } from '../impl/pack.ts'
import type { Tracker } from '../impl/track.ts'
import type { Noted } from '../impl/trail.ts'
import type { Line, Transcript } from './transcript.ts'

const printNote = ({ event, from, to }: Noted): string => `${event} ${from === undefined ? to : `${from} -> ${to}`}`

/** The rule that would write such a line with the fewest conditions that do not hold, and those. */
function nearest(tracker: Tracker, side: string, note: Noted) {
  const { packed } = tracker
  const { variables } = packed.flat
  const { states, at } = tracker.possible()
  let best: { readonly rule: (typeof packed.flat.rows)[number]['rule']; readonly unmet: readonly string[] } | undefined
  for (const row of packed.flat.rows) {
    if (row.rule.side !== side || !tracker.tells(row.id, note)) continue
    for (const offset of at.slice(0, 200)) {
      const unmet = row.cells.flatMap(cell => {
        const field = packed.fields[cell.variable]
        const variable = variables[cell.variable]
        const value = field === undefined ? 0 : read(states, offset, field)
        if (variable === undefined || (cell.from >>> value) & 1) return []
        return [`${variable.name} ${printBits(cell.from, variable.values)}; it is ${variable.values[value]}`]
      })
      if (best === undefined || unmet.length < best.unmet.length) best = { rule: row.rule, unmet }
    }
  }
  return best
}

/** Tells which line could not be explained, or, where all were, that one is missing before `quiet` or the end. */
export function describeUnread(tracker: Tracker, transcript: Transcript, quiet?: Line) {
  const found = tracker.unread()
  const verdict = 'violates' as const
  if (found === undefined || (quiet !== undefined && found.note.line > quiet.line)) {
    const line = quiet ?? transcript.lines.at(-1)
    const where = { ...(line && { line: line.line, side: line.side }) }
    const message = [
      `${transcript.file}:${line?.line ?? 1}  ${line?.side ?? ''}  a line of the trace log is missing`,
      '  what the monitors said is what the rules allow, and what would have been traced besides was not',
    ]
    return { verdict, ...where, message: message.join('\n') }
  }
  const { side, note } = found
  const near = nearest(tracker, side, note)
  const wants = near?.unmet.length === 0 ? 'to be taken at another moment' : near?.unmet.join(', and ')
  const lines = [
    `${transcript.file}:${note.line}  ${side}  traced ${printNote(note)}`,
    '  could not come here, or a line before it is missing; what the monitors said is what the rules allow',
    ...(near === undefined
      ? ['  no rule does anything like it']
      : [`  nearest: "${near.rule.rule.name}" wants ${wants}`, `           ${near.rule.rule.cite}`]),
  ]
  const rule = near === undefined ? {} : { rule: near.rule.id }
  return { verdict, line: note.line, side, message: lines.join('\n'), ...rule }
}
