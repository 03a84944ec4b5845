/**
 * What follows from what: the states that any tracker of one transcript has
 * come to, and where they lead.  Trackers that differ only in a rule that one
 * of them goes without share it.
 */
import type { Json, Match } from '../spec/lang.ts'
import { StateTable } from './engine-table.ts'
import type { Cell, FlatQuery, Output, Row } from './flat.ts'
import { idleRows } from './idle.ts'
import { Lanes } from './lanes.ts'
import { matches } from './match.ts'
import { anyOf, type Packed, type Test } from './pack.ts'
import { ANYTHING, answers, type Seen, type Sent, speaksOf } from './seen.ts'
import { Group, Slice } from './slice.ts'
import { Trace, type Trail, variablesOf } from './trail.ts'

/** A query with its tests. */
export interface Query {
  readonly query: FlatQuery
  readonly where: Test
  readonly tables: readonly (readonly Test[])[]
}

/** What is to be known of a command that was sent. */
interface Known {
  /** The rows that speak of it and answer as it was answered. */
  readonly rows: ReadonlySet<number>
  readonly queries: readonly Query[]
  /** For each query and each of its tables: whether what a row of it says is in the answer, and whether nothing is. */
  readonly fitting: readonly (readonly { readonly rows: readonly boolean[]; readonly none: boolean }[])[]
  /** The rows that speak of it, whatever they answer. */
  readonly anyhow: ReadonlySet<number>
  readonly spoken: Group
}

/** What is known of a transcript before it is followed. */
export interface Foreseen {
  /** All that will be told. */
  readonly told: readonly ({ readonly side: string } & ({ readonly seen: Seen } | { readonly sent: Sent }))[]
  /** Whether it will be asked in which states nothing more must come. */
  readonly rests: boolean
  /** Tests that will be asked of the possible states. */
  readonly tests: readonly Cell[]
}

type Event = Extract<Output, { kind: 'event' }>

/** More numbers than this are not kept of what leads where: they only save time. */
const REMEMBERED = 2 ** 24

const grown = (array: Int32Array, length: number): Int32Array<ArrayBuffer> => {
  const next = new Int32Array(Math.max(length, array.length * 2))
  next.set(array)
  return next
}

/** What is the same for all transcripts that are held against a system. */
interface Common {
  readonly events: readonly (readonly Event[])[]
  readonly queries: readonly Query[]
  readonly mayAnswer: readonly Test[]
}

const commons = new WeakMap<Packed, Common>()

function commonOf(packed: Packed): Common {
  const { flat } = packed
  const known = commons.get(packed)
  if (known !== undefined) return known
  const found: Common = {
    events: flat.rows.map(row => row.outputs.filter(output => output.kind === 'event')),
    queries: flat.queries.map(query => ({
      query,
      where: anyOf(packed, [query.where]),
      tables: query.tables.map(table => table.map(({ cells }) => anyOf(packed, [cells]))),
    })),
    mayAnswer: flat.answered.map(cells => anyOf(packed, [cells])),
  }
  commons.set(packed, found)
  return found
}

/** The states of a system under what was asked and seen, with their successors. */
export class Space {
  readonly packed: Packed
  readonly table: StateTable
  readonly slice: Slice
  readonly lanes: Lanes
  readonly queries: readonly Query[]
  /** For each side, whether an in-band answer may leave the process. */
  readonly mayAnswer: readonly Test[]
  /** The events of each row. */
  readonly events: readonly (readonly Event[])[]
  /** The number of a row's side, or -1 where nobody watches it. */
  readonly sideOf: readonly number[]
  /** Rows that end a process which is watched. */
  readonly ends: readonly boolean[]
  /** For each side, its log where there is one. */
  readonly traces: readonly (Trace | undefined)[]
  /** For each row that may write to the log of its side, the number of that side. */
  readonly writer: readonly (number | undefined)[]
  private readonly foreseen: ReadonlySet<Seen | Sent> | undefined
  private readonly commands = new Map<string, Row[]>()
  private readonly speaking = new Map<string, Row[]>()
  private readonly known = new Map<Sent, Known>()
  private readonly groups = new Map<string, Group>()
  private readonly silent: Group
  private readonly endings: number[][] = []
  private readonly next: Int32Array
  /** For each state, where its steps that show nothing begin in `steps`, plus one, and how many there are. */
  private begins = new Int32Array(8192)
  /** The steps that show nothing: the row and the state. */
  private steps = new Int32Array(8192)
  private used = 0

  constructor(
    packed: Packed,
    observed: readonly boolean[],
    fault: (side: string, name: string) => boolean,
    foreseen?: Foreseen,
    trails: readonly Trail[] = [],
    mute: readonly string[] = [],
  ) {
    const { flat } = packed
    this.packed = packed
    this.traces = flat.sides.map(side => {
      const trail = trails.find(one => one.side === side)
      return trail && new Trace(packed, trail)
    })
    this.writer = flat.rows.map(({ id, rule }) => {
      const side = flat.sides.indexOf(rule.side)
      return this.traces[side]?.writes(id) === true ? side : undefined
    })
    this.table = new StateTable(packed.words, 1024)
    this.slice = new Slice(flat)
    this.lanes = new Lanes(flat.sides.length)
    this.next = new Int32Array(packed.words)
    const { events, queries, mayAnswer } = commonOf(packed)
    this.events =
      mute.length === 0 ? events : flat.rows.map((row, i) => (mute.includes(row.rule.side) ? [] : (events[i] ?? [])))
    this.queries = queries
    this.mayAnswer = mayAnswer
    this.sideOf = flat.rows.map(row => {
      const side = flat.sides.indexOf(row.rule.side)
      return observed[side] === true ? side : -1
    })
    this.ends = flat.rows.map(row => this.sideOf[row.id] !== -1 && row.outputs.some(({ kind }) => kind === 'exits'))
    const silent: number[] = []
    for (const row of flat.rows) {
      const { cause } = row
      if (cause?.kind === 'fault' && !fault(row.rule.side, cause.name)) continue
      const [event] = this.events[row.id] ?? []
      const watched = this.sideOf[row.id] !== -1
      if (watched && cause?.kind === 'command') Space.note(this.commands, `${row.rule.side} ${cause.name}`, row)
      else if (watched && event !== undefined) Space.note(this.speaking, `${row.rule.side} ${event.name}`, row)
      else silent.push(row.id)
    }
    this.foreseen = foreseen && new Set(foreseen.told.map(told => ('sent' in told ? told.sent : told.seen)))
    const idle = foreseen === undefined ? undefined : this.idle(silent, observed, foreseen)
    const busy = idle === undefined ? silent : silent.filter(row => !idle.has(row))
    this.slice.allow(busy)
    this.silent = new Group(packed, this.slice, busy)
  }

  /** Of the rows that show nothing, those that explain nothing of what will be told. */
  private idle(silent: readonly number[], observed: readonly boolean[], foreseen: Foreseen): ReadonlySet<number> {
    const { flat } = this.packed
    const rowsOf = (ids: Iterable<number>): Row[] => [...ids].flatMap(id => flat.rows[id] ?? [])
    const live = new Set(silent)
    const spoken = new Set<number>()
    for (const told of foreseen.told) {
      if ('sent' in told) {
        this.send(told.side, told.sent)
        const known = this.known.get(told.sent)
        for (const row of known?.rows ?? []) live.add(row)
        for (const row of known?.anyhow ?? []) spoken.add(row)
      } else for (const row of this.rowsSaying(told.side, told.seen)) live.add(row)
    }
    const slice = new Slice(flat)
    slice.allow(live)
    const queried = this.queries.filter(({ query }) => observed[flat.sides.indexOf(query.side)] === true)
    return idleRows(
      flat,
      slice,
      rowsOf(silent).filter(({ id }) => slice.has(id) && this.ends[id] !== true && this.writer[id] === undefined),
      {
        rows: rowsOf(live).filter(({ id }) => slice.has(id)),
        due: foreseen.rests
          ? flat.rows.filter(({ id, owed, cells }) => (owed || spoken.has(id)) && slice.fits(cells))
          : [],
        tests: [
          ...foreseen.tests,
          ...queried.flatMap(({ query }) => [...query.where, ...query.tables.flat().flatMap(({ cells }) => cells)]),
          ...flat.answered.flat(),
          // What is written tells any value from any other.
          ...variablesOf(
            flat,
            this.traces.flatMap(trace => trace?.trail ?? []),
          ).flatMap(variable =>
            (flat.variables[variable]?.values ?? []).map((_, value) => ({ variable, from: 1 << value, to: -1 })),
          ),
        ],
      },
    )
  }

  private static note(into: Map<string, Row[]>, key: string, row: Row): void {
    const known = into.get(key)
    if (known === undefined) into.set(key, [row])
    else known.push(row)
  }

  /** Whether all was to be known before, and this was not. */
  unforeseen(told: Seen | Sent): boolean {
    return this.foreseen !== undefined && !this.foreseen.has(told)
  }

  /** Takes note of a command that was sent to a side. */
  send(side: string, sent: Sent): void {
    if (this.known.has(sent)) return
    // A rule that sets options has many rows, all with the same wanted arguments: those are compared once.
    const compared = new Map<Match, boolean>()
    const spoken = (this.commands.get(`${side} ${sent.name}`) ?? []).filter(row => {
      const { cause } = row
      if (cause?.kind !== 'command') return false
      const wanted = compared.get(cause.arguments) ?? matches(cause.arguments, sent.arguments)
      compared.set(cause.arguments, wanted)
      return wanted && speaksOf({ ...row, cause: { ...cause, arguments: {} } }, sent.name, sent.arguments)
    })
    const rows = new Set(spoken.filter(row => answers(row, sent)).map(row => row.id))
    const queries = this.queries.filter(({ query }) => query.side === side && query.command === sent.name)
    const { answer } = sent
    const fits = (match: Match) =>
      answer === undefined || ('returns' in answer && matches(match, answer.returns as Json))
    const fitting = queries.map(({ query }) =>
      query.tables.map(table => ({ rows: table.map(({ match }) => fits(match)), none: fits({}) })),
    )
    const anyhow = new Set(spoken.map(row => row.id))
    this.known.set(sent, { rows, queries, fitting, anyhow, spoken: this.anyway([...anyhow]) })
  }

  /** Whether a row speaks of a command, whatever it answers. */
  speaks(row: number, sent: Sent): boolean {
    return this.known.get(sent)?.anyhow.has(row) === true
  }

  /** Whether a row is what a command set off, given how it was answered. */
  isOf(row: number, sent: Sent): boolean {
    return this.known.get(sent)?.rows.has(row) === true
  }

  /** Whether a command that is a query is answered in this state as it was; undefined when it is not answered at all. */
  asks(sent: Sent, state: number): boolean | undefined {
    const { queries, fitting } = this.known.get(sent) ?? { queries: [], fitting: [] }
    const { states } = this.table
    const at = state * this.packed.words
    const q = queries.findIndex(({ where }) => where(states, at))
    if (q < 0) return undefined
    return (
      queries[q]?.tables.every((tests, t) => {
        const fits = fitting[q]?.[t]
        return fits?.rows[tests.findIndex(test => test(states, at))] ?? fits?.none
      }) ?? false
    )
  }

  /** The rows that speak of a command and that this state passes the tests of, whatever they answer. */
  handlesAnyhow(sent: Sent, state: number): number[] {
    const group = this.known.get(sent)?.spoken
    return group === undefined ? [] : this.rowsAt(group, state)
  }

  isQuery(sent: Sent): boolean {
    return (this.known.get(sent)?.queries.length ?? 0) > 0
  }

  /** The rows that a command can set off where the next event of its side is this one. */
  handling(sent: Sent, next: Seen | undefined): Group | undefined {
    const rows = [...(this.known.get(sent)?.rows ?? [])].filter(row => {
      const [event] = this.events[row] ?? []
      return event === undefined || this.isNext(event, next)
    })
    return this.group(rows)
  }

  /** The rows that nobody asked for and that begin with this event. */
  saying(side: string, next: Seen | undefined): Group | undefined {
    return this.group(this.rowsSaying(side, next))
  }

  private rowsSaying(side: string, next: Seen | undefined): number[] {
    if (next?.kind !== 'event') return []
    if (next.name === ANYTHING)
      // Of an end nobody keeps quiet.
      return [...this.speaking].flatMap(([key, rows]) =>
        key.startsWith(`${side} `) ? rows.flatMap(({ id }) => (this.ends[id] === true ? [] : [id])) : [],
      )
    const rows = this.speaking.get(`${side} ${next.name}`) ?? []
    return rows.flatMap(({ id }) => (this.isNext(this.events[id]?.[0], next) ? [id] : []))
  }

  isNext(event: Event | undefined, next: Seen | undefined): boolean {
    if (next?.kind !== 'event' || event === undefined) return false
    return next.name === ANYTHING || (event.name === next.name && matches(event.data, next.data))
  }

  /** Where a monitor is after a row that may end its process; -1 where the row cannot be taken. */
  ended(row: number, id: number): number {
    if (this.ends[row] !== true) return id
    const known = this.endings[row]?.[id]
    if (known !== undefined) return known
    let lane = this.lanes.lane(id)
    let after = id
    for (const output of this.packed.flat.rows[row]?.outputs ?? []) {
      if (output.kind !== 'exits' || after < 0) continue
      // A process that ends by itself has answered what it was asked; one that is killed may not have.
      if (output.code !== null && lane.answering) after = -1
      lane = { ...lane, exit: output.code }
      if (after >= 0) after = this.lanes.idOf(lane)
    }
    const from = this.endings[row] ?? []
    from[id] = after
    this.endings[row] = from
    return after
  }

  /** Where a monitor is after a row that may write to its side's log; undefined where the row writes nothing. */
  written(row: number, state: number, id: number): readonly number[] | undefined {
    const trace = this.traces[this.writer[row] ?? -1]
    if (trace === undefined) return undefined
    const lane = this.lanes.lane(id)
    const read = trace.after(row, this.table.states, state * this.packed.words, lane.read)
    if (read?.length === 1 && read[0] === lane.read) return undefined
    return read?.map(to => this.lanes.idOf({ ...lane, read: to }))
  }

  private group(rows: readonly number[]): Group | undefined {
    if (rows.length === 0) return undefined
    this.slice.allow(rows)
    const key = rows.join()
    const known = this.groups.get(key)
    if (known !== undefined) return known
    const group = new Group(this.packed, this.slice, rows)
    this.groups.set(key, group)
    return group
  }

  /** Rows whatever sets them off, to say what might come. */
  anyway(rows: readonly number[]): Group {
    const { slice } = this
    const { flat } = this.packed
    return new Group(this.packed, slice, rows, row => slice.fits(flat.rows[row]?.cells ?? []))
  }

  /** The steps of a group out of a state. */
  each(group: Group, state: number, step: (row: number, to: number) => void): void {
    const { next, table } = this
    const emit = (row: number) => step(row, table.add(next, 0))
    for (const steps of group.compiled()) steps(table.states, state * this.packed.words, next, emit)
  }

  /** The rows of a group that a state passes the tests of. */
  rowsAt(group: Group, state: number): number[] {
    const rows: number[] = []
    for (const steps of group.compiled())
      steps(this.table.states, state * this.packed.words, this.next, row => rows.push(row))
    return rows
  }

  /** The steps out of a state that show nothing, which nobody has to have asked for. */
  eachSilent(state: number, step: (row: number, to: number) => void): void {
    if (state * 2 + 1 >= this.begins.length) this.begins = grown(this.begins, state * 2 + 2)
    if (this.begins[state * 2] === 0) {
      // What was forgotten is found again when it is asked for.
      if (this.used > REMEMBERED) {
        this.begins.fill(0)
        this.used = 0
      }
      const from = this.used
      this.each(this.silent, state, (row, to) => {
        if (this.used + 2 > this.steps.length) this.steps = grown(this.steps, this.used + 2)
        this.steps[this.used++] = row
        this.steps[this.used++] = to
      })
      this.begins[state * 2] = from + 1
      this.begins[state * 2 + 1] = this.used
    }
    const end = this.begins[state * 2 + 1] ?? 0
    for (let at = (this.begins[state * 2] ?? 1) - 1; at < end; at += 2) {
      step(this.steps[at] ?? 0, this.steps[at + 1] ?? 0)
    }
  }
}
