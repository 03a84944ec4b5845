/**
 * Says where a transcript left the rules: what came, what could have come, and which rule was nearest.
 */
import type { Cell, Flat, Output, Row } from '../impl/flat.ts'
import type { Haze } from '../impl/haze.ts'
import { matches, mismatch } from '../impl/match.ts'
import { printBits } from '../impl/move.ts'
import { read } from '../impl/pack.ts'
import type { Seen } from '../impl/seen.ts'
import type { Stuck, Tracker } from '../impl/track.ts'
import type { Json, Match } from '../spec/lang.ts'
import { whatMattered } from './before.ts'
import { isObject } from './json.ts'
import type { Line, Transcript } from './transcript.ts'
import { vocabularyOf } from './vocabulary.ts'

/** What a match wants, as one would write it down: `...` for anything that is there, nothing for what is not. */
function printMatch(match: Match): string {
  const plain = (_: string, value: Json): Json | undefined => {
    if (!isObject(value)) return value
    if ('$present' in value) return '...'
    if ('$absent' in value) return undefined
    if ('$like' in value) return `like ${String(value.$like)}`
    if ('$unlike' in value) return `unlike ${String(value.$unlike)}`
    if ('$not' in value) return `not ${JSON.stringify(value.$not)}`
    return '$oneOf' in value && Array.isArray(value.$oneOf) ? value.$oneOf.map(String).join(' or ') : value
  }
  return JSON.stringify(match, plain)
}

/** An output as one line of a report. */
export function printOutput(output: Output): string {
  if (output.kind === 'event') return `${output.name} ${printMatch(output.data)}`
  if (output.kind === 'returns') return `the answer ${printMatch(output.match)}`
  if (output.kind === 'fails') return `the error ${output.class} "${output.desc}"`
  return output.kind === 'exits'
    ? `an exit with ${output.code === null ? 'a signal' : `code ${output.code}`}`
    : `the message ${output.message}`
}

function printSeen(seen: Seen): string {
  if (seen.kind === 'event') return `${seen.name} ${JSON.stringify(seen.data)}`
  if (seen.kind === 'exit') return `the process ended, ${seen.code === null ? 'by a signal' : `with code ${seen.code}`}`
  const { name } = seen.sent
  const answer = seen.said ?? seen.sent.answer
  if (name === '') return 'an answer to nothing that was asked'
  const said =
    answer !== undefined && 'class' in answer
      ? `the error ${answer.class}`
      : `the answer ${JSON.stringify(answer?.returns)}`
  return `${said} to ${name}`
}

/** How well a row's outputs fit what was seen: 2 all of it, 1 the name only, 0 not at all. */
function likeness(row: Row, side: string, seen: Seen): number {
  if (row.rule.side !== side) return 0
  if (seen.kind === 'event') {
    const events = row.outputs.filter(output => output.kind === 'event')
    if (events.some(event => event.name === seen.name && matches(event.data, seen.data))) return 2
    return events.some(event => event.name === seen.name) ? 1 : 0
  }
  if (seen.kind === 'exit')
    return row.outputs.some(output => output.kind === 'exits' && output.code === seen.code) ? 2 : 0
  if (row.cause?.kind !== 'command' || row.cause.name !== seen.sent.name) return 0
  const { answer } = seen.sent
  const fits = row.outputs.some(output =>
    output.kind === 'returns'
      ? answer !== undefined && 'returns' in answer && matches(output.match, answer.returns)
      : output.kind === 'fails' && answer !== undefined && 'class' in answer && output.class === answer.class,
  )
  return fits ? 2 : 1
}

/** A rule with the conditions that did not hold in the state where fewest did not. */
interface Nearest {
  readonly row: Row
  readonly unmet: readonly { readonly cell: Cell; readonly value: number }[]
  readonly likeness: number
}

function nearest(tracker: Tracker, side: string, seen: Seen): Nearest | undefined {
  const { packed } = tracker
  const { states, at } = tracker.possible()
  let best: Nearest | undefined
  for (const row of packed.flat.rows) {
    const like = likeness(row, side, seen)
    if (like === 0) continue
    for (const offset of at.slice(0, 200)) {
      const unmet = row.cells.flatMap(cell => {
        const field = packed.fields[cell.variable]
        const value = field === undefined ? 0 : read(states, offset, field)
        return (cell.from >>> value) & 1 ? [] : [{ cell, value }]
      })
      const better =
        best === undefined || like > best.likeness || (like === best.likeness && unmet.length < best.unmet.length)
      if (better) best = { row, unmet, likeness: like }
    }
  }
  return best
}

function printNearest(tracker: Tracker, { row, unmet, likeness: like }: Nearest, seen: Seen): string[] {
  const { variables } = tracker.packed.flat
  const wants = unmet.map(({ cell, value }) => {
    const variable = variables[cell.variable]
    return `${variable?.name} ${printBits(cell.from, variable?.values ?? [])}; it is ${variable?.values[value]}`
  })
  if (like === 1 && seen.kind === 'event') {
    const event = row.outputs.find(output => output.kind === 'event' && output.name === seen.name)
    const wrong = event?.kind === 'event' ? mismatch(event.data, seen.data) : undefined
    if (wrong !== undefined) wants.unshift(`another event: ${wrong}`)
  }
  if (wants.length === 0) wants.push('to be taken at another moment: what was asked, or said before, does not fit')
  return [`  nearest: "${row.rule.rule.name}" wants ${wants.join(', and ')}`, `           ${row.rule.rule.cite}`]
}

/** Where nothing is near: for a query, where it is answered. */
function printUnlike(tracker: Tracker, side: string, seen: Seen): string[] {
  const { queries } = tracker.packed.flat
  const query = seen.kind === 'answer' ? queries.find(q => q.side === side && q.command === seen.sent.name) : undefined
  if (query === undefined) return ['  no rule says anything like it']
  return [`  ${query.command} answers as things are then`, `           ${query.cite}`]
}

/** Whether rules speak of a command or an event of a side. */
const speaksIn = (flat: Flat): ((name: string, side: string) => boolean) => {
  const words = vocabularyOf(flat)
  return (name, side) => words.get(side)?.commands.has(name) === true || words.get(side)?.events.has(name) === true
}

/** Tells where a transcript could not be explained. */
export function describeStuck(
  tracker: Tracker,
  stuck: Stuck,
  transcript: Pick<Transcript, 'file'> & { readonly lines?: readonly Line[] },
) {
  const { sides } = tracker.packed.flat
  const candidates = sides.flatMap((side, i) => {
    const seen = tracker.pendingOf(side)[stuck.reached[i] ?? 0]
    return seen === undefined || seen.kind === 'sent' ? [] : [{ side, seen }]
  })
  candidates.sort((a, b) => a.seen.line - b.seen.line)
  const [first] = candidates
  if (first === undefined)
    return { verdict: 'inconclusive' as const, message: `${transcript.file}: cannot say where it left the rules` }
  const { side, seen } = first
  const could = sides.flatMap(s => tracker.couldCome(s).map(({ said, states }) => ({ side: s, said, states })))
  const near = nearest(tracker, side, seen)
  const count = tracker.possible().at.length
  const lines = [
    `${transcript.file}:${seen.line}  ${side}  ${printSeen(seen)}`,
    `  could not come here.  ${count === 1 ? 'One state fits' : `${count} states fit`} the lines before it; ${could.length === 0 ? 'from them nothing can come that is seen' : 'from them might have come'}`,
    ...could.slice(0, 8).map(({ side: s, said, states }) => `    ${s}  ${printOutput(said)}   (in ${states})`),
    ...(could.length > 8 ? [`    and ${could.length - 8} more`] : []),
    ...(near === undefined ? printUnlike(tracker, side, seen) : printNearest(tracker, near, seen)),
    ...whatMattered(transcript.lines ?? [], seen.line, speaksIn(tracker.packed.flat)),
  ]
  const rule = near === undefined ? {} : { rule: near.row.rule.id }
  const allowed = could.map(({ said, ...rest }) => ({ ...rest, text: printOutput(said) }))
  return { verdict: 'violates' as const, line: seen.line, side, message: lines.join('\n'), allowed, ...rule }
}

/** The values that bits stand for, as one would say them. */
const printValues = (bits: number, values: readonly string[]): string =>
  values.filter((_, i) => (bits >>> i) & 1).join(' or ') || 'nothing'

/** Tells where a log could not be explained of which nobody saw the beginning. */
export function describeHaze(
  haze: Haze,
  side: string,
  seen: Seen | undefined,
  at: Pick<Line, 'line' | 'side'>,
  file: string,
) {
  const { flat } = haze.packed
  const could = haze.couldCome()
  const rows = seen === undefined ? [] : flat.rows.filter(row => likeness(row, side, seen) === 2)
  const near = haze.nearest(rows)
  const wants = near?.unmet.map(({ cell, values }) => {
    const variable = flat.variables[cell.variable]
    const names = variable?.values ?? []
    return `${variable?.name} ${printBits(cell.from, names)}; it is ${printValues(values, names)}`
  })
  const lines = [
    `${file}:${at.line}  ${side}  ${seen === undefined ? 'what came' : printSeen(seen)}`,
    `  could not come here, whatever was before; ${could.length === 0 ? 'nothing could have come that is seen' : 'what might have come'}`,
    ...could.slice(0, 8).map(output => `    ${side}  ${printOutput(output)}`),
    ...(could.length > 8 ? [`    and ${could.length - 8} more`] : []),
    ...(near === undefined || wants === undefined
      ? ['  no rule says anything like it']
      : [
          `  nearest: "${near.row.rule.rule.name}" wants ${wants.join(', and ') || 'to be taken at another moment'}`,
          `           ${near.row.rule.rule.cite}`,
        ]),
  ]
  const rule = near === undefined ? {} : { rule: near.row.rule.id }
  const allowed = could.map(output => ({ side, text: printOutput(output), states: haze.size }))
  return { verdict: 'violates' as const, line: at.line, side, message: lines.join('\n'), allowed, ...rule }
}
