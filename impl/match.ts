/**
 * Matches a message against what a rule says of it, and makes a message that matches.
 *
 * Schemas are open: a message may always have members that a match does not name.
 */
import type { Json, Match } from '../spec/lang.ts'

type Members = { readonly [member: string]: Json }

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const special = (match: Match): readonly [string, Json] | undefined => {
  if (!isObject(match)) return undefined
  const [first, ...others] = Object.entries(match)
  return first !== undefined && others.length === 0 && first[0].startsWith('$') ? first : undefined
}

/**
 * The first place where a value does not match, as `path: what was wanted`, or
 * undefined when all of it does.  `undefined` as a value means a member that is not there.
 */
export function mismatch(match: Match, value: Json | undefined, path = ''): string | undefined {
  const here = path === '' ? 'the message' : path
  const word = special(match)
  if (word !== undefined) {
    const [kind, given] = word
    if (kind === '$absent') return value === undefined ? undefined : `${here} should not be there`
    if (kind === '$present') return value === undefined ? `${here} should be there` : undefined
    if (kind === '$not')
      return value === undefined || mismatch(given, value) !== undefined
        ? undefined
        : `${here} should not be ${JSON.stringify(given)}`
    if (kind === '$like' || kind === '$unlike') {
      const fits = typeof value === 'string' && new RegExp(String(given), 'us').test(value)
      const wanted = kind === '$like' ? fits : typeof value === 'string' && !fits
      return wanted ? undefined : `${here} should ${kind === '$like' ? '' : 'not '}look like ${String(given)}`
    }
    const choices = Array.isArray(given) ? (given as readonly Json[]) : []
    if (choices.some(choice => value !== undefined && mismatch(choice, value) === undefined)) return undefined
    return `${here} should be one of ${choices.map(choice => JSON.stringify(choice)).join(', ')}`
  }
  if (Array.isArray(match)) {
    const items = Array.isArray(value) ? (value as readonly Json[]) : []
    const missing = (match as readonly Json[]).find(wanted => !items.some(item => mismatch(wanted, item) === undefined))
    return missing === undefined ? undefined : `${here} should hold ${JSON.stringify(missing)}`
  }
  if (isObject(match)) {
    if (!isObject(value)) return `${here} should be an object`
    for (const [member, wanted] of Object.entries(match)) {
      const found = Object.hasOwn(value, member) ? value[member] : undefined
      const wrong = mismatch(wanted, found, path === '' ? member : `${path}.${member}`)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
  return match === value ? undefined : `${here} should be ${JSON.stringify(match)}`
}

/** Whether a value matches; see `mismatch`. */
export const matches = (match: Match, value: Json | undefined): boolean => mismatch(match, value) === undefined

/** A value that matches: literals as they stand, the example of `present`, the first of `oneOf`. */
export function example(match: Match): Json | undefined {
  const word = special(match)
  if (word !== undefined) {
    const [kind, given] = word
    if (kind === '$absent' || kind === '$not') return undefined
    return kind === '$oneOf' && Array.isArray(given) ? example((given as readonly Json[])[0] ?? null) : given
  }
  if (Array.isArray(match)) return (match as readonly Json[]).map(item => example(item) ?? null)
  if (!isObject(match)) return match
  const members = Object.entries(match).flatMap(([member, wanted]) => {
    const value = example(wanted)
    return value === undefined ? [] : [[member, value] as const]
  })
  return Object.fromEntries(members)
}
