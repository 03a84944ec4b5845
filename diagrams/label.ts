/**
 * What is written on an arrow, in a few short lines: what sets it off, and what
 * is said.
 */
import type { Flat, Output, Row } from '../impl/flat.ts'
import type { Json } from '../spec/lang.ts'
import type { Arrow } from './arrows.ts'
import { HELD, type Line, type Piece } from './line.ts'
import { sideOf } from './scan.ts'

/** How many causes a label names at most. */
const MOST = 4

/** The words of some data that tell one event from another of its name: texts, in order. */
function words(data: Json): string[] {
  if (typeof data === 'string') return [data]
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return []
  return Object.entries(data).flatMap(([key, value]) => (key.startsWith('$') ? [] : words(value)))
}

/** An event with what matters of its data, as `MIGRATION failing`. */
export const printEvent = (name: string, data: Json): string => [name, ...words(data)].join(' ')

/** What one output is on an arrow; replies are not worth a line. */
function printOutput(output: Output): string[] {
  switch (output.kind) {
    case 'event':
      return [printEvent(output.name, output.data)]
    case 'exits':
      return [output.code === null ? 'dies' : `exit ${output.code}`]
    case 'sends':
      return [`→ ${output.message}`]
    default:
      return []
  }
}

/** What is said once a variable that stands for something not yet said is worked off. */
export function saidLater(flat: Flat, row: Row, later: readonly string[]): string[] {
  return row.cells.flatMap(cell => {
    const { name = '' } = flat.variables[cell.variable] ?? {}
    if (cell.to < 0 || !later.includes(name)) return []
    const sayers = flat.rows.filter(
      other =>
        sideOf(name) === other.rule.side &&
        other.cells.some(c => c.variable === cell.variable && c.from === 1 << cell.to && c.to >= 0),
    )
    const said = sayers.flatMap(other => other.outputs.flatMap(printOutput))
    return [...new Set(said)].map(text => `then ${text}`)
  })
}

/** Everything one rule has to say on an arrow. */
interface Entry {
  readonly cause: Line
  /** What is said whenever the rule is taken here, and, as `maybe X`, what is said at times. */
  readonly says: readonly string[]
}

function causeOf(row: Row): Line {
  const { cause, outputs, rule } = row
  if (cause?.kind === 'receives') return [{ text: `← ${cause.name}` }]
  if (cause?.kind !== 'command') return [{ text: rule.rule.name }]
  const refusal = outputs.find(output => output.kind === 'fails')
  const name: Piece = { text: cause.name, command: true }
  return refusal === undefined ? [name] : [name, { text: ` that fails: ${refusal.desc}` }]
}

function entryOf(flat: Flat, rows: readonly Row[], later: readonly string[]): Entry {
  const each = rows.map(row => [...row.outputs.flatMap(printOutput), ...saidLater(flat, row, later)])
  const all = [...new Set(each.flat())]
  const says = all.map(text => (each.every(said => said.includes(text)) ? text : `maybe ${text}`))
  const [first] = rows
  return { cause: first === undefined ? [] : causeOf(first), says }
}

/** `MIGRATION failing, MIGRATION failed` as `MIGRATION failing, failed`; what is sent comes with its own arrow. */
function printSays(says: readonly string[]): string[] {
  let last = ''
  const events = says
    .filter(text => !text.startsWith('→'))
    .map(text => {
      const [name = '', ...rest] = text.split(' ')
      const short = name === last && rest.length > 0 ? rest.join(' ') : text
      last = name
      return short
    })
  const sent = says.filter(text => text.startsWith('→'))
  return [...(events.length > 0 ? [`⇒ ${events.join(', ')}`] : []), ...sent]
}

const plain = (line: Line): string => line.map(piece => piece.text).join('')

/** One entry for each thing that sets rows off, commands first. */
function entriesOf(flat: Flat, rows: readonly Row[], later: readonly string[]): Entry[] {
  const byCause = Map.groupBy(rows, row => `${row.rule.id} ${plain(causeOf(row))}`)
  const entries = [...byCause.values()].map(group => entryOf(flat, group, later))
  const distinct = [...new Map(entries.map(entry => [JSON.stringify(entry), entry])).values()]
  const isCommand = ({ cause }: Entry): boolean => cause[0]?.command === true
  return [...distinct.filter(isCommand), ...distinct.filter(entry => !isCommand(entry))]
}

// No line is broken behind an arrow or between an event and its status.
const withOwn = ({ cause, says }: Entry): Line =>
  says.length === 0
    ? cause
    : [...cause, ...printSays(says).map((text): Piece => ({ text: ` (${text.replaceAll(/(?<!,) /g, HELD)})` }))]

/**
 * The lines on an arrow that these rows make: causes, each with what only it
 * says, then what all of them say.  `later` names the variables that stand for
 * something that is said a step later.
 */
export function labelOf(flat: Flat, rows: readonly Row[], later: readonly string[] = []): Line[] {
  const entries = entriesOf(flat, rows, later)
  const [first, ...others] = entries
  if (first === undefined) return []
  const common = first.says.filter(text => others.every(entry => entry.says.includes(text)))
  const lines = entries.map(({ cause, says }) => withOwn({ cause, says: says.filter(text => !common.includes(text)) }))
  const said = printSays(common).map((text): Line => [{ text }])
  const shown = lines.length <= MOST ? lines : lines.slice(0, MOST - 1)
  const more: Line[] = shown.length < lines.length ? [[{ text: `+${lines.length - shown.length} more` }]] : []
  return [...shown, ...more, ...said]
}

/**
 * The lines on one arrow that stands for several: each cause with the states
 * it is found in.  Rules of one family, `lose the peer while asked`, share a line.
 */
export function gatheredLabel(
  flat: Flat,
  arrows: readonly Arrow[],
  frame: string,
  later: readonly string[] = [],
): Line[] {
  const found = new Map<string, { entry: Entry; ends: boolean; at: string[] }>()
  for (const { from, rows } of arrows) {
    for (const entry of entriesOf(flat, rows, later)) {
      const text = plain(entry.cause)
      const ends = text.endsWith(` ${from}`)
      const cause = ends ? [{ text: text.slice(0, -from.length - 1) }] : entry.cause
      const key = JSON.stringify([cause, entry.says])
      const known = found.get(key) ?? { entry: { cause, says: entry.says }, ends, at: [] }
      known.at.push(from)
      found.set(key, known)
    }
  }
  return [...found.values()].map(({ entry, ends, at }) => {
    const states = at.includes(frame) ? '' : ends ? ` ${at.join(', ')}` : ` (${at.join(', ')})`
    const line: Line = states === '' ? entry.cause : [...entry.cause, { text: states }]
    return withOwn({ cause: line, says: entry.says })
  })
}
