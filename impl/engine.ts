/**
 * Rows sorted by what sets them off, over packed states: what a reference runs on.
 *
 * A flattened system is prepared once, however many references run it.
 */
import type { Json, Options, Pattern } from '../spec/lang.ts'
import type { Cell, Flat, FlatQuery, Row } from './flat.ts'
import { isObject } from './frames.ts'
import { example, matches } from './match.ts'
import { SpecError } from './move.ts'
import { anyOf, cellsOf, decode, type Field, type Packed, pack, read, type Step } from './pack.ts'

/** The rows of one rule that a command sets off, by the options they set. */
interface Answerer {
  readonly rows: readonly Row[]
  readonly options: Options | undefined
  readonly byOptions: ReadonlyMap<string, readonly Row[]>
}

/** Arguments that name options in a way that no list of options has. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError'
}

const keyOf = (set: Iterable<readonly [string, string]>): string =>
  JSON.stringify([...set].sort(([a], [b]) => (a < b ? -1 : 1)))

const prepared = new WeakMap<Flat, Engine>()

/** What a reference needs of a flattened system; see `Engine.of`. */
export class Engine {
  readonly packed: Packed
  /** Rows that their actor takes by itself and will not put off for ever. */
  readonly owed: Step
  /** Rows that nobody asks for and nobody owes. */
  readonly may: Step
  private readonly answerers = new Map<string, Answerer[]>()
  private readonly faults = new Map<string, Row[]>()
  private readonly queries = new Map<string, FlatQuery[]>()
  private readonly names = new Map<string, Set<string>>()
  /** `side/command` of those that may be sent out of band. */
  private readonly overtaking = new Set<string>()

  private constructor(flat: Flat) {
    const byRule = new Map<string, Row[]>()
    const owed: Row[] = []
    const may: Row[] = []
    for (const side of flat.sides) this.names.set(side, new Set())
    for (const row of flat.rows) {
      const { cause } = row
      if (cause?.kind === 'command') {
        this.names.get(cause.side)?.add(cause.name)
        if (cause.oob === true) this.overtaking.add(`${cause.side}/${cause.name}`)
        push(byRule, row.rule.id, row)
      } else if (cause?.kind === 'fault') push(this.faults, `${cause.side}/${cause.name}`, row)
      else (row.owed ? owed : may).push(row)
    }
    for (const rows of byRule.values()) {
      const cause = rows[0]?.cause
      if (cause?.kind !== 'command') continue
      const byOptions = new Map<string, Row[]>()
      for (const row of rows) {
        if (row.cause?.kind === 'command') push(byOptions, keyOf(Object.entries(row.cause.options?.set ?? {})), row)
      }
      push(this.answerers, `${cause.side}/${cause.name}`, { rows, options: cause.options?.options, byOptions })
    }
    for (const query of flat.queries) {
      this.names.get(query.side)?.add(query.command)
      push(this.queries, `${query.side}/${query.command}`, query)
    }
    // Step functions are generated code; each engine compiles the rows that it polls, and no others.
    this.packed = pack({ ...flat, rows: owed })
    this.owed = this.packed.step
    this.may = pack({ ...flat, rows: may }).step
  }

  /** The engine of a flattened system, made when first asked for. */
  static of(flat: Flat): Engine {
    let engine = prepared.get(flat)
    if (engine === undefined) {
      engine = new Engine(flat)
      prepared.set(flat, engine)
    }
    return engine
  }

  /** Whether a side's rules let this command be sent out of band. */
  overtakes(side: string, command: string): boolean {
    return this.overtaking.has(`${side}/${command}`)
  }

  /** The commands and queries of a side. */
  commands(side: string): ReadonlySet<string> {
    return this.names.get(side) ?? new Set()
  }

  /** The states it may start in, of those that fit a pattern.  Throws `SpecError` when none does. */
  starts(pattern: Pattern): Int32Array[] {
    const { starts, words } = this.packed
    const test = anyOf(this.packed, [cellsOf(this.packed.flat, pattern)])
    const found: Int32Array[] = []
    for (let at = 0; at < starts.length; at += words) if (test(starts, at)) found.push(starts.slice(at, at + words))
    if (found.length === 0)
      throw new SpecError(`${this.packed.flat.name} does not start like ${JSON.stringify(pattern)}`)
    return found
  }

  /** The rows that this command with these arguments may ever set off.  Throws `ArgumentError`. */
  rowsFor(side: string, command: string, given: Json): Row[] {
    return (this.answerers.get(`${side}/${command}`) ?? []).flatMap(({ rows, options, byOptions }) => {
      const cause = rows[0]?.cause
      if (cause?.kind !== 'command' || !matches(cause.arguments, given)) return []
      return options === undefined ? rows : (byOptions.get(keyOf(asked(options, given))) ?? [])
    })
  }

  /** The queries of this name; at most one is answered in a state. */
  queriesFor(side: string, command: string): readonly FlatQuery[] {
    return this.queries.get(`${side}/${command}`) ?? []
  }

  /** The rows that a fault may set off. */
  faultsFor(side: string, name: string): readonly Row[] {
    return this.faults.get(`${side}/${name}`) ?? []
  }

  /** Whether a state fits all of these cells. */
  holds(state: Int32Array, cells: readonly Cell[]): boolean {
    for (const { variable, from } of cells) {
      const field = this.packed.fields[variable]
      if (field === undefined || ((from >>> read(state, 0, field)) & 1) === 0) return false
    }
    return true
  }

  /** Moves a state as a row has it. */
  apply(state: Int32Array, row: Row): void {
    for (const { variable, to } of row.cells) {
      const field = this.packed.fields[variable]
      if (to >= 0 && field !== undefined) put(state, field, to)
    }
  }

  /** What a query answers in a state: the first match of each table, together. */
  answer(state: Int32Array, query: FlatQuery): Json {
    const parts = query.tables.map(table => {
      const row = table.find(({ cells }) => this.holds(state, cells))
      return row === undefined ? {} : (example(row.match) ?? {})
    })
    if (parts.length === 1) return parts[0] ?? {}
    return Object.fromEntries(parts.flatMap(part => (isObject(part) ? Object.entries(part) : [])))
  }

  /** What one variable is in a state.  Throws `SpecError` for a name that is not there. */
  valueOf(state: Int32Array, name: string): string {
    const variable = this.packed.flat.index.get(name) ?? -1
    const field = this.packed.fields[variable]
    const value = field && this.packed.flat.variables[variable]?.values[read(state, 0, field)]
    if (value === undefined) throw new SpecError(`there is no variable "${name}"`)
    return value
  }

  /** Has one variable of a state be something.  Throws `SpecError` for a name or a value that is not there. */
  write(state: Int32Array, name: string, value: string): void {
    const variable = this.packed.flat.index.get(name) ?? -1
    const field = this.packed.fields[variable]
    const to = this.packed.flat.variables[variable]?.values.indexOf(value) ?? -1
    if (field === undefined || to < 0) throw new SpecError(`there is no variable "${name}" that can be "${value}"`)
    put(state, field, to)
  }

  /** A state by names and values. */
  decode(state: Int32Array): Record<string, string> {
    return decode(this.packed, state)
  }
}

function put(state: Int32Array, { word, shift, mask }: Field, to: number): void {
  state[word] = ((state[word] ?? 0) & ~(mask << shift)) | (to << shift)
}

function push<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [item])
  else list.push(item)
}

/** The options that arguments mention, of those that the system knows; the last mention counts. */
function asked(options: Options, given: Json): ReadonlyMap<string, string> {
  const list = isObject(given) && Object.hasOwn(given, options.list) ? given[options.list] : undefined
  if (list === undefined) throw new ArgumentError(`Parameter '${options.list}' is missing`)
  if (!Array.isArray(list)) throw new ArgumentError(`Invalid parameter type for '${options.list}', expected: array`)
  const set = new Map<string, string>()
  for (const [i, item] of (list as readonly Json[]).entries()) {
    const here = `${options.list}[${i}]`
    if (!isObject(item)) throw new ArgumentError(`Invalid parameter type for '${here}', expected: object`)
    const name = Object.hasOwn(item, options.key) ? item[options.key] : undefined
    const value = Object.hasOwn(item, options.value) ? item[options.value] : undefined
    if (typeof name !== 'string') throw new ArgumentError(`Parameter '${here}.${options.key}' is missing`)
    if (typeof value !== 'boolean') throw new ArgumentError(`Parameter '${here}.${options.value}' is missing`)
    if (options.names.includes(name)) set.set(name, options.values[value ? 1 : 0])
  }
  return set
}
