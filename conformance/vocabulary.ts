/**
 * What a system's rules speak of: which commands and events are theirs.
 *
 * Everything else that passes over a monitor is skipped and counted, never judged.
 */
import type { Flat } from '../impl/flat.ts'

/** The commands and events of one side. */
export interface Vocabulary {
  readonly commands: ReadonlySet<string>
  readonly events: ReadonlySet<string>
}

const known = new WeakMap<Flat, ReadonlyMap<string, Vocabulary>>()

/** The vocabulary of each side of a system. */
export function vocabularyOf(flat: Flat): ReadonlyMap<string, Vocabulary> {
  const before = known.get(flat)
  if (before !== undefined) return before
  const found = new Map(
    flat.sides.map(side => {
      const rows = flat.rows.filter(row => row.rule.side === side)
      const commands = rows.flatMap(({ cause }) => (cause?.kind === 'command' ? [cause.name] : []))
      const queries = flat.queries.filter(query => query.side === side).map(query => query.command)
      const events = rows.flatMap(row => row.outputs.flatMap(output => (output.kind === 'event' ? [output.name] : [])))
      return [side, { commands: new Set([...commands, ...queries]), events: new Set(events) }] as const
    }),
  )
  known.set(flat, found)
  return found
}
