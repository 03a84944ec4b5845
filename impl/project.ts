/**
 * What of a message matters to a list of matches: two messages with the same key are told apart by none of them.
 *
 * A log has as many different answers as it has figures in them; that the rules
 * look at a status and at nothing else makes them one.
 */
import type { Json, Match } from '../spec/lang.ts'

/** What is looked at of a value: all of it, some members, or only whether it is there. */
interface Look {
  whole: boolean
  members: Map<string, Look> | undefined
}

const isObject = (value: unknown): value is { readonly [member: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const nothing = (): Look => ({ whole: false, members: undefined })

function add(look: Look, match: Match): void {
  if (look.whole) return
  if (!isObject(match)) {
    look.whole = true
    return
  }
  const [first, ...others] = Object.entries(match)
  if (first !== undefined && others.length === 0 && first[0].startsWith('$')) {
    if (first[0] !== '$present' && first[0] !== '$absent') look.whole = true
    return
  }
  look.members ??= new Map()
  for (const [member, wanted] of Object.entries(match)) {
    const inner = look.members.get(member) ?? nothing()
    look.members.set(member, inner)
    add(inner, wanted as Match)
  }
}

function keyOf(look: Look, value: Json | undefined): string {
  if (value === undefined) return '-'
  if (look.whole) return typeof value === 'string' ? `"${value}"` : JSON.stringify(value)
  if (look.members === undefined) return '+'
  if (!isObject(value)) return '!'
  let key = '{'
  for (const [member, inner] of look.members)
    key += `${keyOf(inner, Object.hasOwn(value, member) ? value[member] : undefined)},`
  return key
}

/** A key for each message that these matches, and these members as a whole, can tell from others. */
export function projection(
  matches: Iterable<Match>,
  whole: Iterable<string> = [],
): (value: Json | undefined) => string {
  const look = nothing()
  for (const match of matches) add(look, match)
  for (const member of whole) add(look, { [member]: '' })
  return value => keyOf(look, value)
}
