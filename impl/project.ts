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
    const [kind, given] = first
    // What matches neither of two things, or one of them, is told apart by what tells those apart.
    if (kind === '$not') add(look, given as Match)
    else if (kind === '$oneOf' && Array.isArray(given)) for (const choice of given) add(look, choice as Match)
    else if (kind !== '$present' && kind !== '$absent') look.whole = true
    return
  }
  look.members ??= new Map()
  for (const [member, wanted] of Object.entries(match)) {
    const inner = look.members.get(member) ?? nothing()
    look.members.set(member, inner)
    add(inner, wanted as Match)
  }
}

/** A value of which all is looked at. */
const spelt = (value: Json): string => (typeof value === 'string' ? `"${value}"` : JSON.stringify(value))

/** What a key is made of, as code; `value` names where it is. */
function keyCode(look: Look, value: string): string {
  if (look.whole) return `(${value} === undefined ? '-' : spelt(${value}))`
  if (look.members === undefined) return `(${value} === undefined ? '-' : '+')`
  const parts = [...look.members].map(([member, inner]) => {
    const name = JSON.stringify(member)
    // What every object inherits is no member of it.
    const found = member in Object.prototype ? `(Object.hasOwn(o, ${name}) ? o[${name}] : undefined)` : `o[${name}]`
    return `${keyCode(inner, 'v').replace(/^/, `(v = ${found}, `)} + ',')`
  })
  return `(${value} === undefined ? '-' : isObject(${value}) ? ((o, v) => ${["'{'", ...parts].join(' + ')})(${value}) : '!')`
}

/** A key for each message that these matches, and these members as a whole, can tell from others. */
export function projection(
  matches: Iterable<Match>,
  whole: Iterable<string> = [],
): (value: Json | undefined) => string {
  const look = nothing()
  for (const match of matches) add(look, match)
  for (const member of whole) add(look, { [member]: '' })
  const make = new Function('spelt', 'isObject', `return value => ${keyCode(look, 'value')}`)
  return make(spelt, isObject) as (value: Json | undefined) => string
}
