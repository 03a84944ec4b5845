/**
 * A tracker that has been here before.
 *
 * Where a system may be, what waits for an answer and what is not explained
 * yet make one place; from a place, what is told leads to another.  Both are
 * numbered, so whatever a log says again costs a look into a table.  That is
 * subset construction as it is needed.  The tracker finds what is new.
 *
 * Between two sides no order is known.  A place therefore has a cell for each
 * way of being behind: with all of one side explained, and so much of the other.
 */
import type { Letter, SeenLetter, SentLetter } from './alphabet.ts'
import { Nodes } from './nodes.ts'
import type { Packed, Test } from './pack.ts'
import type { Seen, Sent } from './seen.ts'
import { Tracker, type TrackOptions } from './track.ts'

/** Nodes that were seen before, by number. */
interface Kept {
  readonly id: number
  readonly nodes: Nodes
  /** With all that follows from them without anything seen; found when it is asked for. */
  closed: Nodes | undefined
}

/** So much of each side's window is explained, and the system is in one of these nodes. */
export interface Cell {
  readonly at: readonly number[]
  readonly kept: Kept
}

/** Where a tracker is. */
export interface Place {
  readonly id: number
  /** Whose nodes they are. */
  readonly of: Tracker
  readonly cells: readonly Cell[]
  /** For each side, what was seen and is not explained in every cell. */
  readonly window: readonly (readonly Letter[])[]
  /** For each side, commands of which the answer is not explained in every cell. */
  readonly inBand: readonly (readonly Sent[])[]
  readonly oob: readonly (readonly Sent[])[]
  /** Where each thing that was told here led. */
  readonly next: (Way | undefined)[]
  /** Where it is when all that is pending is explained: nothing where it cannot be, undefined where nobody has asked. */
  settled: Place | null | undefined
  /** Where nothing more came, and nothing had to. */
  quiet: Way | undefined
  /** Which of the tests that are watched hold in every state. */
  watched: readonly number[] | undefined
}

/** Where something that was told led; nowhere, where nothing explains it. */
export interface Way {
  readonly to: Place | undefined
  /** Of the rules that are asked about, those that were tried, as bits. */
  readonly tried: number
}

/** What a follower is told of how to follow. */
export interface FollowOptions extends TrackOptions {
  /** How far one side's monitor may be behind the other's, in messages; beyond that they came in the order of the log. */
  readonly skew?: number
  /** Numbers that are kept of places and nodes before all is forgotten and found anew. */
  readonly memory?: number
  /** Tests that are watched: see `Place.watched`. */
  readonly watch?: readonly Test[]
  /** Rules of which it is asked whether they were tried, by id; no more than 30. */
  readonly ask?: readonly string[]
}

const SKEW = 64
const MEMORY = 12_000_000

/** Follows what is told of a system. */
export class Follower {
  readonly packed: Packed
  place: Place
  /** Where it was before what was told last. */
  before: Place
  private begin: Place
  /** How often something was told that had to be found. */
  found = 0
  /** How often all was forgotten. */
  renewed = 0
  private readonly options: FollowOptions
  private tracker: Tracker
  private sets = new Map<number, Kept[]>()
  private places = new Map<string, Place>()
  private setCount = 0
  private numbers = 0
  private readonly asked: readonly (readonly number[])[]
  private readonly skew: number
  private memory: number
  private foundBefore = 0

  constructor(packed: Packed, options: FollowOptions, like?: Follower) {
    this.packed = packed
    this.options = options
    this.tracker = new Tracker(packed, options, like?.place.of)
    this.skew = options.skew ?? SKEW
    this.memory = options.memory ?? MEMORY
    this.asked = (options.ask ?? []).map(id => packed.flat.rows.flatMap(row => (row.rule.id === id ? [row.id] : [])))
    const none = packed.flat.sides.map(() => [])
    this.place =
      like === undefined
        ? this.placeOf([{ at: none.map(() => 0), kept: this.keep(this.tracker.begin) }], none, none, none)
        : this.adopt(like.place)
    this.begin = this.place
    this.before = this.place
  }

  /** Another follower that goes on from here without a rule. */
  without(rule: string): Follower {
    return new Follower(this.packed, { ...this.options, without: rule, ask: [], watch: [] }, this)
  }

  /** Goes where something that is told leads; stays, and says no, where nothing explains it. */
  tell(letter: Letter): Way {
    const known = this.place.next[letter.id]
    if (known !== undefined) {
      this.before = this.place
      if (known.to !== undefined) this.place = known.to
      return known
    }
    this.make()
    const { place } = this
    this.before = place
    const way = this.track(() => (letter.kind === 'sent' ? this.send(place, letter) : this.see(place, letter)))
    place.next[letter.id] = way
    if (way.to !== undefined) this.place = way.to
    return way
  }

  /** Explains all that is pending, since it came before what is done now; stays, and says no, where that cannot be. */
  settle(): boolean {
    const to = this.settled(this.place)
    if (to !== undefined) this.place = to
    return to !== undefined
  }

  /** Nothing more came: goes to where nothing had to. */
  rest(): Way {
    this.make()
    const { place } = this
    const way = place.quiet ?? this.track(() => this.rests(place))
    place.quiet = way
    if (way.to !== undefined) this.place = way.to
    return way
  }

  /** Which of the tests that are watched hold in every state that is possible, all being explained. */
  holding(): readonly number[] {
    const { place } = this
    if (place.watched !== undefined) return place.watched
    const cell = this.complete(place)
    if (cell === undefined) return []
    const nodes = this.closedOf(place, cell)
    const { states, words } = this.tracker.table
    const found = (this.options.watch ?? []).flatMap((test, i) => {
      for (let n = 0; n < nodes.count; n++) if (!test(states, (nodes.pairs[n * 2] ?? 0) * words)) return []
      return [i]
    })
    place.watched = found
    return found
  }

  /** How many states, with their monitors, are possible, all being explained. */
  get size(): number {
    const cell = this.complete(this.place)
    return cell === undefined ? 0 : this.closedOf(this.place, cell).count
  }

  /** Whether some state that is possible, all being explained, passes a test. */
  some(test: Test): boolean {
    const cell = this.complete(this.place)
    if (cell === undefined) return false
    const nodes = this.closedOf(this.place, cell)
    const { states, words } = this.tracker.table
    for (let n = 0; n < nodes.count; n++) if (test(states, (nodes.pairs[n * 2] ?? 0) * words)) return true
    return false
  }

  /** Whether all of them do. */
  all(test: Test): boolean {
    return !this.some((states, at) => !test(states, at))
  }

  /** Goes back to where it began; what it has found stays. */
  restart(): void {
    this.place = this.begin
  }

  /**
   * A tracker that is at a place, to be told what came since and to say what is
   * wrong with it.  `seen` is what is in the windows of the place, as it was told.
   */
  trackerAt(place: Place, seen: readonly (readonly Seen[])[]): Tracker {
    const tracker = new Tracker(this.packed, this.options, place.of)
    tracker.resume(
      place.cells.map(({ at, kept }) => ({ at, nodes: kept.nodes.clone() })),
      seen,
      place.inBand,
      place.oob,
    )
    return tracker
  }

  private track(find: () => Place | undefined): Way {
    this.found += 1
    const { taken } = this.tracker
    for (const rows of this.asked) for (const row of rows) taken[row] = 0
    const to = find()
    let tried = 0
    this.asked.forEach((rows, i) => {
      if (rows.some(row => taken[row] === 1)) tried |= 1 << i
    })
    return { to, tried }
  }

  private complete({ cells, window }: Place): Cell | undefined {
    return cells.find(({ at }) => at.every((n, side) => n === window[side]?.length))
  }

  private settled(place: Place): Place | undefined {
    if (place.settled === undefined) place.settled = this.settling(place) ?? null
    return place.settled ?? undefined
  }

  private settling(place: Place): Place | undefined {
    if (place.window.every(list => list.length === 0)) return place.cells.length > 0 ? place : undefined
    const cell = this.complete(place)
    if (cell === undefined) return undefined
    return this.trimmed([cell], place.window, place.inBand, place.oob)
  }

  private send(place: Place, { side, sent }: SentLetter): Place | undefined {
    const settled = this.settled(place)
    if (settled === undefined) return undefined
    this.tracker.hearOf(side, sent)
    const more = (lists: readonly (readonly Sent[])[]) => lists.map((list, s) => (s === side ? [...list, sent] : list))
    return this.placeOf(
      settled.cells,
      settled.window,
      sent.oob ? settled.inBand : more(settled.inBand),
      sent.oob ? more(settled.oob) : settled.oob,
    )
  }

  private rests(place: Place): Place | undefined {
    const settled = this.settled(place)
    const [cell] = settled?.cells ?? []
    if (settled === undefined || cell === undefined) return undefined
    this.enter(settled, cell)
    const left = this.tracker.resting(cell.kept.nodes.clone())
    if (left === undefined) return undefined
    return this.placeOf([{ ...cell, kept: this.keep(left) }], settled.window, settled.inBand, settled.oob)
  }

  private closedOf(place: Place, cell: Cell): Nodes {
    // What waits for an answer is the same wherever these nodes are all there is.
    const known = cell.kept.closed
    if (
      known !== undefined &&
      place.inBand.every(list => list.length === 0) &&
      place.oob.every(list => list.length === 0)
    )
      return known
    this.enter(place, cell)
    const nodes = cell.kept.nodes.clone()
    this.tracker.expand(nodes, [], () => new Nodes(1))
    if (place.inBand.every(list => list.length === 0) && place.oob.every(list => list.length === 0))
      cell.kept.closed = nodes
    return nodes
  }

  /** Tells the tracker what was asked and answered in a cell. */
  private enter({ window, inBand, oob }: Place, { at }: Pick<Cell, 'at'>): void {
    this.tracker.enter(
      window.map((list, side) => {
        let answered = 0
        let answeredOob = 0
        for (let i = 0; i < (at[side] ?? 0); i++) {
          const letter = list[i]
          if (letter?.kind !== 'seen' || letter.seen.kind !== 'answer') continue
          if (letter.seen.sent.oob) answeredOob += 1
          else answered += 1
        }
        return { inBand: inBand[side] ?? [], oob: oob[side] ?? [], answered, answeredOob }
      }),
    )
  }

  private see(place: Place, letter: SeenLetter): Place | undefined {
    const { side } = letter
    const other = 1 - side
    const window = place.window.map((list, s) => (s === side ? [...list, letter] : list))
    const mine = place.window[side]?.length ?? 0
    const theirs = place.window[other] ?? []
    // Cells by how much of the other side is explained: with all that is known of this side but the last, and with it.
    const fresh = new Map<number, Nodes>()
    const freshAt = (n: number): Nodes => {
      const nodes = fresh.get(n) ?? new Nodes()
      fresh.set(n, nodes)
      return nodes
    }
    const position = (m: number, n: number): number[] => (side === 0 ? [m, n] : [n, m]).slice(0, place.window.length)
    for (const cell of place.cells) {
      if (cell.at[side] !== mine) continue
      this.enter(place, cell)
      const next: (Seen | undefined)[] = []
      next[side] = letter.seen
      const n = cell.at[other] ?? 0
      this.tracker.expand(cell.kept.nodes.clone(), next, s => (s === side ? freshAt(n) : new Nodes(1)))
    }
    for (let n = 0; n < theirs.length; n++) {
      const nodes = fresh.get(n)
      const seen = theirs[n]
      if (nodes === undefined || nodes.count === 0 || seen?.kind !== 'seen') continue
      this.enter({ ...place, window }, { at: position(mine + 1, n) })
      const next: (Seen | undefined)[] = []
      next[other] = seen.seen
      this.tracker.expand(nodes.clone(), next, s => (s === other ? freshAt(n + 1) : new Nodes(1)))
    }
    const cells = place.cells.filter(({ at }) => (at[other] ?? 0) === theirs.length)
    for (const [n, nodes] of fresh)
      if (nodes.count > 0) cells.push({ at: position(mine + 1, n), kept: this.keep(nodes) })
    // So far behind nobody is: what came so long ago was before.
    const near = cells.filter(({ at }) => window.every((list, s) => list.length - (at[s] ?? 0) <= this.skew))
    if (near.length === 0) return undefined
    return this.trimmed(near, window, place.inBand, place.oob)
  }

  /** A place without what all its cells have explained. */
  private trimmed(
    cells: readonly Cell[],
    window: readonly (readonly Letter[])[],
    inBand: readonly (readonly Sent[])[],
    oob: readonly (readonly Sent[])[],
  ): Place {
    const least = window.map((_, side) => Math.min(...cells.map(({ at }) => at[side] ?? 0)))
    if (least.every(n => n === 0)) return this.placeOf(cells, window, inBand, oob)
    const gone = window.map((list, side) => {
      const seen = list.slice(0, least[side]).flatMap(letter => (letter.kind === 'seen' ? [letter.seen] : []))
      const answered = seen.filter(one => one.kind === 'answer')
      const outOfBand = answered.filter(one => one.kind === 'answer' && one.sent.oob).length
      return { inBand: answered.length - outOfBand, oob: outOfBand }
    })
    return this.placeOf(
      cells.map(({ at, kept }) => ({ at: at.map((n, side) => n - (least[side] ?? 0)), kept })),
      window.map((list, side) => list.slice(least[side])),
      inBand.map((list, side) => (gone[side]?.inBand ? list.slice(gone[side].inBand) : list)),
      oob.map((list, side) => (gone[side]?.oob ? list.slice(gone[side].oob) : list)),
    )
  }

  private placeOf(
    cells: readonly Cell[],
    window: readonly (readonly Letter[])[],
    inBand: readonly (readonly Sent[])[],
    oob: readonly (readonly Sent[])[],
  ): Place {
    const sorted = [...cells].sort((a, b) => (a.at[0] ?? 0) - (b.at[0] ?? 0) || (a.at[1] ?? 0) - (b.at[1] ?? 0))
    const sents = (lists: readonly (readonly Sent[])[]) =>
      lists.map(list => list.map(sent => this.numberOf(sent)).join()).join(';')
    const key = [
      sorted.map(({ at, kept }) => `${at.join('.')}:${kept.id}`).join(),
      window.map(list => list.map(({ id }) => id).join()).join(';'),
      sents(inBand),
      sents(oob),
    ].join('|')
    const known = this.places.get(key)
    if (known !== undefined) return known
    const place: Place = {
      id: this.places.size,
      of: this.tracker,
      cells: sorted,
      window,
      inBand,
      oob,
      next: [],
      settled: undefined,
      quiet: undefined,
      watched: undefined,
    }
    this.places.set(key, place)
    this.numbers += key.length + 64
    return place
  }

  private readonly sentNumbers = new Map<Sent, number>()

  private numberOf(sent: Sent): number {
    const known = this.sentNumbers.get(sent)
    if (known !== undefined) return known
    this.sentNumbers.set(sent, this.sentNumbers.size)
    return this.sentNumbers.size - 1
  }

  /** The number of a set of nodes, in whatever order they came. */
  private keep(nodes: Nodes): Kept {
    const sorted = nodes.sorted()
    const hash = sorted.hash()
    const bucket = this.sets.get(hash) ?? []
    this.sets.set(hash, bucket)
    const known = bucket.find(kept => kept.nodes.equals(sorted))
    if (known !== undefined) return known
    const kept: Kept = { id: this.setCount++, nodes: sorted, closed: undefined }
    bucket.push(kept)
    this.numbers += sorted.count * 6 + 16
    return kept
  }

  /** Makes room, where too much is kept: what is needed will be found again. */
  private make(): void {
    if (this.numbers + this.tracker.table.count * (this.packed.words + 2) <= this.memory) return
    // Where what is needed at once takes more than this, forgetting it would be all that is done.
    if (this.found - this.foundBefore < 32) this.memory *= 2
    this.foundBefore = this.found
    const { place, tracker } = this
    this.tracker = new Tracker(this.packed, this.options)
    this.sets = new Map()
    this.places = new Map()
    this.setCount = 0
    this.numbers = 0
    this.renewed += 1
    const none = place.window.map(() => [])
    this.begin = this.placeOf([{ at: none.map(() => 0), kept: this.keep(this.tracker.begin) }], none, none, none)
    for (const list of [...place.inBand, ...place.oob])
      list.forEach(sent => {
        const side = place.inBand.findIndex(one => one.includes(sent))
        this.tracker.hearOf(side < 0 ? place.oob.findIndex(one => one.includes(sent)) : side, sent)
      })
    this.place = this.placeOf(
      place.cells.map(({ at, kept }) => ({ at, kept: this.keep(this.tracker.translate(kept.nodes, tracker)) })),
      place.window,
      place.inBand,
      place.oob,
    )
  }

  private adopt(place: Place): Place {
    return this.placeOf(
      place.cells.map(({ at, kept }) => ({ at, kept: this.keep(kept.nodes) })),
      place.window,
      place.inBand,
      place.oob,
    )
  }
}
