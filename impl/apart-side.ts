/**
 * One of two systems that are compared, as whoever talks to it knows it.
 *
 * A command is sent, and handled later; its answer leaves when the monitor is
 * free to give it, in the order of the commands.  So a place is more than a
 * state: it has commands that wait, answers that are held back, and what a
 * step has still to say.
 */
import { type Command, Letters } from './apart-letters.ts'
import type { Row } from './flat.ts'
import { anyOf, type Packed, type Test } from './pack.ts'

/** What is known of a state by asking, as a number: states that answer alike have the same; 0 where nothing is answered. */
export type Tell = (states: Int32Array, at: number) => number

/** What is under way at the monitors, by letters: for each side what waits in band and out of band, and what is held back. */
export interface Queue {
  readonly asked: readonly (readonly number[])[]
  readonly held: readonly (readonly number[])[]
  /** What the last step has still to say, before anything else happens. */
  readonly rest: readonly number[]
}

/** Places, each with a number that is the same in both systems. */
export class Places {
  readonly letters: Letters
  readonly states: Int32Array[] = []
  readonly queues: Queue[] = []
  /** What is at a place that is none. */
  readonly none: Int32Array
  /** Nothing is under way. */
  readonly empty: Queue
  private readonly numbers = new Map<string, number>()
  private readonly keys = new Map<Queue, string>()

  /** Of systems with the same variables. */
  constructor(systems: readonly Packed[]) {
    const all = systems.flatMap(({ flat }) => flat.rows.map(({ cause }) => cause))
    this.letters = new Letters(all.filter((cause): cause is Command => cause?.kind === 'command'))
    const sides = systems[0]?.flat.sides.length ?? 0
    this.none = new Int32Array(systems[0]?.words ?? 0)
    this.empty = this.queue({
      asked: Array.from({ length: sides * 2 }, () => []),
      held: Array.from({ length: sides }, () => []),
      rest: [],
    })
  }

  private readonly known = new Map<string, Queue>()

  /** The one object for all queues that are the same. */
  queue(queue: Queue): Queue {
    const key = `${queue.asked.join('|')};${queue.held.join('|')};${queue.rest}`
    const known = this.known.get(key)
    if (known !== undefined) return known
    this.known.set(key, queue)
    this.keys.set(queue, `${this.keys.size}`)
    return queue
  }

  /** A queue must be one that `queue` answered. */
  number(words: Int32Array, queue: Queue): number {
    const key = `${this.keys.get(queue)},${words.join()}`
    const known = this.numbers.get(key)
    if (known !== undefined) return known
    const number = this.states.push(words.slice()) - 1
    this.queues.push(queue)
    this.numbers.set(key, number)
    return number
  }
}

/** A step by the row of its system: to where, and what is seen of it. */
export interface Arc {
  readonly to: number
  readonly letters: readonly number[]
  readonly row: number
}

/** What of a row can be seen, and where. */
interface Shown {
  /** The command or the fault that sets it off; 0 where none does. */
  readonly cause: number
  /** The same for each kind of the command. */
  readonly kinds: readonly number[]
  /** Which list of commands its command waits in; -1 where it is none. */
  readonly lane: number
  readonly says: readonly { readonly letter: number; readonly side: number; readonly kind: 'now' | 'answer' | 'end' }[]
}

/** What breaks a proof, on purpose, to see that tests notice. */
export type Flaw = 'no answers' | 'no rest' | 'no causes' | 'held back for ever'

/** Too much to look at. */
export class TooMuch extends Error {}

/** The most places that a system may be in for anybody to follow them all. */
const CROWD = 3000
/** More commands than this do not wait at once. */
const WAITING = 3
/** Whoever waits for so many answers of a monitor sends it no other command. */
const AT_ONCE = 2

/** A system, as far as it was looked at. */
export class Side {
  readonly places: Places
  private readonly packed: Packed
  private readonly rows: readonly Shown[]
  private readonly kinds: ReadonlyMap<number, readonly number[]>
  private readonly free: readonly Test[]
  private readonly tells: readonly Tell[]
  private readonly flaw: Flaw | undefined
  /** Whether a command is handled as soon as it is sent; else it waits, for as long as it has to. */
  private readonly prompt: boolean
  private readonly arcs = new Map<number, readonly Arc[]>()
  private readonly rest = new Map<number, boolean>()
  private readonly handled = new Map<number, ReadonlySet<number>>()
  /** For each place the actors that owe something. */
  private readonly owing = new Map<number, ReadonlySet<string>>()
  private readonly spin = new Map<number, boolean>()
  private readonly told = new Map<number, readonly number[]>()
  private readonly closed = new Map<number, readonly number[]>()
  private readonly next: Int32Array
  private readonly left: { work: number }

  constructor(
    packed: Packed,
    places: Places,
    tells: readonly Tell[],
    prompt: boolean,
    left: { work: number },
    flaw?: Flaw,
  ) {
    this.left = left
    const { sides, answered, rows } = packed.flat
    this.packed = packed
    this.places = places
    this.tells = tells
    this.prompt = prompt
    this.flaw = flaw
    this.next = new Int32Array(packed.words)
    this.free = answered.map(cells => anyOf(packed, [cells]))
    const { letters } = places
    this.rows = rows.map(({ cause, outputs }): Shown => {
      const says = outputs
        .filter(({ kind }) => kind !== 'sends')
        .map(output => {
          const oob = cause?.kind === 'command' && cause.oob === true
          const held = (output.kind === 'returns' || output.kind === 'fails') && !oob
          const kind = held ? 'answer' : output.kind === 'exits' ? 'end' : 'now'
          return { letter: letters.output(output), side: sides.indexOf(output.side), kind } as const
        })
      if (cause?.kind === 'command') {
        const lane = sides.indexOf(cause.side) + (cause.oob === true ? sides.length : 0)
        return { cause: letters.command(cause), kinds: letters.kindsOf(cause), lane, says }
      }
      const asks = cause?.kind === 'fault' && (flaw !== 'no causes' || says.length > 0)
      const fault = asks ? letters.fault(cause) : 0
      return { cause: fault, kinds: [fault], lane: -1, says }
    })
    this.kinds = new Map(this.rows.map(({ cause, kinds }) => [cause, kinds]))
  }

  /** What a row says, from a queue, where it leads to these words; and what is under way then. */
  private say({ says }: Shown, from: Queue, words: Int32Array): { letters: number[]; queue: Queue } {
    const held = [...from.held]
    let asked = from.asked
    const letters: number[] = []
    const flush = (side: number): void => {
      if (this.flaw === 'held back for ever' || held[side]?.length === 0 || this.free[side]?.(words, 0) === false)
        return
      letters.push(...(held[side] ?? []))
      held[side] = []
    }
    for (const { letter, side, kind } of says) {
      if (kind === 'answer') {
        held[side] = [...(held[side] ?? []), letter]
        flush(side)
      } else letters.push(letter)
      if (kind === 'end') {
        held[side] = []
        asked = asked.map((list, lane) => (lane % held.length === side ? [] : list))
      }
    }
    for (const side of held.keys()) flush(side)
    return { letters, queue: { asked, held, rest: [] } }
  }

  /** The steps out of a place. */
  steps(place: number): readonly Arc[] {
    const known = this.arcs.get(place)
    if (known !== undefined) return known
    const { places, packed, prompt } = this
    const words = places.states[place] ?? new Int32Array(packed.words)
    const queue = places.queues[place] ?? places.empty
    const found: Arc[] = []
    const handled = new Set<number>()
    const owing = new Set<string>()
    let owes = queue.rest.length > 0
    const [first, ...later] = queue.rest
    if (first !== undefined) {
      found.push({ to: places.number(words, places.queue({ ...queue, rest: later })), letters: [first], row: -1 })
    } else
      packed.step(words, 0, this.next, row => {
        const shown = this.rows[row] as Shown
        let from = queue
        if (shown.lane >= 0) handled.add(shown.cause)
        if (prompt && (queue.held[shown.lane]?.length ?? 0) >= AT_ONCE) return
        const waits = shown.lane >= 0 && !prompt
        if (waits) {
          const [head, ...others] = queue.asked[shown.lane] ?? []
          if (head === undefined || !places.letters.covers(shown.cause, head)) return
          from = { ...queue, asked: queue.asked.with(shown.lane, others) }
          owes = true
        }
        const { owed, rule } = packed.flat.rows[row] as Row
        if (owed) owing.add(rule.actor)
        owes ||= owed
        const said = this.say(shown, from, this.next)
        for (const cause of waits ? [0] : shown.kinds) {
          const all = cause === 0 ? said.letters : [cause, ...said.letters]
          // One that is to be followed says one thing at a time.
          const [letters, rest] = prompt ? [all, []] : [all.slice(0, 1), all.slice(1)]
          found.push({ to: places.number(this.next, places.queue({ ...said.queue, rest })), letters, row })
        }
      })
    this.rest.set(place, !owes)
    this.owing.set(place, owing)
    this.handled.set(place, handled)
    this.arcs.set(place, found)
    return found
  }

  /** The sides whose monitor is not free to answer in a state. */
  busy(words: Int32Array): number[] {
    return this.free.flatMap((free, side) => (free(words, 0) ? [] : [side]))
  }

  /** Whether nothing is owed in a place, and no command is about to be handled. */
  rests(place: number): boolean {
    if (this.flaw === 'no rest') return true
    this.steps(place)
    return this.rest.get(place) === true
  }

  /** The commands that would be handled in a place, if they were sent. */
  handles(place: number): ReadonlySet<number> {
    this.steps(place)
    return this.handled.get(place) ?? new Set()
  }

  /** Whether a command waits in a place. */
  waits(place: number): boolean {
    return this.places.queues[place]?.asked.some(list => list.length > 0) === true
  }

  /** The commands that a place handles, and another, of the other system, does not, where it handles these. */
  refused(place: number, others: ReadonlySet<number>): readonly number[] {
    const { letters } = this.places
    return [...this.handles(place)]
      .filter(cause => !others.has(cause))
      .flatMap(cause => this.kinds.get(cause) ?? [cause])
      .filter(kind => ![...others].some(one => letters.covers(one, kind)))
  }

  /** Whether it may go round for ever, back to a place, without anything being seen, and nobody puts off what is owed. */
  spins(place: number): boolean {
    const known = this.spin.get(place)
    if (known !== undefined) return known
    const round = this.from([place]).filter(one => this.from([one]).includes(place))
    const moves = round.flatMap(one =>
      this.steps(one).filter(({ to, letters }) => letters.length === 0 && round.includes(to)),
    )
    const acting = new Set(moves.map(({ row }) => this.packed.flat.rows[row]?.rule.actor))
    const owing = round.map(one => this.owing.get(one) ?? new Set<string>())
    const found =
      moves.length > 0 && [...(owing[0] ?? [])].every(who => acting.has(who) || !owing.every(all => all.has(who)))
    this.spin.set(place, found)
    return found
  }

  /** What it answers in a place. */
  answers(place: number): readonly number[] {
    if (this.flaw === 'no answers') return []
    const known = this.told.get(place)
    if (known !== undefined) return known
    const words = this.places.states[place] ?? new Int32Array(this.packed.words)
    const found = this.tells.map(tell => tell(words, 0))
    this.told.set(place, found)
    return found
  }

  /** The places that it may have come to from these, without anything being seen; in order. */
  from(places: readonly number[]): readonly number[] {
    const [only] = places
    const known = places.length === 1 && only !== undefined ? this.closed.get(only) : undefined
    if (known !== undefined) return known
    const found = new Set(places)
    const work = [...places]
    for (let place = work.pop(); place !== undefined; place = work.pop()) {
      const steps = this.steps(place)
      this.left.work -= steps.length
      for (const { to, letters } of steps) {
        if (letters.length > 0 || found.has(to)) continue
        found.add(to)
        work.push(to)
        if (found.size > CROWD) throw new TooMuch()
      }
    }
    const all = [...found].sort((a, b) => a - b)
    if (places.length === 1 && only !== undefined) this.closed.set(only, all)
    return all
  }

  /** The places that it may be in after this was seen. */
  after(from: readonly number[], letter: number): readonly number[] {
    const { places } = this
    const found = new Set<number>()
    const command = places.letters.commandOf(letter)
    const sides = this.packed.flat.sides
    const lane = command && sides.indexOf(command.side) + (command.oob === true ? sides.length : 0)
    for (const place of from) {
      if (lane === undefined) {
        const steps = this.steps(place)
        this.left.work -= steps.length
        for (const arc of steps) if (arc.letters[0] === letter) found.add(arc.to)
        continue
      }
      const queue = places.queues[place] ?? places.empty
      const waiting = queue.asked[lane] ?? []
      if (queue.rest.length > 0) continue
      if (waiting.length >= WAITING) throw new TooMuch()
      const asked = queue.asked.with(lane, [...waiting, letter])
      found.add(places.number(places.states[place] as Int32Array, places.queue({ ...queue, asked })))
    }
    return this.from([...found])
  }
}
