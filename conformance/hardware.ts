/** What the QEMUs of a transcript cannot do, as their command lines have it; see spec/hardware.ts. */
import { takes } from '../spec/hardware.ts'
import type { Transcript } from './transcript.ts'

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

/** The names of rules, as patterns, that cannot have been taken. */
export function outOfReach(transcript: Transcript): readonly string[] {
  const words = wordsOf(transcript)
  if (words === undefined) return []
  const sent = new Set(
    transcript.lines.flatMap(({ dir, msg }) => (dir === '->' ? [String(msg.execute ?? msg['exec-oob'] ?? '')] : [])),
  )
  const has = (patterns: readonly string[], texts: Iterable<string>) =>
    [...texts].some(text => patterns.some(pattern => like(pattern, text)))
  return takes.flatMap(({ rules, words: needed, commands }) => (has(needed, words) || has(commands, sent) ? [] : rules))
}

/** Whether a rule is among these. */
export const isOutOfReach = (name: string, patterns: readonly string[]): boolean =>
  patterns.some(pattern => like(pattern, name))
