/**
 * Reads one move: `a`, `!a`, `[a, b]`, `a -> b`, `-> b`, `a ~> b`.
 *
 * Values are numbered in the order in which a machine lists them, and a set of
 * values is the number whose bits are those numbers; hence at most 31 values.
 */
import type { Json } from '../spec/lang.ts'

/** One way a move can go: the values it may start from as bits, and the value it ends at, or -1 when it stays. */
export interface Step {
  readonly from: number
  readonly to: number
}

/** Rules that cannot be read: names the rule, or the system, and what is wrong with it. */
export class SpecError extends Error {
  override readonly name = 'SpecError'
}

const indexOf = (value: string, values: readonly string[]): number => {
  const index = values.indexOf(value)
  if (index < 0) throw new SpecError(`there is no value "${value}"; there are ${values.join(', ')}`)
  return index
}

/** All values of a variable, as bits. */
export const everything = (values: readonly string[]): number => 2 ** values.length - 1

/** The values that a condition allows, as bits.  Throws `SpecError` for a value that is not there. */
export function readCondition(condition: Json | undefined, values: readonly string[]): number {
  if (condition === undefined) return everything(values)
  if (Array.isArray(condition)) {
    return condition.reduce<number>((bits, value) => bits | (1 << indexOf(String(value), values)), 0)
  }
  const text = String(condition)
  if (text.includes('>')) throw new SpecError(`"${text}" moves; here only a condition can stand`)
  if (text.startsWith('!')) return everything(values) & ~(1 << indexOf(text.slice(1), values))
  return 1 << indexOf(text, values)
}

/**
 * The ways a move can go, one for most, two for `a ~> b`.
 * Throws `SpecError` for a value or an arrow that is not there.
 */
export function readMove(move: Json | undefined, values: readonly string[]): readonly Step[] {
  if (typeof move !== 'string') return [{ from: readCondition(move, values), to: -1 }]
  const arrow = /^(?:(.+) )?([-~])> (.+)$/.exec(move)
  if (arrow === null) return [{ from: readCondition(move, values), to: -1 }]
  const [, before, kind, after] = arrow
  const to = indexOf(after ?? '', values)
  if (before === undefined) {
    if (kind === '~') throw new SpecError(`"${move}" compares with nothing; write "-> ${after}"`)
    return [{ from: everything(values), to }]
  }
  const from = 1 << indexOf(before, values)
  if (kind === '-') return [{ from, to }]
  const others = everything(values) & ~from
  return others === 0
    ? [{ from, to }]
    : [
        { from, to },
        { from: others, to: -1 },
      ]
}

/** The values in a set of bits, in order. */
export const namesOf = (bits: number, values: readonly string[]): string[] =>
  values.filter((_, index) => (bits & (1 << index)) !== 0)

/** A set of bits as a person would write it: `a`, `!a`, or `a or b`. */
export function printBits(bits: number, values: readonly string[]): string {
  const names = namesOf(bits, values)
  if (names.length === values.length) return 'anything'
  const missing = values.filter(value => !names.includes(value))
  if (missing.length === 1 && names.length > 1) return `!${missing[0]}`
  return names.join(' or ')
}
