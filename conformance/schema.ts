/**
 * Whether the spec and a real binary mean the same by their names: QAPI's
 * enumerations, value by value, and each command, event and member that a rule
 * names, against what `query-qmp-schema` returns.
 *
 * The schema hides the names of types, so an enumeration is found by where it
 * is used.
 */
import { isIn } from '../impl/flat.ts'
import type { Reach } from '../impl/reach.ts'
import type { Json, Match } from '../spec/lang.ts'
import type { Enumeration, Found } from '../spec/qapi.ts'
import { isObject } from './json.ts'

type Entry = { readonly [member: string]: Json }

/** What `query-qmp-schema` returned, by name. */
export class Schema {
  private readonly entries = new Map<string, Entry>()

  /** @throws Error when it is no schema */
  constructor(returned: Json) {
    if (!Array.isArray(returned)) throw new Error('query-qmp-schema returned no list')
    for (const entry of returned as readonly Json[]) {
      if (!isObject(entry) || typeof entry.name !== 'string') throw new Error('query-qmp-schema returned an odd entry')
      // A type may have the name of a command: types are numbered, commands and events are not.
      this.entries.set(entry.name, entry as Entry)
    }
  }

  /** The type of what a command takes or returns, or of what an event carries; undefined when there is no such. */
  typeOf(kind: 'command' | 'event', name: string, part: 'arg-type' | 'ret-type' = 'arg-type'): string | undefined {
    const entry = this.entries.get(name)
    const type = entry?.[part]
    return entry?.['meta-type'] === kind && typeof type === 'string' ? type : undefined
  }

  has(kind: 'command' | 'event', name: string): boolean {
    return this.entries.get(name)?.['meta-type'] === kind
  }

  /** A type, or what an array of it holds. */
  private element(type: string): Entry | undefined {
    const entry = this.entries.get(type)
    const inner = entry?.['element-type']
    return typeof inner === 'string' ? this.element(inner) : entry
  }

  /** The types that a member of a type can have; none when there is no such member. */
  members(type: string, name: string): string[] {
    const entry = this.element(type)
    const parts = (list: Json | undefined): readonly Json[] => (Array.isArray(list) ? (list as readonly Json[]) : [])
    const own = parts(entry?.members).flatMap(member =>
      isObject(member) && member.name === name && typeof member.type === 'string' ? [member.type] : [],
    )
    // What is there for some value of a tag only, or as one of several types.
    const variants = parts(entry?.variants).flatMap(one =>
      isObject(one) && typeof one.type === 'string' ? this.members(one.type, name) : [],
    )
    const others = entry?.['meta-type'] === 'alternate' ? parts(entry.members) : []
    const either = others.flatMap(one =>
      isObject(one) && typeof one.type === 'string' ? this.members(one.type, name) : [],
    )
    return [...own, ...variants, ...either]
  }

  /** The values of an enumeration; undefined for another type. */
  values(type: string): string[] | undefined {
    const entry = this.element(type)
    if (entry?.['meta-type'] !== 'enum' || !Array.isArray(entry.values)) return undefined
    return (entry.values as readonly Json[]).map(String)
  }
}

const placeOf = ({ command, event, members }: Found): string => `${command ?? event}'s ${members.join('.')}`

/** The values that the schema has at a place; undefined when there is no enumeration. */
export function valuesAt(schema: Schema, found: Found): string[] | undefined {
  const { command, event, members } = found
  const start =
    command === undefined
      ? schema.typeOf('event', event ?? '')
      : schema.typeOf('command', command, found.arguments ? 'arg-type' : 'ret-type')
  const types = members.reduce(
    (some, member) => some.flatMap(type => schema.members(type, member)),
    start === undefined ? [] : [start],
  )
  return types.map(type => schema.values(type)).find(values => values !== undefined)
}

/** What one enumeration of the spec and one of a binary of a release have, and the other has not. */
function valueProblems(schema: Schema, { name, values, found }: Enumeration, version: string): string[] {
  const known = values.filter(value => isIn(version, value)).map(value => value.name)
  return found.flatMap(place => {
    const real = valuesAt(schema, place)
    if (real === undefined) return [`${placeOf(place)} is no enumeration, where ${name} should be`]
    return [
      ...real.filter(value => !known.includes(value)).map(value => `${name}: the spec does not know "${value}"`),
      ...known.filter(value => !real.includes(value)).map(value => `${name}: the binary does not know "${value}"`),
    ]
  })
}

/** What a match names that a type has not. */
function matchProblems(schema: Schema, match: Match, type: string, where: string): string[] {
  if (Array.isArray(match)) return match.flatMap(one => matchProblems(schema, one, type, where))
  if (typeof match === 'string') {
    const values = schema.values(type)
    return values === undefined || values.includes(match) ? [] : [`${where} cannot be "${match}"`]
  }
  if (!isObject(match)) return []
  return Object.entries(match).flatMap(([name, inner]) => {
    // What must not be there need not be possible.
    if (name === '$like' || isBarred({ [name]: null })) return []
    if (name.startsWith('$')) return matchProblems(schema, inner as Match, type, where)
    const types = schema.members(type, name)
    if (types.length === 0) return isBarred(inner as Match) ? [] : [`${where} has no member "${name}"`]
    // One of several types is enough.
    const each = types.map(one => matchProblems(schema, inner as Match, one, `${where}.${name}`))
    return each.some(found => found.length === 0) ? [] : (each[0] ?? [])
  })
}

/** Whether a match holds of a member that is not there. */
const isBarred = (match: Match): boolean =>
  isObject(match) && ['$absent', '$not', '$unlike'].some(name => name in match)

/** What the rules of a release that can be taken name, and a binary of it has not. */
function ruleProblems(schema: Schema, { flat, where, taken }: Reach): string[] {
  // A command that the spec knows to be left out of some builds may be missing.
  const spared = new Set(
    flat.rules.flatMap(({ rule: { on, says = [] } }) =>
      on !== undefined && 'command' in on && says.some(one => 'fails' in one && one.class === 'CommandNotFound')
        ? [on.command]
        : [],
    ),
  )
  const commandProblems = (name: string): string[] =>
    schema.has('command', name) || spared.has(name) ? [] : [`there is no command ${name}`]
  const returnProblems = (command: string, match: Match): string[] => {
    const type = schema.typeOf('command', command, 'ret-type')
    return type === undefined ? [] : matchProblems(schema, match, type, `what ${command} returns`)
  }
  const rows = Map.groupBy(flat.rows, row => row.rule)
  const real = flat.rules.filter(one => rows.get(one)?.some(taken))
  const rules = real.flatMap(({ rule }) => {
    const { on, says = [] } = rule
    const asked = on !== undefined && 'command' in on ? on : undefined
    const takes = asked === undefined ? undefined : schema.typeOf('command', asked.command)
    // Who asks for what the schema does not have is refused by it.
    const refused = says.some(one => 'fails' in one)
    return [
      ...(asked === undefined ? [] : commandProblems(asked.command)),
      ...(asked?.arguments === undefined || takes === undefined || refused
        ? []
        : matchProblems(schema, asked.arguments, takes, asked.command)),
      ...(asked?.options === undefined || takes === undefined
        ? []
        : asked.options.names.flatMap(option =>
            matchProblems(
              schema,
              { [asked.options?.list ?? '']: [{ [asked.options?.key ?? '']: option }] },
              takes,
              asked.command,
            ),
          )),
      ...says.flatMap(one => {
        if ('returns' in one) return asked === undefined ? [] : returnProblems(asked.command, one.returns)
        if (!('event' in one)) return []
        if (!schema.has('event', one.event)) return [`there is no event ${one.event}`]
        return matchProblems(schema, one.data, schema.typeOf('event', one.event) ?? '', one.event)
      }),
    ]
  })
  const queries = flat.queries.flatMap(({ command, tables }) => [
    ...commandProblems(command),
    ...tables
      .flat()
      .filter(({ cells }) => cells.every(({ variable }) => where(cells, variable) !== 0))
      .flatMap(({ match }) => returnProblems(command, match)),
  ])
  return [...rules, ...queries]
}

/** Everything in which the spec, under a release, and a binary of it differ; each once. */
export function schemaProblems(schema: Schema, enumerations: readonly Enumeration[], found: Reach): string[] {
  return [
    ...new Set([
      ...enumerations.flatMap(one => valueProblems(schema, one, found.flat.version)),
      ...ruleProblems(schema, found),
    ]),
  ]
}
