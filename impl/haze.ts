/**
 * Where a system may be of which nobody saw the beginning.
 *
 * Of each variable it is kept which values it may have: a box of states.  To
 * begin with that is all that any step gives it, which is more than can really
 * be together, never less.  What is seen narrows it: a rule that says what was
 * seen wants some values, and leaves others.  So whatever is found to be
 * impossible is, and what is found possible may not be.
 *
 * One side is followed; the others do as they like.
 */
import type { Json } from '../spec/lang.ts'
import type { Letter, SentLetter } from './alphabet.ts'
import type { Cell, Output, Row } from './flat.ts'
import { type Lane, Lanes } from './lanes.ts'
import { matches } from './match.ts'
import type { Packed } from './pack.ts'
import { answers, type Seen, type Sent, speaksOf } from './seen.ts'
import { Slice } from './slice.ts'

type Event = Extract<Output, { kind: 'event' }>

/** For each variable the values that it may have, as bits. */
export type Box = Int32Array

/** Boxes, with where the monitor is. */
interface Cloud {
  readonly boxes: Box[]
  readonly lanes: number[]
}

/** Where a follower of this kind is. */
export interface HazyPlace {
  readonly id: number
  readonly cloud: Cloud
  readonly inBand: readonly Sent[]
  readonly oob: readonly Sent[]
  /** Whether commands that nobody saw may still be waiting: until one that was sent later is answered. */
  readonly wild: boolean
  readonly next: (HazyPlace | null | undefined)[]
}

/** More boxes than this become one for each state of the monitor. */
const BOXES = 256
/** Numbers that are kept before all is forgotten and found anew. */
const MEMORY = 6_000_000

const passes = (box: Box, cells: readonly Cell[]): boolean => {
  for (const { variable, from } of cells) if (((box[variable] ?? 0) & from) === 0) return false
  return true
}

/** The box after a row, or after a test. */
const after = (box: Box, cells: readonly Cell[]): Box => {
  const next = box.slice()
  for (const { variable, from, to } of cells) next[variable] = to >= 0 ? 1 << to : (next[variable] ?? 0) & from
  return next
}

const holds = (outer: Box, inner: Box): boolean => {
  for (let i = 0; i < outer.length; i++) if (((inner[i] ?? 0) & ~(outer[i] ?? 0)) !== 0) return false
  return true
}

/** What rules make of a command. */
interface Known {
  readonly rows: readonly Row[]
  /** For each query what narrows the box to where it is answered so; each way is a list of tests. */
  readonly ways: readonly (readonly Cell[])[]
  readonly isQuery: boolean
}

/** Follows one side from an unknown beginning. */
export class Haze {
  readonly packed: Packed
  place: HazyPlace
  private readonly side: number
  private readonly lanes = new Lanes(1)
  private readonly top: Box
  private readonly silent: readonly Row[]
  private readonly speaking = new Map<string, Row[]>()
  private readonly several: readonly Row[]
  /** What commands set off, whatever they are: rows that show nothing, and rows by their first event. */
  private readonly wildSilent: readonly Row[]
  private readonly wildSpeaking = new Map<string, Row[]>()
  private readonly events: readonly (readonly Event[])[]
  private readonly ends: readonly (readonly (number | null)[])[]
  private readonly known = new Map<Sent, Known>()
  private readonly felled: ReadonlySet<number | null>
  private readonly numbers = new Map<Sent, number>()
  private places = new Map<string, HazyPlace[]>()
  private kept = 0
  private count = 0
  private closed: Cloud | undefined

  /** `fault` says which faults may happen; `mute`, that events are not seen. */
  constructor(packed: Packed, side: string, fault: (side: string, name: string) => boolean, mute = false) {
    const { flat } = packed
    this.packed = packed
    this.side = flat.sides.indexOf(side)
    this.events = flat.rows.map(row =>
      row.rule.side === side && !mute ? row.outputs.filter(output => output.kind === 'event') : [],
    )
    this.ends = flat.rows.map(row =>
      row.rule.side === side ? row.outputs.flatMap(output => (output.kind === 'exits' ? [output.code] : [])) : [],
    )
    const may = flat.rows.filter(row => row.cause?.kind !== 'fault' || fault(row.rule.side, row.cause.name))
    const slice = new Slice(flat)
    slice.allow(may.map(({ id }) => id))
    this.top = Int32Array.from(slice.values)
    const own = may.filter(row => slice.has(row.id))
    const shows = (row: Row) =>
      row.rule.side === side && (row.cause?.kind === 'command' || (this.events[row.id]?.length ?? 0) > 0)
    this.silent = own.filter(row => !shows(row))
    this.several = own.filter(({ id }) => (this.events[id]?.length ?? 0) > 1)
    this.wildSilent = own.filter(row => shows(row) && (this.events[row.id]?.length ?? 0) === 0)
    for (const row of own) {
      const [event] = this.events[row.id] ?? []
      if (event === undefined) continue
      const into = row.cause?.kind === 'command' ? this.wildSpeaking : this.speaking
      const list = into.get(event.name) ?? []
      into.set(event.name, list)
      list.push(row)
    }
    this.felled = new Set(
      own.flatMap(row => (row.cause?.kind === 'fault' && row.cause.side === side ? (this.ends[row.id] ?? []) : [])),
    )
    this.place = this.anywhere()
  }

  /** All that may be, since nobody knows what was before; also a row that has said some of its events already. */
  private anywhere(): HazyPlace {
    // A command may have been handled whose answer is still to come.
    const lanes = [0, this.lanes.idOf({ ...this.lanes.lane(0), answering: true })]
    for (const { id } of this.several) {
      const { length } = this.events[id] ?? []
      for (let at = 1; at < length; at++) lanes.push(this.lanes.idOf({ ...this.lanes.lane(0), row: id, at }))
    }
    return this.placeOf({ boxes: lanes.map(() => this.top), lanes }, [], [], true)
  }

  /** Forgets what was before: lines were lost. */
  lose(): void {
    this.place = this.anywhere()
  }

  /** How many boxes there are. */
  get size(): number {
    return this.place.cloud.boxes.length
  }

  /** Goes where something that is told leads; stays, and says no, where nothing explains it. */
  tell(letter: Letter): boolean {
    const { place } = this
    let to = place.next[letter.id]
    if (to === undefined) {
      to = letter.kind === 'sent' ? this.send(place, letter) : (this.see(place, letter.seen) ?? null)
      place.next[letter.id] = to
    }
    if (to === null) return false
    this.place = to
    if (this.kept > MEMORY) this.forget()
    return true
  }

  private send(place: HazyPlace, { sent }: SentLetter): HazyPlace {
    return this.placeOf(
      place.cloud,
      sent.oob ? place.inBand : [...place.inBand, sent],
      sent.oob ? [...place.oob, sent] : place.oob,
      place.wild,
    )
  }

  private see(place: HazyPlace, seen: Seen): HazyPlace | undefined {
    const cloud = this.expand(place, seen)
    if (cloud.boxes.length === 0) return undefined
    if (seen.kind !== 'answer' || seen.sent.name === '') return this.placeOf(cloud, place.inBand, place.oob, place.wild)
    return this.placeOf(
      cloud,
      seen.sent.oob ? place.inBand : place.inBand.slice(1),
      seen.sent.oob ? place.oob.slice(1) : place.oob,
      place.wild && seen.sent.oob,
    )
  }

  /** All that follows from a place, and of it what the next thing seen leaves. */
  private expand(place: HazyPlace, next: Seen | undefined): Cloud {
    const here: Cloud = { boxes: [...place.cloud.boxes], lanes: [...place.cloud.lanes] }
    const out: Cloud = { boxes: [], lanes: [] }
    const answered = this.packed.flat.answered[this.side] ?? []
    let most = Math.max(BOXES, here.boxes.length * 2)
    for (let n = 0; n < here.boxes.length; n++) {
      const box = here.boxes[n]
      if (box === undefined) break
      const id = here.lanes[n] ?? 0
      const lane = this.lanes.lane(id)
      const heard = this.hear(lane, place, next)
      if (heard !== undefined) {
        const waits = lane.row < 0 && next?.kind === 'answer' && !next.sent.oob
        if (!waits) this.put(out, box, heard)
        else if (passes(box, answered)) this.put(out, after(box, answered), heard)
      }
      const event = lane.row < 0 ? next : undefined
      const take = (row: Row, from: Lane): void => {
        if (!passes(box, row.cells)) return
        const [first, ...more] = this.events[row.id] ?? []
        if (first !== undefined && !this.isNext(first, event)) return
        let to: Lane | undefined = this.ended(row, from)
        if (to === undefined) return
        if (more.length > 0) to = { ...to, row: row.id, at: 1 }
        this.put(first === undefined ? here : out, after(box, row.cells), to)
      }
      for (const sent of this.waiting(lane, place)) {
        const handled = sent.oob ? { ...lane, answeringOob: true } : { ...lane, answering: true }
        const { rows, ways } = this.knownOf(sent)
        for (const cells of ways) if (passes(box, cells)) this.put(here, after(box, cells), handled)
        for (const row of rows) take(row, handled)
      }
      if (event?.kind === 'event') for (const row of this.speaking.get(event.name) ?? []) take(row, lane)
      for (const row of this.silent) take(row, lane)
      if (place.wild && !lane.answering) {
        const handled = { ...lane, answering: true }
        this.put(here, box, handled)
        if (event?.kind === 'event') for (const row of this.wildSpeaking.get(event.name) ?? []) take(row, handled)
        for (const row of this.wildSilent) take(row, handled)
      }
      if (here.boxes.length > most) {
        this.join(here)
        most = Math.max(BOXES, here.boxes.length * 2)
        n = -1
      }
      if (out.boxes.length > BOXES * 2) this.join(out)
    }
    this.closed = here
    return out
  }

  /** One box for each state of the monitor: more than there was, never less. */
  private join(cloud: Cloud): void {
    const joined = new Map<number, Box>()
    cloud.lanes.forEach((lane, i) => {
      const box = cloud.boxes[i]
      const known = joined.get(lane)
      if (box === undefined) return
      if (known === undefined) joined.set(lane, box.slice())
      else for (let v = 0; v < known.length; v++) known[v] = (known[v] ?? 0) | (box[v] ?? 0)
    })
    cloud.boxes.length = 0
    cloud.lanes.length = 0
    for (const [lane, box] of joined) {
      cloud.boxes.push(box)
      cloud.lanes.push(lane)
    }
  }

  private put(into: Cloud, box: Box, lane: Lane): void {
    const id = this.lanes.idOf(lane)
    for (let i = 0; i < into.boxes.length; i++) {
      const known = into.boxes[i]
      if (into.lanes[i] === id && known !== undefined && holds(known, box)) return
    }
    into.boxes.push(box)
    into.lanes.push(id)
  }

  private ended(row: Row, lane: Lane): Lane | undefined {
    let to = lane
    for (const code of this.ends[row.id] ?? []) {
      if (code !== null && to.answering) return undefined
      to = { ...to, exit: code }
    }
    return to
  }

  private isNext(event: Event | undefined, next: Seen | undefined): boolean {
    return next?.kind === 'event' && event?.name === next.name && matches(event.data, next.data)
  }

  private waiting(lane: Lane, { inBand, oob }: HazyPlace): Sent[] {
    return [lane.answering ? undefined : inBand[0], lane.answeringOob ? undefined : oob[0]].filter(
      sent => sent !== undefined,
    )
  }

  private hear(lane: Lane, { inBand, oob, wild }: HazyPlace, seen: Seen | undefined): Lane | undefined {
    if (seen === undefined) return undefined
    if (seen.kind === 'exit' && (lane.row >= 0 || typeof lane.exit === 'number') && this.felled.has(seen.code))
      return { ...lane, row: -1, at: 0, exit: seen.code }
    if (lane.row >= 0) {
      const events = this.events[lane.row] ?? []
      if (!this.isNext(events[lane.at], seen)) return undefined
      const more = lane.at + 1 < events.length
      return { ...lane, row: more ? lane.row : -1, at: more ? lane.at + 1 : 0 }
    }
    if (seen.kind === 'answer') {
      const { sent } = seen
      // To what was asked before anybody watched.
      if (sent.name === '') return wild && lane.answering ? { ...lane, answering: false } : undefined
      if (!(sent.oob ? lane.answeringOob : lane.answering) || sent !== (sent.oob ? oob[0] : inBand[0])) return undefined
      return sent.oob ? { ...lane, answeringOob: false } : { ...lane, answering: false }
    }
    return seen.kind === 'exit' && lane.exit === seen.code ? lane : undefined
  }

  private knownOf(sent: Sent): Known {
    const known = this.known.get(sent)
    if (known !== undefined) return known
    const { flat } = this.packed
    const side = flat.sides[this.side]
    const rows = flat.rows.filter(
      row => row.rule.side === side && speaksOf(row, sent.name, sent.arguments) && answers(row, sent),
    )
    const { answer } = sent
    const fits = (match: Json): boolean =>
      answer === undefined || ('returns' in answer && matches(match, answer.returns))
    const queries = flat.queries.filter(query => query.side === side && query.command === sent.name)
    // Of each table the row that answers, none above it doing so.
    const ways = queries.flatMap(({ where, tables }) => {
      let found: (readonly Cell[])[] = [where]
      for (const table of tables) {
        const above: Cell[] = []
        const fitting: (readonly Cell[])[] = []
        for (const { cells, match } of table) {
          if (fits(match as Json)) fitting.push([...above, ...cells])
          // That one test fails says which values are left; that one of several does says nothing.
          const [only, ...others] = cells
          if (only !== undefined && others.length === 0) above.push({ ...only, from: ~only.from, to: -1 })
        }
        if (fits({})) fitting.push(above)
        found = found.flatMap(cells => fitting.map(more => [...cells, ...more]))
      }
      return found
    })
    const made = { rows, ways, isQuery: queries.length > 0 }
    this.known.set(sent, made)
    return made
  }

  private placeOf(cloud: Cloud, inBand: readonly Sent[], oob: readonly Sent[], wild: boolean): HazyPlace {
    const key = [
      cloud.boxes.length,
      hashOf(cloud),
      wild,
      ...[inBand, oob].map(list => list.map(sent => this.numberOf(sent)).join()),
    ].join('|')
    const bucket = this.places.get(key) ?? []
    this.places.set(key, bucket)
    const known = bucket.find(place => same(place.cloud, cloud))
    if (known !== undefined) return known
    const place = { id: this.count++, cloud, inBand, oob, wild, next: [] }
    bucket.push(place)
    this.kept += cloud.boxes.length * (this.top.length + 2) + 32
    return place
  }

  private numberOf(sent: Sent): number {
    const number = this.numbers.get(sent) ?? this.numbers.size
    this.numbers.set(sent, number)
    return number
  }

  private forget(): void {
    const { cloud, inBand, oob, wild } = this.place
    this.places = new Map()
    this.kept = 0
    this.place = this.placeOf(cloud, inBand, oob, wild)
  }

  /** What could be seen next: each thing once. */
  couldCome(): Output[] {
    this.expand(this.place, undefined)
    const { closed } = this
    const found = new Map<string, Output>()
    const note = (said: Output) => found.set(JSON.stringify(said), said)
    closed?.boxes.forEach((box, i) => {
      const lane = this.lanes.lane(closed.lanes[i] ?? 0)
      const half = this.events[lane.row]?.[lane.at]
      if (half !== undefined) note(half)
      if (lane.row >= 0) return
      for (const rows of this.speaking.values())
        for (const row of rows) {
          const [event] = this.events[row.id] ?? []
          if (event !== undefined && passes(box, row.cells)) note(event)
        }
    })
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, said]) => said)
  }

  /** Of these rows the one that the fewest values keep from being taken, with what they are. */
  nearest(
    rows: readonly Row[],
  ): { readonly row: Row; readonly unmet: readonly { cell: Cell; values: number }[] } | undefined {
    let best: { row: Row; unmet: { cell: Cell; values: number }[] } | undefined
    for (const row of rows) {
      for (const box of (this.closed?.boxes ?? this.place.cloud.boxes).slice(0, BOXES)) {
        const unmet = row.cells.flatMap(cell => {
          const values = box[cell.variable] ?? 0
          return (values & cell.from) === 0 ? [{ cell, values }] : []
        })
        if (best === undefined || unmet.length < best.unmet.length) best = { row, unmet }
      }
    }
    return best
  }
}

function hashOf({ boxes, lanes }: Cloud): number {
  let hash = 0
  boxes.forEach((box, i) => {
    let h = lanes[i] ?? 0
    for (let v = 0; v < box.length; v++) {
      h = Math.imul(h ^ (box[v] ?? 0), 0x9e3779b1)
      h ^= h >>> 15
    }
    hash = (hash + h) | 0
  })
  return hash
}

/** Whether two clouds are the same, box by box in the order in which they were found. */
const same = (a: Cloud, b: Cloud): boolean =>
  a.boxes.length === b.boxes.length &&
  a.boxes.every((box, i) => {
    const other = b.boxes[i]
    return a.lanes[i] === b.lanes[i] && other !== undefined && box.every((value, v) => value === other[v])
  })
