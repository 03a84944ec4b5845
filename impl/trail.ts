/**
 * What a program writes of itself while it runs: its own log, a line for each move of some variables.
 *
 * To whoever tracks states such a log is one more thing that is seen of a side,
 * beside its monitor: a step that moves what the log tells of can be taken only
 * where the next line says so, and shows itself nowhere else.  Each thread
 * writes its lines in the order of its steps; between two threads, and between
 * the log and the monitor, no order is known.
 */
import type { Flat } from './flat.ts'
import { type Field, type Packed, read } from './pack.ts'

/** A kind of line, and what it tells of: that one of these variables has moved, or that a message was sent or received. */
export interface Shown {
  readonly event: string
  /** Variables, in a side's own words. */
  readonly moves?: readonly string[]
  /** Whether the line names the value before as well. */
  readonly from?: true
  readonly sends?: readonly string[]
  readonly receives?: readonly string[]
  /** What a process may write before anybody can watch it, as `[from, to]`. */
  readonly opening?: readonly (readonly [string, string])[]
  /** Of rules, by name: what they write of this kind, in order, where that is not what they move. */
  readonly instead?: { readonly [rule: string]: readonly string[] }
  /** Of rules, by name: what they may write of this kind besides. */
  readonly may?: { readonly [rule: string]: readonly string[] }
}

/** A line: the value, or the message, that it names, and the value before where it does. */
export interface Noted {
  readonly event: string
  readonly from?: string
  readonly to: string
  /** Who wrote it. */
  readonly thread: string
  readonly line: number
}

/** The log of a side, whole. */
export interface Trail {
  readonly side: string
  readonly shown: readonly Shown[]
  readonly notes: readonly Noted[]
  /** How many steps may have been taken at the end of which the line was never written, since the process ended first. */
  readonly lost: number
}

/** What a row writes: one key, several in order, or one that depends on the value before. */
type Item =
  | { readonly keys: readonly number[]; readonly optional: boolean }
  | { readonly field: Field; readonly byOld: readonly number[] }

/** Nothing is written. */
const NONE = -1

/** How far a log has been read: a number for each state of reading it. */
export class Trace {
  readonly trail: Trail
  /** Where reading may begin. */
  readonly starts: readonly number[]
  /** How far the log was read where most of it was, for each thread. */
  furthest: readonly number[]
  private readonly keys = new Map<string, number>()
  private readonly streams: readonly (readonly number[])[]
  private readonly threads: readonly string[]
  private readonly items: readonly (readonly Item[] | undefined)[]
  /** For each position: how many lines of each thread are read, and at the end how many are taken to be lost. */
  private readonly positions: (readonly number[])[] = []
  private readonly ids = new Map<string, number>()
  private readonly known: Map<string, readonly number[]>[] = []

  constructor(packed: Packed, trail: Trail) {
    this.trail = trail
    this.threads = [...new Set(trail.notes.map(({ thread }) => thread))]
    this.streams = this.threads.map(thread =>
      trail.notes.filter(note => note.thread === thread).map(({ event, from, to }) => this.key(event, from, to)),
    )
    this.items = itemsOf(packed, trail, (event, from, to) => this.key(event, from, to))
    const none = this.threads.map(() => 0)
    this.furthest = none
    const opening = new Set(
      trail.shown.flatMap(({ event, opening = [] }) => opening.map(([from, to]) => this.key(event, from, to))),
    )
    this.starts = [
      this.id([...none, 0]),
      ...this.streams.flatMap(([first = NONE], t) => (opening.has(first) ? [this.id([...none.with(t, 1), 0])] : [])),
    ]
  }

  /** Whether a row may write anything. */
  writes(row: number): boolean {
    return this.items[row] !== undefined
  }

  /** Where reading may be after a row that is taken in this state; undefined where the row writes nothing. */
  after(row: number, states: Int32Array, at: number, position: number): readonly number[] | undefined {
    const items = this.items[row]
    if (items === undefined) return undefined
    const written: { keys: readonly number[]; optional: boolean }[] = []
    let name = ''
    for (const item of items) {
      const one = 'keys' in item ? item : { keys: [item.byOld[read(states, at, item.field)] ?? NONE], optional: false }
      if (one.keys[0] === NONE) continue
      written.push(one)
      name += `${one.keys}${one.optional ? '?' : ''} `
    }
    if (written.length === 0) return [position]
    const from = this.known[position] ?? new Map<string, readonly number[]>()
    this.known[position] = from
    const found = from.get(name)
    if (found !== undefined) return found
    const next = new Set<number>()
    this.take(this.positions[position] ?? [], written, next)
    const list = [...next]
    from.set(name, list)
    return list
  }

  /** Whether so many lines, of each thread, are read; with `exactly`, no more than they. */
  covers(position: number, required: readonly number[], exactly = false): boolean {
    const at = this.positions[position] ?? []
    return required.every((count, t) => (exactly ? at[t] === count : (at[t] ?? 0) >= count))
  }

  /** Whether something was done of which no line was written. */
  loses(position: number): boolean {
    return this.positions[position]?.at(-1) !== 0
  }

  /** How many of the first lines are of each thread. */
  counts(lines: number): number[] {
    const counts = this.threads.map(() => 0)
    for (const { thread } of this.trail.notes.slice(0, lines)) {
      const t = this.threads.indexOf(thread)
      counts[t] = (counts[t] ?? 0) + 1
    }
    return counts
  }

  /** The first line that was not read where most of it was. */
  next(): Noted | undefined {
    const left = this.threads.flatMap((thread, t) => {
      const note = this.trail.notes.filter(one => one.thread === thread)[this.furthest[t] ?? 0]
      return note === undefined ? [] : [note]
    })
    return left.sort((a, b) => a.line - b.line)[0]
  }

  /** Whether a row, in a state or other, writes such a line. */
  tells(row: number, { event, from, to }: Noted): boolean {
    const key = this.key(event, from, to)
    return this.items[row]?.some(item => ('keys' in item ? item.keys : item.byOld).includes(key)) === true
  }

  private key(event: string, from: string | undefined, to: string): number {
    const text = JSON.stringify([event, from, to])
    const key = this.keys.get(text) ?? this.keys.size
    this.keys.set(text, key)
    return key
  }

  private id(position: readonly number[]): number {
    const text = position.join()
    const known = this.ids.get(text)
    if (known !== undefined) return known
    const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0)
    const read = position.slice(0, -1)
    if (sum(read) > sum(this.furthest)) this.furthest = read
    this.ids.set(text, this.positions.length)
    return this.positions.push(position) - 1
  }

  /** Reads what was written, in any order but that within an item. */
  private take(
    position: readonly number[],
    left: readonly { readonly keys: readonly number[]; readonly optional: boolean }[],
    found: Set<number>,
  ): void {
    if (left.every(({ optional }) => optional)) found.add(this.id(position))
    left.forEach(({ keys, optional }, i) => {
      const [key = NONE, ...more] = keys
      const others = left.filter((_, j) => j !== i)
      const rest = more.length === 0 ? others : [...others, { keys: more, optional: false }]
      let ended = true
      this.streams.forEach((stream, t) => {
        const at = position[t] ?? 0
        if (at < stream.length) ended = false
        if (stream[at] === key) this.take(position.with(t, at + 1), rest, found)
      })
      const lost = position.at(-1) ?? 0
      if (ended && !optional && lost < this.trail.lost) this.take(position.with(-1, lost + 1), others, found)
    })
  }
}

/** For each row of a side, what it writes. */
function itemsOf(
  packed: Packed,
  { side, shown }: Trail,
  key: (event: string, from: string | undefined, to: string) => number,
): (readonly Item[] | undefined)[] {
  const { flat, fields } = packed
  const variables = shown.map(({ moves = [] }) => moves.map(name => variableOf(flat, side, name)))
  return flat.rows.map(row => {
    if (row.rule.side !== side) return undefined
    const items: Item[] = []
    shown.forEach(({ event, from, sends = [], receives = [], instead = {}, may = {} }, s) => {
      const { name } = row.rule.rule
      const fixed = (values: readonly string[], optional: boolean) =>
        values.length > 0 && items.push({ keys: values.map(value => key(event, undefined, value)), optional })
      for (const value of may[name] ?? []) fixed([value], true)
      const other = instead[name]
      if (other !== undefined) {
        fixed(other, false)
        return
      }
      const { cause } = row
      if (cause?.kind === 'receives' && receives.includes(cause.name)) fixed([cause.name], false)
      for (const output of row.outputs) {
        if (output.kind === 'sends' && sends.includes(output.message)) fixed([output.message], false)
      }
      for (const { variable, to } of row.cells) {
        const field = fields[variable]
        if (to < 0 || field === undefined || !variables[s]?.includes(variable)) continue
        const values = flat.variables[variable]?.values ?? []
        const byOld = values.map((old, i) => (i === to ? NONE : key(event, from && old, values[to] ?? '')))
        items.push({ field, byOld })
      }
    })
    return items.length > 0 ? items : undefined
  })
}

const variableOf = (flat: Flat, side: string, name: string): number =>
  flat.index.get(`${side}.${name}`) ?? flat.index.get(name) ?? NONE

/** The variables that logs tell of. */
export const variablesOf = (flat: Flat, trails: readonly Trail[]): number[] =>
  trails
    .flatMap(({ side, shown }) => shown.flatMap(({ moves = [] }) => moves.map(name => variableOf(flat, side, name))))
    .filter(variable => variable >= 0)
