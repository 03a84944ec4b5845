/**
 * Keeps every state that a system might be in, narrowed by what is seen.
 *
 * We cannot see inside the program.  Between two observations it may take any
 * steps that show nothing; at an observation only those states remain whose
 * rules say just that.  Each side keeps its own order and the sides are merged
 * in every way, so no common clock is needed.  In theory's words this is the
 * ioco relation, decided by subset construction on the fly.
 */
import type { Json } from '../spec/lang.ts'
import type { Output, Row } from './flat.ts'
import type { Lane } from './lanes.ts'
import { Marker, type Marking } from './marks.ts'
import { Nodes } from './nodes.ts'
import { type Packed, read, type Test } from './pack.ts'
import type { Seen, Sent } from './seen.ts'
import type { Group } from './slice.ts'
import { type Foreseen, Space } from './space.ts'
import type { Noted, Trail } from './trail.ts'

/** What a side's monitor may do next where it is, whatever the state. */
interface Plan {
  /** Where it is now. */
  readonly id: number
  /** Where it is once it has said the next thing that was seen, or -1; and whether that has to wait for the state. */
  readonly heard: number
  readonly waits: boolean
  /** Queries that it may answer, and where it is then. */
  readonly queries: readonly { readonly sent: Sent; readonly id: number }[]
  /** Rows that commands set off; those that the command before it sets off too are left to that. */
  readonly commands: readonly {
    readonly group: Group
    readonly id: number
    readonly not: Sent | undefined
  }[]
  /** Rows that begin with the next event. */
  readonly saying: Group | undefined
}

/** What a side has been asked and how many of it were answered so far. */
interface Asked {
  readonly inBand: Sent[]
  readonly oob: Sent[]
}

/** What is told to a tracker before it begins. */
export interface TrackOptions {
  /** Sides of which everything that is said is seen; others may say and be told anything. */
  readonly observed: readonly string[]
  /** Of these, those of which events are not: a step that says something is then one that shows nothing. */
  readonly mute?: readonly string[]
  /** Whether a fault of this name may happen at this side (`''`: to the whole). */
  readonly fault: (side: string, name: string) => boolean
  /** Of these, which are told as they come, by `fault` of the tracker, and have not happened before they are. */
  readonly placed?: (side: string, name: string) => boolean
  /**
   * What will be told and asked, where that is known: steps that nothing of it
   * needs are then left out.  What may be said of the possible states besides
   * stays true of those before such steps.
   */
  readonly foreseen?: Foreseen
  /** What sides wrote to logs of their own, where such logs are kept. */
  readonly trails?: readonly Trail[]
  /** A rule that is taken to be missing, by id; to see whether a transcript can be explained without it. */
  readonly without?: string
  /**
   * Nobody knows an order between the sides, not even that whoever sent a command to one had seen what the other said
   * before: all is explained at the end, in any order that fits.
   */
  readonly apart?: boolean
  /** What is asked of all explanations; see `spared`. */
  readonly marking?: Marking
  /** More nodes than this at once is an error, not a verdict. */
  readonly limit?: number
}

/** Where nobody says how many nodes there may be: what a process of usual size has room for. */
const LIMIT = 500_000

/** What waits to be explained: something seen, or, where the sides are apart, a command that was sent at that place. */
type Item = Seen | { readonly kind: 'sent'; readonly sent: Sent; readonly line: number }

/** More possible states than the tracker was allowed to keep. */
export class TrackLimitError extends Error {
  override readonly name = 'TrackLimitError'
}

/** What is known when nothing that might be true explains the next thing seen. */
export interface Stuck {
  /** How many of each side's pending observations could be explained. */
  readonly reached: readonly number[]
}

/** The set of states a system may be in. */
export class Tracker {
  readonly packed: Packed
  private readonly space: Space
  private readonly sides: readonly string[]
  private readonly observed: readonly boolean[]
  private readonly options: TrackOptions
  private readonly limit: number
  private readonly missing: boolean[]
  /** Rows of faults that have not happened yet. */
  private barred: readonly number[]
  /** Faults that were told, until all that was seen before them is explained: their rows, and how much of each side that is. */
  private faults: { readonly rows: readonly number[]; readonly after: readonly number[] }[] = []
  private readonly owed: Group
  private asked: Asked[]
  private answered: { inBand: number; oob: number }[]
  /** For each row, whether it was tried. */
  readonly taken: Uint8Array
  private pending: Item[][]
  /** Of what each side was asked, how much it has been by now, where that is not all. */
  private known: ({ readonly inBand: number; readonly oob: number } | undefined)[] = []
  private nodes: Nodes
  /** For each side, how many lines of its log have come so far. */
  private readonly noted: number[]
  /** For each side, how a fault may end its process. */
  private readonly felled: readonly ReadonlySet<number | null>[]
  /** For each side, whether its process was seen to end. */
  private readonly ended: boolean[] = []
  /** How many nodes are kept, in all sets together. */
  private kept = 0
  private furthest: Nodes | undefined
  private readonly marker: Marker | undefined
  /** How many nodes of the set that is gone through were, so far. */
  private done = 0
  /** Where it goes on in the middle. */
  private cells: readonly { readonly at: readonly number[]; readonly nodes: Nodes }[] | undefined

  /** `like` is another tracker of the same transcript: what that one has found out of the rules holds here too. */
  constructor(packed: Packed, options: TrackOptions, like?: Tracker) {
    const { flat } = packed
    this.packed = packed
    this.options = options
    this.limit = options.limit ?? LIMIT
    this.sides = flat.sides
    this.observed = this.sides.map(side => options.observed.includes(side))
    this.space =
      like?.space ?? new Space(packed, this.observed, options.fault, options.foreseen, options.trails, options.mute)
    const { placed = () => false } = options
    this.barred = flat.rows.flatMap(({ id, rule, cause }) =>
      rule.id !== options.without && cause?.kind === 'fault' && placed(rule.side, cause.name) ? [id] : [],
    )
    const barred = new Set(this.barred)
    this.missing = flat.rows.map(({ id, rule }) => rule.id === options.without || barred.has(id))
    this.felled = this.sides.map(side => {
      const rows = flat.rows.filter(
        ({ cause, rule }) =>
          cause?.kind === 'fault' && cause.side === side && rule.side === side && options.fault(side, cause.name),
      )
      return new Set(rows.flatMap(row => row.outputs.flatMap(output => (output.kind === 'exits' ? [output.code] : []))))
    })
    this.owed = like?.owed ?? this.space.anyway(flat.rows.flatMap(row => (row.owed ? [row.id] : [])))
    this.asked = this.sides.map(() => ({ inBand: [], oob: [] }))
    this.answered = this.sides.map(() => ({ inBand: 0, oob: 0 }))
    this.pending = this.sides.map(() => [])
    this.taken = new Uint8Array(flat.rows.length)
    this.noted = this.sides.map(() => 0)
    this.nodes = new Nodes()
    this.marker = options.marking && new Marker(packed, this.space, options.marking)
    const { lanes, traces } = this.space
    let begins = [0]
    traces.forEach((trace, side) => {
      const reads = trace?.starts ?? [0]
      begins = begins.flatMap(all => reads.map(read => lanes.with(all, side, lanes.idOf({ ...lanes.lane(0), read }))))
    })
    for (let at = 0; at < packed.starts.length; at += packed.words) {
      const state = this.space.table.add(packed.starts, at)
      this.marker?.begin(state)
      for (const all of begins) this.put(this.nodes, state, all, -1, -1, -1)
    }
  }

  /** Where it may begin. */
  get begin(): Nodes {
    return this.nodes.clone()
  }

  /** The states that anything has led to, and how many words each has. */
  get table(): { readonly states: Int32Array; readonly words: number; readonly count: number } {
    const { states, count } = this.space.table
    return { states, words: this.packed.words, count }
  }

  /** A command will be sent: what rules make of it is looked up. */
  hearOf(side: number, sent: Sent): void {
    this.space.send(this.sides[side] ?? '', sent)
  }

  /** Says what each side was asked, and how much of it is answered. */
  enter(
    sides: readonly {
      readonly inBand: readonly Sent[]
      readonly oob: readonly Sent[]
      readonly answered: number
      readonly answeredOob: number
    }[],
  ): void {
    this.asked = sides.map(({ inBand, oob }) => ({ inBand: [...inBand], oob: [...oob] }))
    this.answered = sides.map(({ answered, answeredOob }) => ({ inBand: answered, oob: answeredOob }))
    this.kept = 0
  }

  /** Adds to nodes all that follows without anything seen, and hands on what the next thing seen of each side allows. */
  expand(nodes: Nodes, next: readonly (Seen | undefined)[], at: (side: number) => Nodes): void {
    this.close(nodes, next, at)
  }

  /** Of nodes, with all that follows from them, those in which nothing more must come; nothing where there is none. */
  resting(nodes: Nodes): Nodes | undefined {
    this.nodes = nodes
    return this.rest() ? this.nodes : undefined
  }

  /** Nodes of another tracker of the same system as nodes of this one. */
  translate(nodes: Nodes, from: Tracker): Nodes {
    const mine = this.space.lanes
    const theirs = from.space.lanes
    const left = new Nodes()
    for (const [state, all] of nodes) {
      let lanes = 0
      this.sides.forEach((_, side) => {
        lanes = mine.with(lanes, side, mine.idOf(theirs.lane(theirs.of(all, side))))
      })
      const at = state * this.packed.words
      // What follows is looked for among what can be reached: this was.
      this.packed.fields.forEach((field, variable) => {
        this.space.slice.admit(variable, read(from.space.table.states, at, field))
      })
      left.add(this.space.table.add(from.space.table.states, at), lanes)
    }
    return left
  }

  /** Goes on in the middle: cells say how much of what was seen is explained, and the states that this leaves. */
  resume(
    cells: readonly { readonly at: readonly number[]; readonly nodes: Nodes }[],
    seen: readonly (readonly Seen[])[],
    inBand: readonly (readonly Sent[])[],
    oob: readonly (readonly Sent[])[],
  ): void {
    this.pending = this.sides.map((_, side) => [...(seen[side] ?? [])])
    this.enter(this.sides.map((_, s) => ({ inBand: inBand[s] ?? [], oob: oob[s] ?? [], answered: 0, answeredOob: 0 })))
    const [first] = cells
    this.nodes = first?.nodes ?? new Nodes()
    this.cells = cells
  }

  /** Another tracker of the same transcript, from its beginning, that goes without a rule. */
  without(rule: string): Tracker {
    return new Tracker(this.packed, { ...this.options, without: rule }, this)
  }

  /** Another tracker of the same transcript, from its beginning, that asks something of all explanations. */
  marking(marking: Marking): Tracker {
    return new Tracker(this.packed, { ...this.options, marking }, this)
  }

  /** The states of all explanations that were tried. */
  reached(test: Test): boolean {
    const { states, count } = this.space.table
    for (let state = 0; state < count; state++) if (test(states, state * this.packed.words)) return true
    return false
  }

  /** Of what is asked of all explanations, as bits, what one of them at least has not come to, all being explained. */
  get spared(): number {
    return this.marker?.spared(this.nodes) ?? 0
  }

  /** Of what is asked of all explanations, as bits, what one of them at least need not answer for. */
  get freed(): number {
    return this.marker?.freed(this.nodes) ?? 0
  }

  /** Whether a test, or what observers are, holds in every node that is possible now, all being explained. */
  every(test: (states: Int32Array, at: number, observed: readonly number[]) => boolean): boolean {
    const { states } = this.space.table
    for (const [state, lanes] of this.nodes)
      if (!test(states, state * this.packed.words, this.marker?.readings(lanes) ?? [])) return false
    return true
  }

  /** Another tracker of the same transcript, from its beginning, that knows of no log; nothing where there is none. */
  untraced(): Tracker | undefined {
    if (this.space.traces.every(trace => trace === undefined)) return undefined
    const { trails: _, ...rest } = this.options
    return new Tracker(this.packed, rest)
  }

  /** Ids of the rules that any explanation so far has tried. */
  get tried(): ReadonlySet<string> {
    return new Set(this.packed.flat.rows.flatMap(row => (this.taken[row.id] === 1 ? [row.rule.id] : [])))
  }

  /** Whether nobody knows an order between the sides. */
  get apart(): boolean {
    return this.options.apart === true
  }

  /** How many states, with their monitors, are possible now. */
  get size(): number {
    return this.nodes.count
  }

  /** Something was seen of a side; it is explained at the next `settle`. */
  see(side: string, seen: Seen): void {
    this.expect(seen)
    const index = this.sides.indexOf(side)
    if (seen.kind === 'exit') this.ended[index] = true
    this.pending[index]?.push(seen)
  }

  /**
   * A fault happens here (`''`: to the whole).  All that was seen before it had happened by then, on either side; of
   * what is seen later some may have as well, and was still on its way.
   */
  fault(side: string, name: string): void {
    // Whoever has suffered it once may always have.
    const rows = this.barred.filter(row => {
      const { rule, cause } = this.packed.flat.rows[row] as Row
      return cause?.kind === 'fault' && cause.name === name && rule.side === side
    })
    if (rows.length > 0) this.faults.push({ rows, after: this.pending.map(list => list.length) })
  }

  /** Lets those faults be of which all that came before is explained, where so much of each side is. */
  private allow(...explained: readonly number[]): void {
    if (this.faults.length === 0) return
    for (const { rows } of this.faults) for (const row of rows) this.missing[row] = true
    for (const { rows, after } of this.faults) {
      if (after.some((count, side) => (explained[side] ?? 0) < count)) continue
      for (const row of rows) this.missing[row] = false
    }
  }

  /** All that came before any of the faults is explained. */
  private allowAll(): void {
    const rows = new Set(this.faults.flatMap(({ rows }) => rows))
    for (const row of rows) this.missing[row] = false
    this.barred = this.barred.filter(row => !rows.has(row))
    this.faults = []
  }

  /**
   * So many more lines have come of a side's log.  That what they tell of has happened is of no use before all is
   * quiet: the event that a step says besides may still be on its way.
   */
  note(side: string, lines = 1): void {
    const index = this.sides.indexOf(side)
    this.noted[index] = (this.noted[index] ?? 0) + lines
  }

  /** The first line of a log that nothing that might be true goes beyond. */
  unread(): { readonly side: string; readonly note: Noted } | undefined {
    const found = this.sides.flatMap((side, i) => {
      const note = this.space.traces[i]?.next()
      return note === undefined ? [] : [{ side, note }]
    })
    return found.sort((a, b) => a.note.line - b.note.line)[0]
  }

  /** Whether a row is one that might have written a line. */
  tells(row: number, note: Noted): boolean {
    return this.space.traces[this.space.writer[row] ?? -1]?.tells(row, note) === true
  }

  /** A command was sent to a side.  All that was seen before it has to be explained before it can take effect. */
  send(side: string, sent: Sent): Stuck | undefined {
    this.expect(sent)
    const apart = this.options.apart === true
    const stuck = apart ? undefined : this.settle()
    if (apart) this.pending[this.sides.indexOf(side)]?.push({ kind: 'sent', sent, line: sent.line })
    const asked = this.asked[this.sides.indexOf(side)]
    if (sent.oob) asked?.oob.push(sent)
    else asked?.inBand.push(sent)
    this.space.send(side, sent)
    return stuck
  }

  /** As `settle`, at the end of all: what logs say is explained to its last line too. */
  finish(): Stuck | undefined {
    return this.settle() ?? this.readOn()
  }

  /** Leaves only states in which as much of the logs is explained as has come by now; with `exactly`, no more. */
  private readOn(exactly = false): Stuck | undefined {
    if (this.space.traces.every(trace => trace === undefined)) return undefined
    this.close(this.nodes, [], () => new Nodes(1))
    const required = this.space.traces.map((trace, side) => trace?.counts(this.noted[side] ?? 0))
    const left = new Nodes()
    for (const [state, all] of this.nodes) {
      const fits = this.space.traces.every((trace, side) => {
        const { read } = this.space.lanes.lane(this.space.lanes.of(all, side))
        if (trace === undefined) return true
        // Nobody who lives on keeps a line to himself.
        return (
          trace.covers(read, required[side] ?? [], exactly) &&
          !(exactly && this.ended[side] !== true && trace.loses(read))
        )
      })
      if (fits) this.keep(left, state, all)
    }
    if (left.count === 0) {
      this.furthest = this.nodes
      return { reached: this.sides.map(() => 0) }
    }
    this.kept -= this.nodes.count - left.count
    this.nodes = left
    return undefined
  }

  /** Explains all that is pending.  When that cannot be, says how far it could be; the tracker is then of no more use. */
  settle(): Stuck | undefined {
    if (this.pending.every(list => list.length === 0)) {
      this.allowAll()
      return undefined
    }
    const [first = [], second = []] = this.pending
    const width = second.length + 1
    const grid: (Nodes | undefined)[] = new Array((first.length + 1) * width)
    if (this.cells === undefined) grid[0] = this.nodes
    else for (const { at, nodes } of this.cells) grid[(at[0] ?? 0) * width + (at[1] ?? 0)] = nodes
    this.cells = undefined
    const before = this.answered.map(counts => ({ ...counts }))
    const knows = this.pending.map((list, side) => this.asking(list, side))
    this.marker?.expect(this.pending)
    let best = -1
    let reached = [0, 0]
    for (let i = 0; i <= first.length; i++) {
      for (let j = 0; j < width; j++) {
        const here = grid[i * width + j]
        if (here === undefined || here.count === 0) continue
        // What can be explained before a command is sent can be where it waits, too.
        const asked = [first[i], second[j]].findIndex(item => item?.kind === 'sent')
        if (asked >= 0) {
          const cell = asked === 0 ? (i + 1) * width + j : i * width + j + 1
          this.hand(here, grid, cell)
          grid[i * width + j] = undefined
          continue
        }
        this.known = knows.map((counts, side) => counts?.[side === 0 ? i : j])
        this.answered[0] = this.count(before[0], first, i)
        if (this.answered.length > 1) this.answered[1] = this.count(before[1], second, j)
        this.allow(i, j)
        const next = [first[i], second[j]].map(item => (item?.kind === 'sent' ? undefined : item))
        const at = (side: number): Nodes => {
          const cell = side === 0 ? (i + 1) * width + j : i * width + j + 1
          const nodes = grid[cell] ?? new Nodes()
          grid[cell] = nodes
          return nodes
        }
        this.marker?.enter([i, j])
        this.close(here, next, at)
        if (i + j > best) {
          best = i + j
          reached = [i, j]
          this.furthest = here
        }
        if (i < first.length || j < second.length) {
          grid[i * width + j] = undefined
          this.kept -= here.count
        }
      }
    }
    const end = grid[grid.length - 1]
    if (end === undefined || end.count === 0) {
      this.known = knows.map((counts, side) => counts?.[reached[side] ?? 0])
      this.answered[0] = this.count(before[0], first, reached[0] ?? 0)
      if (this.answered.length > 1) this.answered[1] = this.count(before[1], second, reached[1] ?? 0)
      return { reached }
    }
    this.nodes = end
    this.known = []
    this.marker?.settle()
    this.pending = this.sides.map(() => [])
    this.allowAll()
    return undefined
  }

  /** What a side has been asked, in band and out of band, before each of these; nothing where that was before all of them. */
  private asking(list: readonly Item[], side: number): { inBand: number; oob: number }[] | undefined {
    const sent = list.flatMap(item => (item.kind === 'sent' ? [item.sent] : []))
    if (sent.length === 0) return undefined
    const outOfBand = sent.filter(({ oob }) => oob).length
    let inBand = (this.asked[side]?.inBand.length ?? 0) - (sent.length - outOfBand)
    let oob = (this.asked[side]?.oob.length ?? 0) - outOfBand
    const counts = [{ inBand, oob }]
    for (const item of list) {
      if (item.kind === 'sent' && item.sent.oob) oob += 1
      else if (item.kind === 'sent') inBand += 1
      counts.push({ inBand, oob })
    }
    return counts
  }

  /** Puts the nodes of one cell into another, as they are. */
  private hand(from: Nodes, grid: (Nodes | undefined)[], cell: number): void {
    const into = grid[cell]
    if (into === undefined) {
      grid[cell] = from
      return
    }
    for (let n = 0; n < from.count; n++) {
      const [state, lanes] = [from.pairs[n * 2] ?? 0, from.pairs[n * 2 + 1] ?? 0]
      if (into.add(state, lanes)) this.kept += 1
      if (this.marker === undefined) continue
      into.marked()
      const at = into.indexOf(state, lanes) * 2
      for (const i of [0, 1]) into.marks[at + i] = (into.marks[at + i] ?? 0) | (from.marks[n * 2 + i] ?? 0)
    }
    this.kept -= from.count
  }

  /** The pending observations of a side, for reports. */
  pendingOf(side: string): readonly Item[] {
    return this.pending[this.sides.indexOf(side)] ?? []
  }

  /**
   * Keeps only the states in which nothing more must come: no step is owed, no
   * event is half said, and no in-band command could still be handled, except
   * that `unanswered` ones are known to wait.  False when there is none; the set is then unchanged.
   */
  rest(): boolean {
    if (this.options.foreseen?.rests === false) throw new Error('a tracker was not to expect to be asked for rest')
    const before = this.nodes
    const kept = this.kept
    const forget = (): false => {
      this.nodes = before
      this.kept = kept
      return false
    }
    // What goes beyond what has come of a log has not happened yet.
    if (this.readOn(true) !== undefined) return forget()
    if (this.nodes === before) this.close(this.nodes, [], () => new Nodes(1))
    const left = new Nodes()
    for (const [state, lanes] of this.nodes) {
      if (!this.rests(state, lanes)) continue
      this.keep(left, state, lanes)
    }
    if (left.count === 0) return forget()
    this.kept -= this.nodes.count - left.count
    this.nodes = left
    return true
  }

  /** Whether all states that are possible now pass a test. */
  all(test: Test): boolean {
    return !this.some((states, at) => !test(states, at))
  }

  /** Whether some state that is possible now passes a test. */
  some(test: Test): boolean {
    const { states } = this.space.table
    for (const [state] of this.nodes) if (test(states, state * this.packed.words)) return true
    return false
  }

  /** The steps that are owed in the states possible now, with in how many: why `rest` said no. */
  due(): readonly { readonly id: string; readonly states: number }[] {
    const counts = new Map<string, number>()
    for (const [state] of this.nodes) {
      for (const id of new Set(this.rowsAt(this.owed, state).map(row => this.packed.flat.rows[row]?.rule.id ?? '')))
        counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    return [...counts].map(([id, states]) => ({ id, states })).sort((a, b) => b.states - a.states)
  }

  /** The packed states that are possible now, one behind the other. */
  current(): Int32Array {
    const { words } = this.packed
    const { states } = this.space.table
    const at = [...new Set([...this.nodes].map(([state]) => state * words))]
    return Int32Array.from(at.flatMap(offset => [...states.subarray(offset, offset + words)]))
  }

  /** The packed states of the nodes that came furthest, in order and without doubles. */
  possible(): { readonly states: Int32Array; readonly at: readonly number[] } {
    const { states } = this.space.table
    const { words } = this.packed
    const at = [...new Set([...(this.furthest ?? this.nodes)].map(([state]) => state * words))]
    // In an order of their own, so that a report does not depend on how they were found.
    const compare = (a: number, b: number): number => {
      for (let i = 0; i < words; i++) {
        const more = (states[a + i] ?? 0) - (states[b + i] ?? 0)
        if (more !== 0) return more
      }
      return 0
    }
    return { states, at: at.sort(compare) }
  }

  /** What could be seen next of a side from the nodes that came furthest: each thing once, with how many states allow it. */
  couldCome(side: string): { readonly said: Output; readonly states: number }[] {
    const index = this.sides.indexOf(side)
    const found = new Map<string, { said: Output; states: number }>()
    const keys = new Map<Output, string>()
    const note = (said: Output) => {
      const key = keys.get(said) ?? JSON.stringify(said)
      keys.set(said, key)
      const known = found.get(key) ?? { said, states: 0 }
      found.set(key, { said, states: known.states + 1 })
    }
    const { flat } = this.packed
    const ours = this.space.anyway(flat.rows.flatMap(row => (row.rule.side === side ? [row.id] : [])))
    for (const [state, lanes] of this.furthest === undefined ? [] : this.furthest) {
      const lane = this.space.lanes.lane(this.space.lanes.of(lanes, index))
      const half = this.space.events[lane.row]?.[lane.at]
      if (half !== undefined) {
        note(half)
        continue
      }
      for (const id of this.rowsAt(ours, state)) {
        const row = flat.rows[id]
        if (row === undefined || (row.cause?.kind === 'fault' && !this.options.fault(side, row.cause.name))) continue
        if (row.cause?.kind === 'command') {
          const sent = this.waiting(lane, index).find(s => this.space.speaks(row.id, s))
          if (sent === undefined) continue
          for (const said of row.outputs) if (said.kind !== 'sends') note(said)
          continue
        }
        const event = this.space.events[row.id]?.[0]
        if (event !== undefined) note(event)
      }
      for (const sent of this.waiting(lane, index)) {
        const match = this.query(state, index, sent)
        for (const said of match ?? []) note({ side, kind: 'returns', match: said })
      }
    }
    const order = ([name, a]: [string, { states: number }], [other, b]: [string, { states: number }]): number =>
      b.states - a.states || (name < other ? -1 : 1)
    return [...found].sort(order).map(([, one]) => one)
  }

  private expect(told: Seen | Sent): void {
    if (this.space.unforeseen(told)) throw new Error('a tracker was not to expect to be told this')
  }

  private count(
    before: { inBand: number; oob: number } | undefined,
    list: readonly Item[],
    upTo: number,
  ): { inBand: number; oob: number } {
    const seen = list.slice(0, upTo).filter(item => item.kind === 'answer')
    const oob = seen.filter(item => item.sent.oob).length
    return { inBand: (before?.inBand ?? 0) + seen.length - oob, oob: (before?.oob ?? 0) + oob }
  }

  /** Takes a node of those that are possible now over into a set that is made of some of them. */
  private keep(left: Nodes, state: number, lanes: number): void {
    left.add(state, lanes)
    if (this.marker === undefined) return
    left.marked()
    const from = this.nodes.indexOf(state, lanes) * 2
    left.marks[left.count * 2 - 2] = this.nodes.marks[from] ?? 0
    left.marks[left.count * 2 - 1] = this.nodes.marks[from + 1] ?? 0
  }

  /** Adds a node, by what leads there: a row taken in a state, and the side of which it explains something; each -1 for none. */
  private put(into: Nodes, state: number, lanes: number, row: number, from: number, side: number): void {
    const fresh = into.add(state, lanes)
    if (this.marker !== undefined) {
      into.marked()
      const n = fresh ? into.count - 1 : into.indexOf(state, lanes)
      this.marker.reach(into, n, row, from, side, side < 0 ? this.done : 0)
    }
    if (!fresh) return
    this.kept += 1
    if (into.count > this.limit) throw new TrackLimitError(`more than ${this.limit} states are possible at once`)
    // Of two orders of what was seen, and of all that came before, something has to be kept besides.
    const all = Math.max(this.kept, this.space.table.count)
    if (all > this.limit * 4) throw new TrackLimitError(`more than ${this.limit * 4} states are possible in all`)
  }

  /** The oldest command of a side, in band or out of band, that is not answered yet. */
  private nextAnswered(side: number, oob: boolean): Sent | undefined {
    const asked = this.asked[side]
    const answered = this.answered[side]
    const known = this.known[side]
    const at = (oob ? answered?.oob : answered?.inBand) ?? 0
    if (known !== undefined && at >= (oob ? known.oob : known.inBand)) return undefined
    return oob ? asked?.oob[at] : asked?.inBand[at]
  }

  /** The commands that a side may handle next: the oldest in band that waits, and the oldest out of band. */
  private waiting(lane: Lane, side: number): Sent[] {
    const inBand = lane.answering ? undefined : this.nextAnswered(side, false)
    const oob = lane.answeringOob ? undefined : this.nextAnswered(side, true)
    return [inBand, oob].filter(sent => sent !== undefined)
  }

  /** What a query answers in this state, or undefined when it is no query or is not answered now. */
  private query(state: number, side: number, sent: Sent): Json[] | undefined {
    const { states } = this.space.table
    const at = state * this.packed.words
    for (const { query, where, tables } of this.space.queries) {
      if (query.side !== this.sides[side] || query.command !== sent.name || !where(states, at)) continue
      return tables.map((tests, t) => query.tables[t]?.[tests.findIndex(test => test(states, at))]?.match ?? {})
    }
    return undefined
  }

  /** Adds all that can be reached without anything seen, and hands on what the next thing seen of each side allows. */
  private close(here: Nodes, next: readonly (Seen | undefined)[], at: (side: number) => Nodes): void {
    const { space } = this
    const { lanes } = space
    const plans = this.sides.map((): Plan[] => [])
    let all = 0
    let state = 0
    const silent = (row: number, to: number): void => {
      if (this.missing[row] === true) return
      const writer = space.writer[row]
      const written = writer === undefined ? undefined : space.written(row, state, lanes.of(all, writer))
      if (space.ends[row] !== true && written === undefined) {
        this.taken[row] = 1
        this.put(here, to, all, row, state, -1)
        return
      }
      const side = writer ?? space.sideOf[row] ?? -1
      for (const id of written ?? [lanes.of(all, side)]) {
        const lane = space.ended(row, id)
        if (lane < 0) continue
        this.taken[row] = 1
        this.put(here, to, lanes.with(all, side, lane), row, state, -1)
      }
    }
    // The set grows while it is gone through, and holds each node once.
    this.done = 0
    for (;;) {
      const n = this.done < here.count ? this.done++ : this.marker?.pop()
      if (n === undefined) break
      this.marker?.from(here, n)
      state = here.pairs[n * 2] ?? 0
      all = here.pairs[n * 2 + 1] ?? 0
      for (let side = 0; side < this.sides.length; side++) {
        if (this.observed[side] !== true) continue
        const id = lanes.of(all, side)
        const known = plans[side] ?? []
        const plan = known[id] ?? this.plan(side, id, next[side])
        known[id] = plan
        this.follow(plan, state, all, side, here, at)
      }
      space.eachSilent(state, silent)
    }
  }

  /** What the monitor of a side may do next: nothing of it depends on the state. */
  private plan(side: number, id: number, next: Seen | undefined): Plan {
    const { space } = this
    const lane = space.lanes.lane(id)
    const waiting = this.waiting(lane, side)
    const handled = (sent: Sent): Lane => (sent.oob ? { ...lane, answeringOob: true } : { ...lane, answering: true })
    const heard = this.hear(lane, side, next)
    // While a row's events are half said, no other row says any.
    const event = lane.row < 0 ? next : undefined
    return {
      id,
      heard: heard === undefined ? -1 : space.lanes.idOf(heard),
      waits: lane.row < 0 && next?.kind === 'answer' && !next.sent.oob,
      queries: waiting.flatMap(sent => (space.isQuery(sent) ? [{ sent, id: space.lanes.idOf(handled(sent)) }] : [])),
      commands: waiting.flatMap((sent, i) => {
        const group = space.handling(sent, event)
        if (group === undefined) return []
        return [{ group, id: space.lanes.idOf(handled(sent)), not: waiting[i - 1] }]
      }),
      saying: space.saying(this.sides[side] ?? '', event),
    }
  }

  private follow(plan: Plan, state: number, all: number, side: number, here: Nodes, at: (side: number) => Nodes): void {
    const { space } = this
    const { lanes } = space
    if (plan.heard >= 0 && (!plan.waits || space.mayAnswer[side]?.(space.table.states, state * this.packed.words)))
      this.put(at(side), state, lanes.with(all, side, plan.heard), -1, state, side)
    for (const { sent, id } of plan.queries) {
      if (space.asks(sent, state) === true) this.put(here, state, lanes.with(all, side, id), -1, state, -1)
    }
    const take = (row: number, to: number, id: number): void => {
      if (this.missing[row] === true) return
      const said = space.events[row]?.length ?? 0
      for (const from of space.written(row, state, id) ?? [id]) {
        let after = from
        if (said > 1 || space.ends[row] === true) {
          after = space.ended(row, from)
          if (after < 0) continue
          if (said > 1) after = lanes.idOf({ ...lanes.lane(after), row, at: 1 })
        }
        this.taken[row] = 1
        this.put(said > 0 ? at(side) : here, to, lanes.with(all, side, after), row, state, said > 0 ? side : -1)
      }
    }
    for (const { group, id, not } of plan.commands) {
      space.each(group, state, (row, to) => {
        if (not === undefined || !space.isOf(row, not)) take(row, to, id)
      })
    }
    if (plan.saying !== undefined) space.each(plan.saying, state, (row, to) => take(row, to, plan.id))
  }

  /** Where the monitor is after an observation that needs no step: the rest of a row's events, an answer, the end of a process. */
  private hear(lane: Lane, side: number, seen: Seen | undefined): Lane | undefined {
    if (seen === undefined) return undefined
    // A fault may end a process in the middle of a step: between two events, or between one and the end it was to have.
    if (seen.kind === 'exit' && (lane.row >= 0 || typeof lane.exit === 'number') && this.felled[side]?.has(seen.code))
      return { ...lane, row: -1, at: 0, exit: seen.code }
    if (lane.row >= 0) {
      const events = this.space.events[lane.row] ?? []
      if (!this.space.isNext(events[lane.at], seen)) return undefined
      const more = lane.at + 1 < events.length
      return { ...lane, row: more ? lane.row : -1, at: more ? lane.at + 1 : 0 }
    }
    if (seen.kind === 'answer') {
      const answering = seen.sent.oob ? lane.answeringOob : lane.answering
      // Answers come in the order of the commands; one to nothing that was asked never does.
      if (!answering || seen.sent !== this.nextAnswered(side, seen.sent.oob)) return undefined
      return seen.sent.oob ? { ...lane, answeringOob: false } : { ...lane, answering: false }
    }
    return seen.kind === 'exit' && lane.exit === seen.code ? lane : undefined
  }

  private rowsAt(group: Group, state: number): number[] {
    return this.space.rowsAt(group, state).filter(row => this.missing[row] !== true)
  }

  private rests(state: number, all: number): boolean {
    for (let side = 0; side < this.sides.length; side++) {
      const lane = this.space.lanes.lane(this.space.lanes.of(all, side))
      // An answer that the rules hold back is not owed.
      const held = this.space.mayAnswer[side]?.(this.space.table.states, state * this.packed.words) === false
      // Who has ended owes nothing any more, not even the answer to what ended it.
      if (lane.exit !== undefined && lane.row < 0) continue
      if (lane.row >= 0 || (lane.answering && !held) || lane.answeringOob) return false
      for (const sent of this.waiting(lane, side)) {
        if (this.space.asks(sent, state) !== undefined) return false
        if (this.space.handlesAnyhow(sent, state).some(row => this.missing[row] !== true)) return false
      }
    }
    return this.rowsAt(this.owed, state).length === 0
  }
}
