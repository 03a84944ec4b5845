/**
 * What every way that explains a transcript comes to.
 *
 * A transcript has many explanations, and of two states that are possible at
 * its end one may have come about by a way that breaks a promise and the other
 * not.  So of each node it is kept which promises some way there has not
 * broken; what no way is spared, the transcript breaks for certain.
 *
 * An observer needs no state of its own: it reads what a side says, and of a
 * side that is watched all that is said is known.
 */
import type { Observer } from '../spec/lang.ts'
import type { StateTable } from './engine-table.ts'
import type { Cell, Flat, Output } from './flat.ts'
import type { Lanes } from './lanes.ts'
import type { Nodes } from './nodes.ts'
import { followed } from './observer.ts'
import { anyOf, type Packed, type Test } from './pack.ts'
import type { Seen } from './seen.ts'

/** Where something is as it should not be: what variables are, and what observers are, by their numbers. */
export interface Spot {
  readonly cells: readonly Cell[]
  readonly watched: readonly { readonly observer: number; readonly from: number }[]
}

/** Something that every explanation may come to. */
export interface Mark {
  /** Any of these; with `rows`, where such a row is taken. */
  readonly spots: readonly Spot[]
  /** Not the state alone, but one of these rows taken there. */
  readonly rows?: ReadonlySet<number>
  /** Rows after which nothing of it is asked of a way any more. */
  readonly without: ReadonlySet<number>
  /** A way that does not begin like this is not asked at all. */
  readonly outset: readonly Cell[]
}

/** What is asked of all explanations. */
export interface Marking {
  readonly observers: readonly Observer[]
  readonly marks: readonly Mark[]
}

/** No more marks than this can be followed at once. */
export const MARKS = 31

/** The side that an observer follows, where it is one only. */
export function sideOf({ follows }: Observer, flat: Flat): number | undefined {
  const sides = new Set(follows.map(({ side }) => flat.sides.indexOf(side)))
  const [only] = sides
  return sides.size === 1 && only !== undefined && only >= 0 ? only : undefined
}

interface Place {
  /** What the observers of all sides are, where no row is half said. */
  readonly values: readonly number[]
  readonly id: number
  /** The same for monitors that are in the middle of a row, or whose process has ended, by their number. */
  readonly others: Map<number, number>
}

/** Follows which marks some way to each node is spared. */
export class Marker {
  /** Marks that some way to the node that is followed has not come to, and those it need not answer for any more. */
  private clean = 0
  private free = 0
  readonly all: number
  private readonly packed: Packed
  private readonly table: StateTable
  private readonly lanes: Lanes
  private readonly events: readonly (readonly Output[])[]
  private readonly observers: readonly { readonly observer: Observer; readonly side: number }[]
  private readonly tests: readonly {
    readonly bit: number
    readonly spots: readonly { readonly test: Test; readonly watched: Spot['watched'] }[]
  }[]
  private readonly taking: readonly { readonly bit: number; readonly rows: ReadonlySet<number>; readonly test: Test }[]
  private readonly freeing = new Map<number, number>()
  private readonly outsets: readonly Test[]
  private readonly ids = new Map<string, number>()
  private readonly known: Int32Array[] = []
  private readonly valuesOf: (readonly number[])[] = []
  private readonly now: number[]
  private prefixes: (readonly number[])[] = []
  private here: Place
  private next: readonly Place[] = []
  /** Nodes that were gone through before and to which a better way was found. */
  private readonly again: number[] = []

  constructor(
    packed: Packed,
    space: {
      readonly table: StateTable
      readonly lanes: Lanes
      readonly events: readonly (readonly Output[])[]
    },
    { observers, marks }: Marking,
  ) {
    if (marks.length > MARKS) throw new RangeError(`no more than ${MARKS} marks can be followed at once`)
    this.packed = packed
    this.table = space.table
    this.lanes = space.lanes
    this.events = space.events
    this.all = 2 ** marks.length - 1
    this.observers = observers.map(observer => ({ observer, side: sideOf(observer, packed.flat) ?? -1 }))
    this.tests = marks.flatMap(({ spots, rows }, i) =>
      rows === undefined
        ? [{ bit: 1 << i, spots: spots.map(({ cells, watched }) => ({ test: anyOf(packed, [cells]), watched })) }]
        : [],
    )
    this.taking = marks.flatMap(({ spots, rows }, i) =>
      rows === undefined
        ? []
        : [{ bit: 1 << i, rows, test: anyOf(packed, spots.length === 0 ? [[]] : spots.map(({ cells }) => cells)) }],
    )
    this.outsets = marks.map(({ outset }) => anyOf(packed, [outset]))
    marks.forEach(({ without }, i) => {
      for (const row of without) this.freeing.set(row, (this.freeing.get(row) ?? 0) | (1 << i))
    })
    this.now = observers.map(() => 0)
    this.here = this.placeOf(this.now)
  }

  private placeOf(values: readonly number[]): Place {
    return { values, id: this.idOf(values), others: new Map() }
  }

  private idOf(values: readonly number[]): number {
    const key = values.join()
    const id = this.ids.get(key) ?? this.ids.size
    this.ids.set(key, id)
    this.valuesOf[id] = values
    return id
  }

  /** These will be explained next: what observers are after each of them. */
  expect(pending: readonly (readonly (Seen | { readonly kind: 'sent' })[])[]): void {
    this.prefixes = this.observers.map(({ observer, side }, o) => {
      let value = this.now[o] ?? 0
      const found = [value]
      for (const seen of pending[side] ?? []) {
        if (seen.kind === 'event')
          value = followed(observer, value, { side: this.packed.flat.sides[side] ?? '', ...seen })
        found.push(value)
      }
      return found
    })
  }

  /** So much of each side is explained. */
  enter(at: readonly number[]): void {
    const valuesAt = (more: number): number[] =>
      this.observers.map(({ side }, o) => {
        const prefix = this.prefixes[o] ?? []
        const n = (at[side] ?? 0) + (side === more ? 1 : 0)
        return prefix[Math.min(n, prefix.length - 1)] ?? this.now[o] ?? 0
      })
    this.here = this.placeOf(valuesAt(-1))
    this.next = this.packed.flat.sides.map((_, side) => this.placeOf(valuesAt(side)))
  }

  /** All of them are explained. */
  settle(): void {
    this.observers.forEach((_, o) => {
      this.now[o] = this.prefixes[o]?.at(-1) ?? this.now[o] ?? 0
    })
    this.prefixes = []
    this.here = this.placeOf([...this.now])
    this.next = this.packed.flat.sides.map(() => this.here)
  }

  /** What comes next is how it goes on from this node. */
  from(nodes: Nodes, n: number): void {
    this.clean = nodes.marks[n * 2] ?? 0
    this.free = nodes.marks[n * 2 + 1] ?? 0
  }

  /** What comes next has no way before it. */
  begin(state: number): void {
    this.free = 0
    this.outsets.forEach((test, i) => {
      if (!test(this.table.states, state * this.packed.words)) this.free |= 1 << i
    })
    this.clean = this.all & ~this.free
  }

  /** A node whose ways are to be gone again. */
  pop(): number | undefined {
    return this.again.pop()
  }

  /**
   * A step leads to a node: by this row where it is one, on this side's next observation where it explains one.
   * `done` is how many nodes of the set were gone through already.
   */
  reach(into: Nodes, n: number, row: number, from: number, side: number, done: number): void {
    const state = into.pairs[n * 2] ?? 0
    const lanes = into.pairs[n * 2 + 1] ?? 0
    let { clean, free } = this
    if (row >= 0) {
      for (const { bit, rows, test } of this.taking)
        if ((clean & bit) !== 0 && rows.has(row) && test(this.table.states, from * this.packed.words)) clean &= ~bit
      const freed = this.freeing.get(row)
      if (freed !== undefined) {
        free |= clean & freed
        clean &= ~freed
      }
    }
    if (clean !== 0)
      clean &= ~this.brokenAt(state, this.valuesAt(side < 0 ? this.here : (this.next[side] ?? this.here), lanes))
    const { marks } = into
    const cleanBefore = marks[n * 2] ?? 0
    const freeBefore = marks[n * 2 + 1] ?? 0
    if (((clean & ~cleanBefore) | (free & ~freeBefore)) === 0) return
    marks[n * 2] = cleanBefore | clean
    marks[n * 2 + 1] = freeBefore | free
    if (n < done) this.again.push(n)
  }

  /** What observers are in a node: the events of a row that is half said they have seen already. */
  private valuesAt(place: Place, lanes: number): number {
    if (this.observers.length === 0 || lanes === 0) return place.id
    const known = place.others.get(lanes)
    if (known !== undefined) return known
    const values = this.observers.map(({ observer, side }, o) => {
      const lane = this.lanes.lane(this.lanes.of(lanes, side))
      // A process that was ended in the middle of a step did not say the rest of it.
      if (lane.exit !== undefined) return -1
      const left = lane.row < 0 ? [] : (this.events[lane.row] ?? []).slice(lane.at)
      return left.reduce((value, output) => followed(observer, value, output), place.values[o] ?? 0)
    })
    const id = this.idOf(values)
    place.others.set(lanes, id)
    return id
  }

  private brokenAt(state: number, values: number): number {
    let known = this.known[values]
    if (known === undefined || state >= known.length) {
      const grown = new Int32Array(Math.max(1024, state + 1, (known?.length ?? 0) * 2))
      if (known !== undefined) grown.set(known)
      this.known[values] = grown
      known = grown
    }
    const before = known[state] ?? 0
    if (before < 0) return before & this.all
    const at = state * this.packed.words
    const are = this.valuesOf[values] ?? []
    let broken = 0
    for (const { bit, spots } of this.tests) {
      const holds = spots.some(
        ({ test, watched }) =>
          watched.every(({ observer, from }) => {
            const value = are[observer] ?? -1
            return value >= 0 && ((from >>> value) & 1) === 1
          }) && test(this.table.states, at),
      )
      if (holds) broken |= bit
    }
    known[state] = broken | (1 << 31)
    return broken
  }

  /** Which marks some way to one of these nodes is spared. */
  spared(nodes: Nodes): number {
    let spared = 0
    for (let n = 0; n < nodes.count; n++) spared |= (nodes.marks[n * 2] ?? 0) | (nodes.marks[n * 2 + 1] ?? 0)
    return spared
  }

  /** Which marks some way to one of these nodes need not answer for. */
  freed(nodes: Nodes): number {
    let freed = 0
    for (let n = 0; n < nodes.count; n++) freed |= nodes.marks[n * 2 + 1] ?? 0
    return freed
  }

  /** What the observers are, by their numbers, now that all is explained, in a node; -1 where nobody can say. */
  readings(lanes: number): readonly number[] {
    return this.valuesOf[this.valuesAt(this.here, lanes)] ?? []
  }
}
