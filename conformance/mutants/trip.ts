/**
 * A run of a system, step by step, written down as the recorder would have:
 * the reference without sockets, timers and chance, for as many runs as there are mutants.
 */
import { Chance } from '../../impl/chance.ts'
import type { Cause, Output, Row } from '../../impl/flat.ts'
import { isIn } from '../../impl/flat.ts'
import { example, matches } from '../../impl/match.ts'
import { anyOf, decode, type Packed, type Test } from '../../impl/pack.ts'
import type { Json, Machine, Match, Pattern, Query } from '../../spec/lang.ts'
import { isObject, type JsonObject } from '../json.ts'
import type { Direction, Line, Side, Transcript } from '../transcript.ts'

/** Texts for arguments of which a rule says only what they look like. */
const texts = ['exec:cat', 'unix:/nobody', 'rdma:x', 'nonsense']

/** Arguments that a match fits: its own example, or, where that says what a text looks like, one that does. */
function plainly(match: Match): JsonObject {
  const plain = example(match)
  const base = isObject(plain) ? plain : {}
  if (matches(match, base)) return base
  const members = Object.keys(isObject(match) ? match : {})
  const others = members.flatMap(member => texts.map(text => ({ ...base, [member]: text })))
  return others.find(one => matches(match, one)) ?? base
}

/** The elements that lists may hold, as some match speaks of them anywhere in it. */
function elementsOf(match: Match): Json[] {
  if (Array.isArray(match)) return (match as readonly Json[]).flatMap(variants)
  return isObject(match) ? Object.values(match).flatMap(value => (value === undefined ? [] : elementsOf(value))) : []
}

/** Examples of what an element is: one for each choice that it leaves, or those that are spoken of within. */
function variants(match: Json): Json[] {
  if (!isObject(match)) return [match]
  const given = example(match)
  const whole = given !== undefined && matches(match, given) ? [given] : []
  const choices = Object.entries(match).flatMap(([member, value]) =>
    isObject(value) && Array.isArray(value.$oneOf)
      ? value.$oneOf.flatMap(choice => variants({ ...match, [member]: choice } as Json))
      : [],
  )
  return choices.length > 0 ? choices : [...whole, ...elementsOf(match)]
}

/** So many of them at most, in every way, the fewest first. */
function someOf(from: readonly Json[], most: number): Json[][] {
  const sets: Json[][] = [[]]
  let last: Json[][] = [[]]
  for (let size = 1; size <= most; size++) {
    last = last.flatMap(set =>
      from.slice(set.length === 0 ? 0 : from.indexOf(set.at(-1) ?? null) + 1).map(one => [...set, one]),
    )
    sets.push(...last)
  }
  return sets
}

const fitting = new Map<string, readonly Json[][]>()

/** Some lists that fit what a match says of them, the shortest first. */
function listsOf(match: Match, member: string): readonly Json[][] {
  const key = JSON.stringify(match)
  const known = fitting.get(key)
  if (known !== undefined) return known
  const base = plainly(match)
  const all = someOf(elementsOf(match).slice(0, 24), 3)
  const found = all.filter(some => matches(match, { ...base, [member]: some } as Json)).slice(0, 8)
  fitting.set(key, found)
  return found
}

/** The arguments that set a row off; nothing where none are found. */
function given(cause: Extract<Cause, { kind: 'command' }>): JsonObject | undefined {
  const base = plainly(cause.arguments)
  const { options, set } = cause.options ?? {}
  const list = Object.entries(set ?? {}).map(([option, value]) => ({
    [options?.key ?? '']: option,
    [options?.value ?? '']: value === options?.values[1],
  }))
  const member = options?.list ?? 'capabilities'
  const others = base[member]
  const plain =
    options === undefined ? base : { ...base, [member]: [...list, ...(Array.isArray(others) ? others : [])] }
  if (matches(cause.arguments, plain as Json)) return plain as JsonObject
  return listsOf(cause.arguments, member)
    .map(some => ({ ...base, [member]: [...list, ...some] }) as JsonObject)
    .find(one => matches(cause.arguments, one))
}

const asked = new Map<string, JsonObject | undefined>()

/** The same, found once for each cause. */
function argumentsOf(cause: Extract<Cause, { kind: 'command' }>): JsonObject | undefined {
  const key = JSON.stringify(cause)
  if (!asked.has(key)) asked.set(key, given(cause))
  return asked.get(key)
}

/** Whether the values of a side's variables fit a pattern; what is not there is at its first value. */
function fits(state: Readonly<Record<string, string>>, side: string, machine: Machine, pattern: Pattern): boolean {
  return Object.entries(pattern).every(([name, condition]) => {
    const value = state[`${side}.${name}`] ?? state[name] ?? machine.variables[name]?.[0] ?? ''
    if (typeof condition === 'string')
      return condition.startsWith('!') ? value !== condition.slice(1) : value === condition
    return condition === undefined || condition.includes(value)
  })
}

/** A system that takes steps, and the transcript of it. */
export class Trip {
  readonly packed: Packed
  readonly words: Int32Array
  readonly lines: Line[] = []
  private readonly next: Int32Array
  private readonly chance: Chance
  private readonly queries: Machine
  private readonly mayAnswer: readonly Test[]
  /** For each side, answers that the rules hold back. */
  private readonly held: { side: string; msg: JsonObject }[] = []
  private asked = 0
  /** Commands that nobody answered. */
  readonly unanswered: { readonly side: Side; readonly id: string }[] = []

  /** Begins in a packed state. */
  constructor(packed: Packed, start: Int32Array, queries: Machine, seed: number) {
    this.packed = packed
    this.words = start.slice()
    this.next = new Int32Array(packed.words)
    this.chance = new Chance(seed)
    this.queries = queries
    this.mayAnswer = packed.flat.answered.map(cells => anyOf(packed, [cells]))
  }

  /** The transcript so far. */
  transcript(file: string): Transcript {
    const { version, sides } = this.packed.flat
    const qemu = Object.fromEntries(sides.map(side => [side, `${version}.0`]))
    return { file, header: { lockstep: 1, qemu, faults: 'listed' }, lines: this.lines }
  }

  /** The rows that may be taken now. */
  enabled(): Row[] {
    const rows: Row[] = []
    this.packed.step(this.words, 0, this.next, id => {
      const row = this.packed.flat.rows[id]
      // What nobody knows how to ask for is not asked for.
      if (row !== undefined && (row.cause?.kind !== 'command' || argumentsOf(row.cause) !== undefined)) rows.push(row)
    })
    return rows
  }

  /** Takes a row that may be taken now; its command has these arguments, where it matters which. */
  take(row: Row, args?: JsonObject): void {
    let found = false
    this.packed.step(this.words, 0, this.next, id => {
      if (found || id !== row.id) return
      found = true
      this.words.set(this.next)
    })
    if (!found) throw new Error(`"${row.rule.id}" cannot be taken now`)
    const { cause } = row
    let id = ''
    if (cause?.kind === 'command') id = this.write(cause, args)
    if (cause?.kind === 'fault') this.say((cause.side || 'src') as Side, '!!', { fault: cause.name })
    for (const output of row.outputs) this.show(output, id, cause)
    this.flush()
  }

  /** Takes steps that are owed until none is, or so many; whether all is quiet then. */
  settle(limit = 160): boolean {
    let shown = 0
    for (let n = 0; n < limit; n++) {
      const row = this.chance.of(this.enabled().filter(({ owed }) => owed))
      if (row === undefined) return true
      const before = this.lines.length
      this.take(row)
      if (this.lines.length > before) shown = n
    }
    // Whoever goes round and round and shows nothing is as quiet as one that stands still.
    return limit - shown > 80
  }

  /** Takes any steps, so many at most; seldom one that ends a process. */
  wander(steps: number): void {
    for (let n = 0; n < steps; n++) {
      const all = this.enabled()
      const mild = all.filter(({ outputs }) => !outputs.some(({ kind }) => kind === 'exits'))
      const owed = mild.filter(row => row.owed)
      const row = this.chance.of(owed.length > 0 && this.chance.below(4) > 0 ? owed : mild) ?? this.chance.of(all)
      if (row === undefined) return
      this.take(row)
    }
  }

  /** Sends what a row is set off by, though it may not be taken now. */
  ask(cause: Extract<Cause, { kind: 'command' }>, args?: JsonObject): void {
    const id = this.write(cause, args)
    this.unanswered.push({ side: cause.side as Side, id })
  }

  /** Asks every living side how it is. */
  probe(): void {
    const state = decode(this.packed, this.words)
    for (const side of this.packed.flat.sides) {
      if (state[`${side}.process`] === 'gone' || this.unanswered.some(one => one.side === side)) continue
      for (const query of this.queries.queries) this.query(state, side, query)
    }
  }

  /** Nothing more comes. */
  quiet(): void {
    for (const { side, id } of this.unanswered) this.say(side, '!!', { unanswered: id, seconds: 5 })
    if (this.unanswered.length === 0) this.say('src', '!!', { quiet: 1 })
  }

  private query(state: Readonly<Record<string, string>>, side: string, query: Query): void {
    const { version } = this.packed.flat
    if (!isIn(version, query) || !fits(state, side, this.queries, query.where)) return
    const parts = query.tables.map(table => {
      const row = table.find(([pattern]) => fits(state, side, this.queries, pattern))
      return row === undefined ? {} : (example(row[1]) ?? {})
    })
    const answer = parts.length === 1 ? (parts[0] ?? {}) : Object.assign({}, ...parts)
    const id = this.number()
    this.say(side as Side, '->', { execute: query.command, id })
    this.say(side as Side, '<-', { return: answer as Json, id } as JsonObject)
  }

  private number(): string {
    this.asked += 1
    return `mutant-${this.asked}`
  }

  private write(cause: Extract<Cause, { kind: 'command' }>, args?: JsonObject): string {
    const id = this.number()
    this.say(cause.side as Side, '->', {
      [cause.oob === true ? 'exec-oob' : 'execute']: cause.name,
      arguments: args ?? argumentsOf(cause) ?? {},
      id,
    })
    return id
  }

  private show(output: Output, id: string, cause: Cause | undefined): void {
    const side = output.side as Side
    if (output.kind === 'event') {
      const data = example(output.data) ?? {}
      const timestamp = { seconds: 1, microseconds: this.lines.length }
      this.say(side, '<-', { timestamp, event: output.name, data } as JsonObject)
    } else if (output.kind === 'returns') {
      this.answer(side, { return: example(output.match) ?? {}, id } as JsonObject, cause)
    } else if (output.kind === 'fails') {
      this.answer(side, { error: { class: output.class, desc: output.desc }, id }, cause)
    } else if (output.kind === 'exits') {
      const by = cause?.kind === 'fault' && cause.name === 'kill' ? 'harness' : 'self'
      const signal = output.code === null ? (by === 'harness' ? 'SIGKILL' : 'SIGABRT') : null
      this.say(side, '!!', { exit: { code: output.code, signal, by } })
    }
  }

  private answer(side: Side, msg: JsonObject, cause: Cause | undefined): void {
    const free = this.mayAnswer[this.packed.flat.sides.indexOf(side)]
    if (free === undefined || free(this.words, 0) || (cause?.kind === 'command' && cause.oob === true))
      this.say(side, '<-', msg)
    else this.held.push({ side, msg })
  }

  private flush(): void {
    for (const one of [...this.held]) {
      const free = this.mayAnswer[this.packed.flat.sides.indexOf(one.side)]
      if (free?.(this.words, 0) !== true) continue
      this.held.splice(this.held.indexOf(one), 1)
      this.say(one.side as Side, '<-', one.msg)
    }
  }

  private say(side: Side, dir: Direction, msg: JsonObject): void {
    this.lines.push({ line: this.lines.length + 2, t: this.lines.length / 1000, side, dir, msg })
  }
}
