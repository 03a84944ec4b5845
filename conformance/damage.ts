/**
 * Damages a transcript as a lossy or lying monitor would: one line dropped, doubled, or changed.
 *
 * A validator must notice; unless what comes out could have happened too.
 */
import { isObject, type JsonObject } from './json.ts'
import type { Line, Transcript } from './transcript.ts'

/** One way to damage one line. */
export interface Damage {
  readonly kind: 'drop' | 'double' | 'status' | 'data' | 'class' | 'turn'
  /** The line that is damaged, or, for a drop, that is missing. */
  readonly line: number
  readonly what: string
  readonly transcript: Transcript
}

const splice = (transcript: Transcript, at: number, lines: readonly Line[]): Transcript => ({
  ...transcript,
  lines: [...transcript.lines.slice(0, at), ...lines, ...transcript.lines.slice(at + 1)],
})

const withMsg = (line: Line, msg: JsonObject): Line => ({ ...line, msg })

/** Other texts that were seen in the same member of the same event, so that a change is never mere nonsense. */
function alternatives(transcript: Transcript, event: string, member: string): string[] {
  const values = transcript.lines.flatMap(({ msg }) => {
    if (msg.event !== event || !isObject(msg.data)) return []
    const value = msg.data[member]
    return typeof value === 'string' ? [value] : []
  })
  return [...new Set(values)]
}

function changes(
  transcript: Transcript,
  at: number,
  line: Line,
  extra: Readonly<Record<string, readonly string[]>>,
): Damage[] {
  const { msg } = line
  const damages: Damage[] = []
  const { event, data, error } = msg
  if (typeof event === 'string' && isObject(data)) {
    for (const [member, value] of Object.entries(data)) {
      if (typeof value !== 'string') continue
      const others = new Set([...alternatives(transcript, event, member), ...(extra[member] ?? [])])
      others.delete(value)
      for (const other of others) {
        const changed = withMsg(line, { ...msg, data: { ...data, [member]: other } })
        const kind = member === 'status' ? 'status' : 'data'
        damages.push({
          kind,
          line: line.line,
          what: `${event}.${member}: ${value} becomes ${other}`,
          transcript: splice(transcript, at, [changed]),
        })
      }
    }
  }
  if (isObject(error)) {
    const changed = withMsg(line, {
      ...msg,
      error: { ...error, class: 'DeviceNotFound' === error.class ? 'GenericError' : 'DeviceNotFound' },
    })
    damages.push({
      kind: 'class',
      line: line.line,
      what: `another class of error`,
      transcript: splice(transcript, at, [changed]),
    })
    const { error: _, ...rest } = msg
    damages.push({
      kind: 'turn',
      line: line.line,
      what: 'an error becomes success',
      transcript: splice(transcript, at, [withMsg(line, { ...rest, return: {} })]),
    })
  }
  return damages
}

/**
 * Every way to damage one line that a rule could speak of: events, and answers.
 * `extra` gives more values to change members to, by member name.
 */
export function damagesOf(
  transcript: Transcript,
  judged: ReadonlySet<number>,
  extra: Readonly<Record<string, readonly string[]>> = {},
): Damage[] {
  return transcript.lines.flatMap((line, at) => {
    if (line.dir !== '<-' || !judged.has(line.line)) return []
    const name = typeof line.msg.event === 'string' ? line.msg.event : 'an answer'
    const drop: Damage = {
      kind: 'drop',
      line: line.line,
      what: `${name} is dropped`,
      transcript: splice(transcript, at, []),
    }
    const double: Damage = {
      kind: 'double',
      line: line.line,
      what: `${name} comes twice`,
      transcript: splice(transcript, at, [line, line]),
    }
    return ['event' in line.msg ? drop : undefined, double, ...changes(transcript, at, line, extra)].filter(
      d => d !== undefined,
    )
  })
}
