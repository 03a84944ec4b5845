/**
 * Lines of a transcript to what a tracker is told: commands with their answers, events, ends.
 */
import type { Flat } from '../impl/flat.ts'
import { type Seen, type Sent, speaksOf } from '../impl/seen.ts'
import type { Noted } from '../impl/trail.ts'
import { beginningOf } from './hardware.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { noteOf } from './trails.ts'
import type { Line, Transcript } from './transcript.ts'
import { vocabularyOf } from './vocabulary.ts'

/** What a line means, in the order of the lines. */
export type Told =
  | { readonly kind: 'sent'; readonly side: string; readonly sent: Sent; readonly line: Line }
  | { readonly kind: 'seen'; readonly side: string; readonly seen: Seen; readonly line: Line }
  | { readonly kind: 'noted'; readonly side: string; readonly note: Noted; readonly line: Line }
  | { readonly kind: 'fault'; readonly side: string; readonly name: string; readonly line: Line }
  | { readonly kind: 'quiet'; readonly line: Line }

/** A transcript as a tracker is told it. */
export interface Observed {
  readonly told: readonly Told[]
  /** Sides of which anything was recorded. */
  readonly sides: readonly string[]
  /** Names of commands and events that no rule speaks of, with how often they came. */
  readonly skipped: ReadonlyMap<string, number>
}

const json = (value: Json | undefined): Json => value ?? {}

const errorOf = (msg: JsonObject): { class: string } => {
  const { error } = msg
  return { class: isObject(error) && typeof error.class === 'string' ? error.class : '' }
}

/**
 * An error with its text, where a rule has that text.  Texts are for people, and no verdict
 * is due to one; but of several refusals of one class they tell which it was.
 */
const textOf = (
  flat: Flat,
  side: string,
  name: string,
  args: Json,
  msg: JsonObject,
): { class: string; desc?: string } => {
  const desc = isObject(msg.error) ? String(msg.error.desc) : ''
  const spoken = flat.rows.filter(row => row.rule.side === side && speaksOf(row, name, args))
  const told = spoken.some(row => row.outputs.some(one => one.kind === 'fails' && desc.includes(one.desc)))
  return { ...errorOf(msg), ...(told && { desc }) }
}

/** Finds, for each command, its answer: by `id`, or, where ids are not used, in order. */
function answersOf(lines: readonly Line[]): Map<Line, Line> {
  const waiting: Line[] = []
  const found = new Map<Line, Line>()
  for (const line of lines) {
    const { dir, msg } = line
    if (dir === '->' && ('execute' in msg || 'exec-oob' in msg)) waiting.push(line)
    if (dir !== '<-' || !('return' in msg || 'error' in msg)) continue
    const id = JSON.stringify(msg.id)
    const at = waiting.findIndex(command => JSON.stringify(command.msg.id) === id)
    const command = at < 0 ? undefined : waiting.splice(at, 1)[0]
    if (command !== undefined) {
      found.set(command, line)
      found.set(line, command)
    }
  }
  return found
}

/** The lines with which the log of a process ends that aborted: what it was about to do then. */
function abortsOf(lines: readonly Line[]): ReadonlySet<Line> {
  const last = new Map<string, Line>()
  const found = new Set<Line>()
  for (const line of lines) {
    if (line.dir !== '!!') continue
    const before = last.get(line.side)
    if (before !== undefined && isObject(line.msg.exit) && line.msg.exit.signal === 'SIGABRT') found.add(before)
    last.set(line.side, line)
  }
  return found
}

/**
 * Reads a transcript in the words of a system's rules.
 *
 * @param texts whether the text of an error is to be a rule's as well
 */
export function observe(flat: Flat, transcript: Transcript, { texts = false } = {}): Observed {
  const vocabulary = vocabularyOf(flat)
  const sides = flat.sides.filter(side => transcript.lines.some(line => line.side === side && line.dir !== '!!'))
  const answers = new Map<Line, Line>()
  for (const side of sides) {
    for (const [a, b] of answersOf(transcript.lines.filter(line => line.side === side))) answers.set(a, b)
  }
  const skipped = new Map<string, number>()
  const skip = (name: string) => skipped.set(name, (skipped.get(name) ?? 0) + 1)
  const sents = new Map<Line, Sent>()
  const aborts = abortsOf(transcript.lines)
  // On a busy machine the monitor may be there a moment before the guest is started that no `-S` has wait.
  const begins = beginningOf(transcript)
  const starts = new Set(sides.filter(side => begins[`${side}.vm`] === 'running'))
  const spoken = new Set<string>()
  const told: Told[] = []
  for (const line of transcript.lines) {
    const { side, msg } = line
    const words = vocabulary.get(side)
    if (words === undefined) continue
    if (line.dir === '->') {
      const oob = 'exec-oob' in msg
      const name = msg[oob ? 'exec-oob' : 'execute']
      if (typeof name !== 'string' || !words.commands.has(name)) {
        skip(String(name))
        continue
      }
      const answer = answers.get(line)?.msg
      const refusal = (error: JsonObject) =>
        texts ? textOf(flat, side, name, json(msg.arguments), error) : errorOf(error)
      const sent: Sent = {
        name,
        arguments: json(msg.arguments),
        oob,
        answer:
          answer === undefined ? undefined : 'return' in answer ? { returns: json(answer.return) } : refusal(answer),
        line: line.line,
      }
      sents.set(line, sent)
      told.push({ kind: 'sent', side, sent, line })
    } else if (line.dir === '<-') {
      const name = msg.event
      if (typeof name === 'string') {
        if (transcript.events === 'unseen') skip(`${name}, whose place is not known`)
        else if (name === 'RESUME' && starts.has(side) && !spoken.has(side)) skip('RESUME of a guest that is started')
        else if (words.events.has(name))
          told.push({
            kind: 'seen',
            side,
            seen: { kind: 'event', name, data: json(msg.data), line: line.line },
            line,
          })
        else skip(name)
      } else if ('return' in msg || 'error' in msg) {
        const command = answers.get(line)
        if (command?.msg.execute !== 'qmp_capabilities') spoken.add(side)
        const sent = command === undefined ? undefined : sents.get(command)
        if (sent !== undefined) told.push({ kind: 'seen', side, seen: { kind: 'answer', sent, line: line.line }, line })
        else if (command === undefined) {
          // An answer to nothing that was asked cannot be explained by any rule.
          const stray: Sent = { name: '', arguments: {}, oob: false, answer: undefined, line: line.line }
          told.push({ kind: 'seen', side, seen: { kind: 'answer', sent: stray, line: line.line }, line })
        }
      }
    } else if (isObject(msg.exit)) {
      const { code } = msg.exit
      told.push({
        kind: 'seen',
        side,
        seen: { kind: 'exit', code: typeof code === 'number' ? code : null, line: line.line },
        line,
      })
    } else if (typeof msg.trace === 'string') {
      const note = aborts.has(line) ? undefined : noteOf(flat.version, line)
      if (note === undefined) skip(msg.trace)
      // A variable that is set to what it is has not moved.
      else if (note.from !== note.to) told.push({ kind: 'noted', side, note, line })
    } else if (typeof msg.fault === 'string') {
      told.push({ kind: 'fault', side, name: msg.fault, line })
    } else if ('quiet' in msg || 'unanswered' in msg) {
      told.push({ kind: 'quiet', line })
    }
  }
  return { told, sides, skipped }
}
