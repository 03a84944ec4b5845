/**
 * What is seen of a side: commands with their answers, events, an end; and which rows speak of it.
 */
import type { Json } from '../spec/lang.ts'
import type { Row } from './flat.ts'
import { matches } from './match.ts'

/** A command that was sent to one side, with its answer when one was seen. */
export interface Sent {
  readonly name: string
  readonly arguments: Json
  /** Out of band: it may overtake, and be handled where in-band commands wait. */
  readonly oob: boolean
  /** Its answer; undefined when none was seen.  With the text of an error, only a row that says it fits. */
  readonly answer: { readonly returns: Json } | { readonly class: string; readonly desc?: string } | undefined
  readonly line: number
}

/** The name of an event that may be any: it was said, and nobody knows what it was. */
export const ANYTHING = '*'

/** One thing seen of one side. */
export type Seen =
  | { readonly kind: 'event'; readonly name: string; readonly data: Json; readonly line: number }
  | {
      readonly kind: 'answer'
      readonly sent: Sent
      readonly line: number
      /** What was said, where that is another answer than the one that the command is known by. */
      readonly said?: Sent['answer']
    }
  | { readonly kind: 'exit'; readonly code: number | null; readonly line: number }

/** Whether a command is one that a row speaks of. */
export function speaksOf(row: Row, name: string, args: Json): boolean {
  const { cause } = row
  if (cause?.kind !== 'command' || cause.name !== name || !matches(cause.arguments, args)) return false
  if (cause.options === undefined) return true
  const { options, set } = cause.options
  const given = (args as { readonly [member: string]: Json } | null)?.[options.list]
  const asked = new Map<string, Json>()
  for (const item of Array.isArray(given) ? (given as readonly Json[]) : []) {
    const element = item as { readonly [member: string]: Json } | null
    const option = element?.[options.key]
    if (typeof option === 'string') asked.set(option, element?.[options.value] ?? null)
  }
  return options.names.every(option => {
    const value = asked.get(option)
    const wanted = set[option]
    return value === undefined ? wanted === undefined : wanted === options.values[value === true ? 1 : 0]
  })
}

/** Whether a row answers a command as it was answered. */
export const answers = (row: Row, sent: Sent): boolean => {
  const { answer } = sent
  if (answer === undefined) return true
  return row.outputs.some(output => {
    if (output.kind === 'returns') return 'returns' in answer && matches(output.match, answer.returns)
    if (output.kind !== 'fails' || !('class' in answer) || output.class !== answer.class) return false
    return answer.desc === undefined || answer.desc.includes(output.desc)
  })
}
