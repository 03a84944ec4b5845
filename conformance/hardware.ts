/** What the QEMUs of a transcript cannot do, as their command lines have it; see spec/hardware.ts. */
import { matches } from '../impl/match.ts'
import { type Held, held, shows, takes } from '../spec/hardware.ts'
import type { Pattern } from '../spec/lang.ts'
import { isObject } from './json.ts'
import type { Line, Transcript } from './transcript.ts'

const literally = (text: string): string => text.replaceAll(/[.+^${}()|[\]\\?]/g, '\\$&')

const like = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.split('*').map(literally).join('.*')}$`).test(text)

/** The command lines of all sides that were recorded; nothing where one of them is not known. */
function wordsOf({ header, lines }: Transcript): readonly string[] | undefined {
  const { args } = header
  const sides = [...new Set(lines.map(({ side }) => side))]
  const all = sides.map(side => (args === undefined || 'length' in args ? args : args[side]))
  return all.some(one => one === undefined) || all.length === 0 ? undefined : all.flatMap(one => one ?? [])
}

/** Whether a parameter was set once, to what keeps its rules away, and nothing that was recorded came too late for that. */
function isHeld({ parameter, most, seconds, words }: Held, { header, lines }: Transcript): boolean {
  // Of what somebody else has told it, only our own recordings know that there was nothing.
  if (header.faults !== 'listed' || header.args === undefined || 'length' in header.args) return false
  if (!header.args.src?.some(word => words.some(pattern => like(pattern, word)))) return false
  const set = lines.flatMap(({ dir, side, msg, t }) => {
    const value = dir === '->' && side === 'src' && isObject(msg.arguments) ? msg.arguments[parameter] : undefined
    return value === undefined ? [] : [{ value, t }]
  })
  const [first] = set
  const last: Line | undefined = lines.at(-1)
  if (first === undefined || last === undefined || lines.some(({ msg }) => 'life' in msg)) return false
  const within = (value: unknown) => typeof value === 'number' && value > 0 && value <= most
  return set.every(({ value }) => within(value)) && last.t - first.t < seconds
}

/** The names of rules, as patterns, that cannot have been taken. */
export function outOfReach(transcript: Transcript): readonly string[] {
  return [...unequipped(transcript), ...held.flatMap(one => (isHeld(one, transcript) ? one.rules : []))]
}

/** Those that take what is not there, or would have been seen. */
function unequipped(transcript: Transcript): readonly string[] {
  const words = wordsOf(transcript)
  if (words === undefined) return []
  const sent = new Set(
    transcript.lines.flatMap(({ dir, msg }) => (dir === '->' ? [String(msg.execute ?? msg['exec-oob'] ?? '')] : [])),
  )
  const has = (patterns: readonly string[], texts: Iterable<string>) =>
    [...texts].some(text => patterns.some(pattern => like(pattern, text)))
  const came = ({ event, data }: (typeof shows)[number]) =>
    transcript.lines.some(({ msg }) => msg.event === event && matches(data, msg.data ?? {}))
  return [
    ...takes.flatMap(({ rules, words: needed, commands }) => (has(needed, words) || has(commands, sent) ? [] : rules)),
    ...shows.flatMap(one => (transcript.header.faults !== 'listed' || came(one) ? [] : one.rules)),
  ]
}

/** Whether a rule is among these. */
export const isOutOfReach = (name: string, patterns: readonly string[]): boolean =>
  patterns.some(pattern => like(pattern, name))

/** Where both begin, as their command lines have it: what of it somebody has seen. */
export function beginningOf({ header: { args } }: Transcript): Pattern {
  if (args === undefined || 'length' in args) return {}
  return Object.fromEntries(
    (['src', 'dst'] as const).flatMap(side => {
      const words = args[side]
      if (words === undefined) return []
      const waits = words.includes('-S')
      const at = words.indexOf('-incoming')
      const incoming = at < 0 ? undefined : words[at + 1]
      return [
        [`${side}.vm`, incoming !== undefined ? 'inmigrate' : waits ? 'prelaunch' : 'running'],
        ...(incoming === undefined ? [] : [[`${side}.autostart`, waits ? 'no' : 'yes']]),
        ...(incoming === 'defer'
          ? [
              [`${side}.listening`, 'no'],
              [`${side}.incoming`, 'none'],
            ]
          : []),
      ]
    }),
  )
}
