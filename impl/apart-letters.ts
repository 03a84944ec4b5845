/**
 * What is seen of systems that are compared, as small numbers: one for each
 * thing that is sent to a monitor, said by one, or done to a process.
 */
import type { Json, Match } from '../spec/lang.ts'
import type { Cause, Output } from './flat.ts'
import { isObject } from './frames.ts'
import { matches } from './match.ts'

/** A command that is sent to a monitor. */
export type Command = Extract<Cause, { kind: 'command' }>

const special = (match: Match | undefined): readonly [string, Json] | undefined => {
  const [first, ...others] = isObject(match) ? Object.entries(match) : []
  return first !== undefined && others.length === 0 && first[0].startsWith('$')
    ? (first as readonly [string, Json])
    : undefined
}

const listOf = (value: Json): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : [])

/** Whether all that fits one match fits another, as far as that is plain to see: where in doubt, it does not. */
export function implies(some: Match | undefined, all: Match): boolean {
  if (JSON.stringify(some) === JSON.stringify(all)) return true
  const [wide, narrow] = [special(all), special(some)]
  if (narrow?.[0] === '$oneOf') return listOf(narrow[1]).every(choice => implies(choice, all))
  if (wide === undefined) {
    if (narrow !== undefined || some === undefined) return false
    if (Array.isArray(all))
      return listOf(all as Json).every(wanted => listOf(some as Json).some(item => implies(item, wanted)))
    if (!isObject(all) || !isObject(some)) return false
    return Object.entries(all).every(([member, wanted]) =>
      implies((some as { readonly [member: string]: Match })[member], wanted as Match),
    )
  }
  if (wide[0] === '$present') return some !== undefined && narrow?.[0] !== '$absent' && narrow?.[0] !== '$not'
  if (wide[0] === '$oneOf' && narrow === undefined) return listOf(wide[1]).some(choice => implies(some, choice))
  // Of what is a text or a number itself it can be tried.
  return some !== undefined && !isObject(some) && !Array.isArray(some) && matches(all, some as Json)
}

/** Whether a rule that is set off by one command is set off by all that are like another. */
export const covers = (general: Command, asked: Command): boolean =>
  general.side === asked.side &&
  general.name === asked.name &&
  (general.oob === true) === (asked.oob === true) &&
  (general.options === undefined || JSON.stringify(general.options) === JSON.stringify(asked.options)) &&
  // Arguments are members, whatever they are.
  (JSON.stringify(general.arguments) === '{}' || implies(asked.arguments, general.arguments))

/** The texts, numbers and truths that a match names, where it says no more than which of them it is, or is not; else nothing. */
function namedIn(match: Match): readonly Json[] | undefined {
  const [kind, given = null] = special(match) ?? []
  if (kind === '$absent' || kind === '$present') return []
  if (kind === '$not') return namedIn(given)
  if (kind === '$oneOf') {
    const parts = listOf(given).map(namedIn)
    return parts.some(part => part === undefined) ? undefined : parts.flatMap(part => part ?? [])
  }
  return kind !== undefined || isObject(match) || Array.isArray(match) ? undefined : [match as Json]
}

/** A value that no rule names. */
const UNNAMED = 'what no rule names'
/** More kinds of one command than this are not told apart. */
const KINDS = 40

/** The kinds of arguments that some matches tell apart, one of each; nothing where these cannot be listed. */
export function kindsOf(matched: readonly Match[]): readonly Json[] | undefined {
  const members = new Map<string, Set<Json>>()
  for (const match of matched) {
    if (!isObject(match) || special(match) !== undefined) return undefined
    for (const [member, wanted] of Object.entries(match)) {
      const named = namedIn(wanted as Match)
      if (named === undefined) return undefined
      members.set(member, new Set([...(members.get(member) ?? []), ...named]))
    }
  }
  let kinds: { readonly [member: string]: Json }[] = [{}]
  for (const [member, values] of members) {
    kinds = kinds.flatMap(kind => [kind, ...[...values, UNNAMED].map(value => ({ ...kind, [member]: value }))])
    if (kinds.length > 4096) return undefined
  }
  return kinds
}

/** Numbers what is seen; the same has the same number in all systems that are compared. */
export class Letters {
  private readonly known = new Map<string, number>()
  private readonly commands = new Map<number, Command>()
  private readonly covered = new Map<number, boolean>()
  private readonly kinds = new Map<string, readonly Json[] | undefined>()
  private readonly plain = new Set<number>()

  /** These are all commands that rules speak of. */
  constructor(commands: readonly Command[]) {
    for (const [name, some] of Map.groupBy(commands, ({ side, name }) => `${side} ${name}`)) {
      const matched = new Map(some.map(one => [JSON.stringify(one.arguments), one.arguments]))
      this.kinds.set(name, kindsOf([...matched.values()]))
    }
  }

  private of(text: string): number {
    const known = this.known.get(text) ?? this.known.size + 1
    this.known.set(text, known)
    return known
  }

  /** What a monitor is sent: any of the commands that are like this. */
  command(cause: Command): number {
    const letter = this.of(`-> ${JSON.stringify(cause)}`)
    this.commands.set(letter, cause)
    return letter
  }

  /** The kinds of a command that rules tell apart. */
  kindsOf(cause: Command): readonly number[] {
    const all = cause.options === undefined ? this.kinds.get(`${cause.side} ${cause.name}`) : undefined
    const kinds = all?.filter(kind => matches(cause.arguments, kind)) ?? []
    if (kinds.length < 2 || kinds.length > KINDS) return [this.command(cause)]
    return kinds.map(kind => {
      const letter = this.command({ ...cause, arguments: kind as Match })
      this.plain.add(letter)
      return letter
    })
  }

  /** The arguments of a command, where it is one of several kinds. */
  argumentsOf(letter: number): Json | undefined {
    return this.plain.has(letter) ? (this.commands.get(letter)?.arguments as Json) : undefined
  }

  /** The command of a letter; nothing where it is none. */
  commandOf(letter: number): Command | undefined {
    return this.commands.get(letter)
  }

  /** What is done to a process, or to the network between two. */
  fault(cause: Cause): number {
    return this.of(`!! ${JSON.stringify(cause)}`)
  }

  /** What is said.  The text of an error is for people, and no verdict is due to it. */
  output(output: Output): number {
    return this.of(`<- ${JSON.stringify(output.kind === 'fails' ? { ...output, desc: '' } : output)}`)
  }

  /** Some answer that was held back from before. */
  get earlier(): number {
    return this.of('an answer from before')
  }

  /** Whether a rule that is set off by one command is set off by another; see `covers`. */
  covers(general: number, asked: number): boolean {
    const key = general * 65_536 + asked
    const known = this.covered.get(key)
    if (known !== undefined) return known
    const [one, other] = [this.commands.get(general), this.commands.get(asked)]
    const found =
      one !== undefined &&
      other !== undefined &&
      (this.plain.has(asked)
        ? covers({ ...one, arguments: {} }, other) && matches(one.arguments, other.arguments as Json)
        : covers(one, other))
    this.covered.set(key, found)
    return found
  }
}
