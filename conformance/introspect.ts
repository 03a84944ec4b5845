/**
 * What of QMP the reference endpoint knows besides the rules: the part of the
 * schema that speaks of their commands and events, and the parameters as they
 * are at first.  The data is in `spec/qmp/`, printed by `scripts/qmp.ts`.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isObject, type Members } from '../impl/frames.ts'
import type { Json } from '../spec/lang.ts'

/** An entry of `query-qmp-schema`. */
export type SchemaEntry = Members & { readonly name: string; readonly 'meta-type': string }

/** What is answered without a rule. */
export const besides = [
  'qmp_capabilities',
  'query-commands',
  'query-version',
  'query-qmp-schema',
  'query-name',
  'query-uuid',
  'query-kvm',
  'query-target',
  'query-yank',
  'query-chardev',
  'query-cpus-fast',
  'query-hotpluggable-cpus',
  'query-block',
  'query-named-block-nodes',
  'query-iothreads',
  'qom-list',
  'qom-get',
] as const

/** The types that an entry names, each where it stands; `rename` puts others there. */
function renamed(entry: SchemaEntry, rename: (type: string) => string): SchemaEntry {
  const inner = (value: Json): Json =>
    Array.isArray(value)
      ? (value as readonly Json[]).map(inner)
      : isObject(value) && typeof value.type === 'string'
        ? { ...value, type: rename(value.type) }
        : value
  const types = ['arg-type', 'ret-type', 'element-type'].flatMap(part => {
    const type = entry[part]
    return typeof type === 'string' ? [[part, rename(type)] as const] : []
  })
  const lists = ['members', 'variants'].flatMap(part => {
    const list = entry[part]
    return list === undefined || entry['meta-type'] === 'enum' ? [] : [[part, inner(list)] as const]
  })
  return tidy({ ...entry, ...Object.fromEntries([...types, ...lists]) }) as SchemaEntry
}

/** Members in one order, whoever printed them. */
function tidy(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(tidy)
  if (!isObject(value)) return value
  const rank = (name: string) => ['name', 'meta-type', 'case', 'type', 'default'].indexOf(name) + 1 || 9
  const members = Object.entries(value).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, inner]) => [name, tidy(inner)]))
}

const isType = (entry: SchemaEntry): boolean => !['command', 'event'].includes(entry['meta-type'])

/** The entries of these commands and events, and of every type that they need; types that had numbers get new ones. */
export function pruned(schema: readonly SchemaEntry[], names: ReadonlySet<string>): SchemaEntry[] {
  const types = new Map(schema.filter(isType).map(entry => [entry.name, entry]))
  const wanted = schema.filter(entry => !isType(entry) && names.has(entry.name))
  const called = new Map<string, string>()
  const queue: SchemaEntry[] = []
  let count = 0
  const rename = (type: string): string => {
    const known = called.get(type)
    if (known !== undefined) return known
    const entry = types.get(type)
    // An array of numbers is called by the number in brackets.
    const [, element] = /^\[(.+)\]$/.exec(type) ?? []
    const name = element !== undefined ? `[${rename(element)}]` : /^\d+$/.test(type) ? String(count++) : type
    called.set(type, name)
    if (entry !== undefined) queue.push({ ...entry, name })
    return name
  }
  const done = wanted.map(entry => renamed(entry, rename))
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) done.push(renamed(next, rename))
  return done
}

/** What a release's QMP looks like. */
export interface Introspection {
  readonly schema: readonly SchemaEntry[]
  /** `query-migrate-parameters` before anybody has set one. */
  readonly parameters: Members
}

const read = new Map<string, Introspection>()

/** Of a release that has rules. */
export function introspectionOf(release: string): Introspection {
  let found = read.get(release)
  if (found === undefined) {
    const file = join(import.meta.dirname, `../spec/qmp/${release}.json`)
    found = JSON.parse(readFileSync(file, 'utf8')) as Introspection
    read.set(release, found)
  }
  return found
}

/** The members of what a command returns, or of one of its members. */
export function membersOf(release: string, command: string, ...path: readonly string[]): ReadonlySet<string> {
  const { schema } = introspectionOf(release)
  const find = (name: Json | undefined): SchemaEntry | undefined => {
    const entry = schema.find(one => one.name === name)
    // Of an array it is those of its elements.
    return entry?.['element-type'] === undefined ? entry : find(entry['element-type'])
  }
  const members = (type: Json | undefined) => {
    const list = find(type)?.members
    return Array.isArray(list) ? (list as readonly Members[]) : []
  }
  const type = path.reduce<Json | undefined>(
    (from, name) => members(from).find(member => member.name === name)?.type,
    find(command)?.['ret-type'],
  )
  return new Set(members(type).map(({ name }) => String(name)))
}
