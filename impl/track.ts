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
import { StateTable } from './explore.ts'
import type { FlatQuery, Output, Row } from './flat.ts'
import { matches } from './match.ts'
import { anyOf, type Packed, type Test } from './pack.ts'
import { answers, type Seen, type Sent, speaksOf } from './seen.ts'

/** Where one side's monitor is. */
interface Lane {
  /** A command has been handled and its answer is not seen yet, in band and out of band. */
  readonly answering: boolean
  readonly answeringOob: boolean
  /** A row that has said some of its events and not yet the one numbered `at`. */
  readonly row: number
  readonly at: number
  /** How the process ended: undefined while it lives. */
  readonly exit: number | null | undefined
}

/** A state with its lanes, one a side. */
interface Node {
  readonly state: number
  readonly lanes: readonly number[]
}

interface Successor {
  readonly row: Row
  readonly to: number
}

type Events = readonly Extract<Output, { kind: 'event' }>[]

/** What a side has been asked and how many of it were answered so far. */
interface Asked {
  readonly inBand: Sent[]
  readonly oob: Sent[]
}

const idle: Lane = { answering: false, answeringOob: false, row: -1, at: 0, exit: undefined }

/** What is told to a tracker before it begins. */
export interface TrackOptions {
  /** Sides of which everything that is said is seen; others may say and be told anything. */
  readonly observed: readonly string[]
  /** Whether a fault of this name may happen at this side (`''`: to the whole). */
  readonly fault: (side: string, name: string) => boolean
  /** A rule that is taken to be missing, by id; to see whether a transcript can be explained without it. */
  readonly without?: string
  /** More nodes than this at once is an error, not a verdict. */
  readonly limit?: number
}

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
  private readonly table: StateTable
  private readonly successors: (readonly Successor[] | undefined)[] = []
  private readonly lanes: Lane[] = [idle]
  private readonly laneIds = new Map<string, number>()
  private readonly sides: readonly string[]
  private readonly observed: readonly boolean[]
  private readonly options: TrackOptions
  private readonly events: readonly Events[]
  private readonly queries: {
    readonly query: FlatQuery
    readonly where: Test
    readonly tables: readonly (readonly Test[])[]
  }[]
  private readonly mayAnswer: readonly Test[]
  private readonly asked: Asked[]
  private readonly answered: { inBand: number; oob: number }[]
  private readonly fitting = new Map<Sent, ReadonlySet<number>>()
  private pending: Seen[][]
  private nodes: Map<number, Node>
  /** Ids of the rules that any explanation so far has tried. */
  readonly tried = new Set<string>()
  /** For reports: the nodes that came furthest, by position. */
  furthest: readonly Node[] = []

  constructor(packed: Packed, options: TrackOptions) {
    this.packed = packed
    this.options = options
    this.table = new StateTable(packed.words, 4096)
    this.sides = packed.flat.sides
    this.observed = this.sides.map(side => options.observed.includes(side))
    this.laneIds.set(JSON.stringify(idle), 0)
    this.mayAnswer = packed.flat.answered.map(cells => anyOf(packed, [cells]))
    this.asked = this.sides.map(() => ({ inBand: [], oob: [] }))
    this.answered = this.sides.map(() => ({ inBand: 0, oob: 0 }))
    this.pending = this.sides.map(() => [])
    this.events = packed.flat.rows.map(row => row.outputs.filter(output => output.kind === 'event'))
    this.queries = packed.flat.queries.map(query => ({
      query,
      where: anyOf(packed, [query.where]),
      tables: query.tables.map(table => table.map(({ cells }) => anyOf(packed, [cells]))),
    }))
    this.nodes = new Map()
    for (let at = 0; at < packed.starts.length; at += packed.words) {
      this.put(this.nodes, { state: this.table.add(packed.starts, at), lanes: this.sides.map(() => 0) })
    }
  }

  /** How many states, with their monitors, are possible now. */
  get size(): number {
    return this.nodes.size
  }

  /** Something was seen of a side; it is explained at the next `settle`. */
  see(side: string, seen: Seen): void {
    this.pending[this.sides.indexOf(side)]?.push(seen)
  }

  /** A command was sent to a side.  All that was seen before it has to be explained before it can take effect. */
  send(side: string, sent: Sent): Stuck | undefined {
    const stuck = this.settle()
    const asked = this.asked[this.sides.indexOf(side)]
    if (sent.oob) asked?.oob.push(sent)
    else asked?.inBand.push(sent)
    const rows = this.packed.flat.rows.filter(
      row => row.rule.side === side && speaksOf(row, sent.name, sent.arguments) && answers(row, sent),
    )
    this.fitting.set(sent, new Set(rows.map(row => row.id)))
    return stuck
  }

  /** Explains all that is pending.  When that cannot be, says how far it could be; the tracker is then of no more use. */
  settle(): Stuck | undefined {
    if (this.pending.every(list => list.length === 0)) return undefined
    const [first = [], second = []] = this.pending
    const width = second.length + 1
    const grid: (Map<number, Node> | undefined)[] = new Array((first.length + 1) * width)
    grid[0] = this.nodes
    const before = this.answered.map(counts => ({ ...counts }))
    let best = -1
    let reached = [0, 0]
    for (let i = 0; i <= first.length; i++) {
      for (let j = 0; j < width; j++) {
        const here = grid[i * width + j]
        if (here === undefined || here.size === 0) continue
        this.answered[0] = this.count(before[0], first, i)
        if (this.answered.length > 1) this.answered[1] = this.count(before[1], second, j)
        const next = [first[i], second[j]]
        const at = (side: number): Map<number, Node> => {
          const cell = side === 0 ? (i + 1) * width + j : i * width + j + 1
          const map = grid[cell] ?? new Map<number, Node>()
          grid[cell] = map
          return map
        }
        this.close(here, next, at)
        if (i + j > best) {
          best = i + j
          reached = [i, j]
          this.furthest = [...here.values()]
        }
        if (i < first.length || j < second.length) grid[i * width + j] = undefined
      }
    }
    const end = grid[grid.length - 1]
    if (end === undefined || end.size === 0) {
      this.answered[0] = this.count(before[0], first, reached[0] ?? 0)
      if (this.answered.length > 1) this.answered[1] = this.count(before[1], second, reached[1] ?? 0)
      return { reached }
    }
    this.nodes = end
    this.pending = this.sides.map(() => [])
    return undefined
  }

  /** The pending observations of a side, for reports. */
  pendingOf(side: string): readonly Seen[] {
    return this.pending[this.sides.indexOf(side)] ?? []
  }

  /**
   * Keeps only the states in which nothing more must come: no step is owed, no
   * event is half said, and no in-band command could still be handled, except
   * that `unanswered` ones are known to wait.  False when there is none; the set is then unchanged.
   */
  rest(): boolean {
    this.close(this.nodes, [], () => new Map())
    const left = new Map([...this.nodes].filter(([, node]) => this.rests(node)))
    if (left.size === 0) return false
    this.nodes = left
    return true
  }

  /** Whether all states that are possible now pass a test. */
  all(test: Test): boolean {
    return [...this.nodes.values()].every(node => test(this.table.states, node.state * this.packed.words))
  }

  /** Whether some state that is possible now passes a test. */
  some(test: Test): boolean {
    return [...this.nodes.values()].some(node => test(this.table.states, node.state * this.packed.words))
  }

  /** The steps that are owed in the states possible now, with in how many: why `rest` said no. */
  due(): readonly { readonly id: string; readonly states: number }[] {
    const counts = new Map<string, number>()
    for (const node of this.nodes.values()) {
      const ids = new Set(this.successorsOf(node.state).flatMap(({ row }) => (row.owed ? [row.rule.id] : [])))
      for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    return [...counts].map(([id, states]) => ({ id, states })).sort((a, b) => b.states - a.states)
  }

  /** The packed states of the nodes that came furthest, without doubles. */
  possible(): { readonly states: Int32Array; readonly at: readonly number[] } {
    const source = this.furthest.length > 0 ? this.furthest : [...this.nodes.values()]
    const at = [...new Set(source.map(node => node.state))].map(state => state * this.packed.words)
    return { states: this.table.states, at }
  }

  /** What could be seen next of a side from the nodes that came furthest: each thing once, with how many states allow it. */
  couldCome(side: string): { readonly said: Output; readonly states: number }[] {
    const index = this.sides.indexOf(side)
    const found = new Map<string, { said: Output; states: number }>()
    const note = (said: Output) => {
      const key = JSON.stringify(said)
      const known = found.get(key) ?? { said, states: 0 }
      found.set(key, { said, states: known.states + 1 })
    }
    for (const node of this.furthest) {
      const lane = this.laneOf(node, index)
      const half = this.events[lane.row]?.[lane.at]
      if (half !== undefined) {
        note(half)
        continue
      }
      for (const { row } of this.successorsOf(node.state)) {
        if (row.rule.side !== side) continue
        if (row.cause?.kind === 'fault' && !this.options.fault(side, row.cause.name)) continue
        if (row.cause?.kind === 'command') {
          const sent = this.waiting(lane, index).find(s => speaksOf(row, s.name, s.arguments))
          if (sent === undefined) continue
          for (const said of row.outputs) if (said.kind !== 'sends') note(said)
          continue
        }
        const event = this.events[row.id]?.[0]
        if (event !== undefined) note(event)
      }
      for (const sent of this.waiting(lane, index)) {
        const match = this.query(node, index, sent)
        for (const said of match ?? []) note({ side, kind: 'returns', match: said })
      }
    }
    return [...found.values()].sort((a, b) => b.states - a.states)
  }

  private count(
    before: { inBand: number; oob: number } | undefined,
    list: readonly Seen[],
    upTo: number,
  ): { inBand: number; oob: number } {
    const seen = list.slice(0, upTo).filter(item => item.kind === 'answer')
    const oob = seen.filter(item => item.sent.oob).length
    return { inBand: (before?.inBand ?? 0) + seen.length - oob, oob: (before?.oob ?? 0) + oob }
  }

  private laneOf(node: Node, side: number): Lane {
    return this.lanes[node.lanes[side] ?? 0] ?? idle
  }

  private laneId(lane: Lane): number {
    // JSON has no undefined: a process that lives has no `exit` member.
    const key = JSON.stringify(lane)
    const known = this.laneIds.get(key)
    if (known !== undefined) return known
    this.laneIds.set(key, this.lanes.length)
    return this.lanes.push(lane) - 1
  }

  private put(into: Map<number, Node>, node: Node): boolean {
    let key = node.state
    for (const lane of node.lanes) key = key * 16384 + lane
    if (into.has(key)) return false
    into.set(key, node)
    if (into.size > (this.options.limit ?? 2_000_000))
      throw new TrackLimitError(`more than ${into.size - 1} states are possible at once`)
    return true
  }

  private successorsOf(state: number): readonly Successor[] {
    const known = this.successors[state]
    if (known !== undefined) return known
    const next = new Int32Array(this.packed.words)
    const found: Successor[] = []
    // The table may move its states while it grows, so the state is copied first.
    const here = this.table.states.slice(state * this.packed.words, (state + 1) * this.packed.words)
    this.packed.step(here, 0, next, id => {
      const row = this.packed.flat.rows[id]
      if (row !== undefined && row.rule.id !== this.options.without) found.push({ row, to: this.table.add(next, 0) })
    })
    this.successors[state] = found
    return found
  }

  /** The oldest command of a side, in band or out of band, that is not answered yet. */
  private nextAnswered(side: number, oob: boolean): Sent | undefined {
    const asked = this.asked[side]
    const answered = this.answered[side]
    return oob ? asked?.oob[answered?.oob ?? 0] : asked?.inBand[answered?.inBand ?? 0]
  }

  /** The commands that a side may handle next: the oldest in band that waits, and the oldest out of band. */
  private waiting(lane: Lane, side: number): Sent[] {
    const inBand = lane.answering ? undefined : this.nextAnswered(side, false)
    const oob = lane.answeringOob ? undefined : this.nextAnswered(side, true)
    return [inBand, oob].filter(sent => sent !== undefined)
  }

  /** What a query answers in this state, or undefined when it is no query or is not answered now. */
  private query(node: Node, side: number, sent: Sent): Json[] | undefined {
    const at = node.state * this.packed.words
    for (const { query, where, tables } of this.queries) {
      if (query.side !== this.sides[side] || query.command !== sent.name || !where(this.table.states, at)) continue
      return tables.map(
        (tests, t) => query.tables[t]?.[tests.findIndex(test => test(this.table.states, at))]?.match ?? {},
      )
    }
    return undefined
  }

  /** Adds all that can be reached without anything seen, and hands on what the next thing seen of each side allows. */
  private close(
    here: Map<number, Node>,
    next: readonly (Seen | undefined)[],
    at: (side: number) => Map<number, Node>,
  ): void {
    const work = [...here.values()]
    const stay = (node: Node): void => {
      if (this.put(here, node)) work.push(node)
    }
    for (let node = work.pop(); node !== undefined; node = work.pop()) {
      for (let side = 0; side < this.sides.length; side++) {
        if (!this.observed[side]) continue
        this.hear(node, side, next[side], at)
        this.handleQuery(node, side, stay)
      }
      for (const successor of this.successorsOf(node.state)) this.take(node, successor, next, stay, at)
    }
  }

  private with(node: Node, side: number, lane: Lane, state = node.state): Node {
    const lanes = [...node.lanes]
    lanes[side] = this.laneId(lane)
    return { state, lanes }
  }

  /** Explains an observation that needs no step: the rest of a row's events, an answer, the end of a process. */
  private hear(node: Node, side: number, seen: Seen | undefined, at: (side: number) => Map<number, Node>): void {
    if (seen === undefined) return
    const lane = this.laneOf(node, side)
    if (lane.row >= 0) {
      const events = this.events[lane.row] ?? []
      const event = events[lane.at]
      if (seen.kind !== 'event' || event?.name !== seen.name || !matches(event.data, seen.data)) return
      const more = lane.at + 1 < events.length
      this.put(at(side), this.with(node, side, { ...lane, row: more ? lane.row : -1, at: more ? lane.at + 1 : 0 }))
    } else if (seen.kind === 'answer') {
      const answering = seen.sent.oob ? lane.answeringOob : lane.answering
      // Answers come in the order of the commands; one to nothing that was asked never does.
      if (!answering || seen.sent !== this.nextAnswered(side, seen.sent.oob)) return
      if (!seen.sent.oob && this.mayAnswer[side]?.(this.table.states, node.state * this.packed.words) === false) return
      this.put(
        at(side),
        this.with(node, side, seen.sent.oob ? { ...lane, answeringOob: false } : { ...lane, answering: false }),
      )
    } else if (seen.kind === 'exit' && lane.exit === seen.code) {
      this.put(at(side), node)
    }
  }

  private handleQuery(node: Node, side: number, stay: (node: Node) => void): void {
    const lane = this.laneOf(node, side)
    for (const sent of this.waiting(lane, side)) {
      const match = this.query(node, side, sent)
      if (match === undefined) continue
      const { answer } = sent
      if (answer !== undefined && !('returns' in answer && match.every(part => matches(part, answer.returns)))) continue
      stay(this.with(node, side, sent.oob ? { ...lane, answeringOob: true } : { ...lane, answering: true }))
    }
  }

  private take(
    node: Node,
    { row, to }: Successor,
    next: readonly (Seen | undefined)[],
    stay: (node: Node) => void,
    at: (side: number) => Map<number, Node>,
  ): void {
    const side = this.sides.indexOf(row.rule.side)
    if (row.cause?.kind === 'fault' && !this.options.fault(row.rule.side, row.cause.name)) return
    if (side < 0 || !this.observed[side]) {
      this.tried.add(row.rule.id)
      stay({ state: to, lanes: node.lanes })
      return
    }
    let lane = this.laneOf(node, side)
    const events = this.events[row.id] ?? []
    if (lane.row >= 0 && events.length > 0) return
    if (row.cause?.kind === 'command') {
      const sent = this.waiting(lane, side).find(s => this.fitting.get(s)?.has(row.id))
      if (sent === undefined) return
      lane = sent.oob ? { ...lane, answeringOob: true } : { ...lane, answering: true }
    }
    for (const output of row.outputs) {
      if (output.kind !== 'exits') continue
      // A process that ends by itself has answered what it was asked; one that is killed may not have.
      if (output.code !== null && lane.answering) return
      lane = { ...lane, exit: output.code }
    }
    if (events.length === 0) {
      this.tried.add(row.rule.id)
      stay(this.with(node, side, lane, to))
      return
    }
    const seen = next[side]
    const event = events[0]
    if (seen?.kind !== 'event' || event?.name !== seen.name || !matches(event.data, seen.data)) return
    this.tried.add(row.rule.id)
    if (events.length > 1) lane = { ...lane, row: row.id, at: 1 }
    this.put(at(side), this.with(node, side, lane, to))
  }

  private rests(node: Node): boolean {
    for (let side = 0; side < this.sides.length; side++) {
      const lane = this.laneOf(node, side)
      if (lane.row >= 0 || lane.answering || lane.answeringOob) return false
      for (const sent of this.waiting(lane, side)) {
        if (this.query(node, side, sent) !== undefined) return false
        if (
          this.successorsOf(node.state).some(
            ({ row }) => row.rule.side === this.sides[side] && speaksOf(row, sent.name, sent.arguments),
          )
        )
          return false
      }
    }
    return !this.successorsOf(node.state).some(({ row }) => row.owed)
  }
}
