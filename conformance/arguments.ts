/**
 * Holds a command's arguments against the schema, in the words of QEMU's visitor
 * (`qapi/qobject-input-visitor.c`), which looks at them before the command is called.
 */

import { isObject, type Members } from '../impl/frames.ts'
import type { Json } from '../spec/lang.ts'
import type { SchemaEntry } from './introspect.ts'

type Parameter = { readonly name: string; readonly type: string; readonly default?: Json }

interface Builtin {
  readonly expected: string
  readonly empty: Json
  readonly fits: (value: Json) => boolean
}

const builtins: { readonly [json: string]: Builtin } = {
  string: { expected: 'string', empty: '', fits: value => typeof value === 'string' },
  boolean: { expected: 'boolean', empty: false, fits: value => typeof value === 'boolean' },
  int: { expected: 'integer', empty: 0, fits: Number.isInteger },
  number: { expected: 'number', empty: 0, fits: value => typeof value === 'number' },
  null: { expected: 'null', empty: null, fits: value => value === null },
}

/** Where all integers are unsigned: the schema does not say so, and the visitor has another word for it. */
const unsigned = 'migrate-set-parameters'

/** Checks arguments; the schema is read once. */
export class Arguments {
  private readonly entries: ReadonlyMap<string, SchemaEntry>
  /** Whether the arguments at hand are those of `unsigned`. */
  private unsigned = false

  constructor(schema: readonly SchemaEntry[]) {
    this.entries = new Map(schema.map(entry => [entry.name, entry]))
  }

  /** What is wrong with the arguments of a command, or nothing; of one that the schema has not, nothing is. */
  problemOf(command: string, given: Members): string | undefined {
    const entry = this.entries.get(command)
    if (entry?.['meta-type'] !== 'command') return undefined
    this.unsigned = command === unsigned
    return this.object(String(entry['arg-type']), given, '')
  }

  /** What is wrong with what a command returns, or with the data of an event, in the same words. */
  problemOfAnswer(name: string, given: Json): string | undefined {
    const entry = this.entries.get(name)
    return this.value(String(entry?.[entry['meta-type'] === 'command' ? 'ret-type' : 'arg-type']), given, name)
  }

  /** An answer with what the schema wants of it and nobody has said: false, 0 or an empty text. */
  filled(command: string, given: Json): Json {
    if (!isObject(given)) return given
    const missing = this.members(String(this.entries.get(command)?.['ret-type']), given).flatMap(
      ({ name, type, default: optional }) => {
        const empty = builtins[String(this.entries.get(type)?.['json-type'])]?.empty
        return optional !== undefined || Object.hasOwn(given, name) || empty === undefined
          ? []
          : [[name, empty] as const]
      },
    )
    return missing.length === 0 ? given : { ...given, ...Object.fromEntries(missing) }
  }

  private members(type: string, given: Members): Parameter[] {
    const { members, tag, variants }: Members = this.entries.get(type) ?? {}
    const own = (Array.isArray(members) ? members : []) as Parameter[]
    const value = typeof tag === 'string' ? given[tag] : undefined
    const cases = (Array.isArray(variants) ? variants : []) as { readonly case: string; readonly type: string }[]
    const chosen = cases.find(one => one.case === value)
    return chosen === undefined ? own : [...own, ...this.members(chosen.type, given)]
  }

  private object(type: string, given: Members, where: string): string | undefined {
    const members = this.members(type, given)
    for (const { name, type: inner, default: optional } of members) {
      const path = `${where}${name}`
      if (Object.hasOwn(given, name)) {
        const wrong = this.value(inner, given[name] ?? null, path)
        if (wrong !== undefined) return wrong
      } else if (optional === undefined) return `Parameter '${path}' is missing`
    }
    const extra = Object.keys(given).find(name => !members.some(member => member.name === name))
    return extra === undefined ? undefined : `Parameter '${where}${extra.slice(0, 100)}' is unexpected`
  }

  private value(type: string, given: Json, where: string): string | undefined {
    const entry = this.entries.get(type)
    const wrong = (expected: string) => `Invalid parameter type for '${where}', expected: ${expected}`
    switch (entry?.['meta-type']) {
      case 'builtin': {
        const builtin = builtins[String(entry['json-type'])]
        if (builtin === undefined || builtin.fits(given)) return undefined
        return this.unsigned && builtin === builtins.int
          ? `Parameter '${where}' expects uint64`
          : wrong(builtin.expected)
      }
      case 'enum': {
        if (typeof given !== 'string') return wrong('string')
        const values = Array.isArray(entry.values) ? (entry.values as readonly Json[]) : []
        return values.includes(given)
          ? undefined
          : `Parameter '${where.replace(/^.*\./, '')}' does not accept value '${given.slice(0, 100)}'`
      }
      case 'array': {
        if (!Array.isArray(given)) return wrong('array')
        for (const [i, one] of (given as readonly Json[]).entries()) {
          const problem = this.value(String(entry['element-type']), one, `${where}[${i}]`)
          if (problem !== undefined) return problem
        }
        return undefined
      }
      case 'object':
        return isObject(given) ? this.object(type, given, `${where}.`) : wrong('object')
      default:
        // One of several types: whoever uses it will say.
        return undefined
    }
  }
}
