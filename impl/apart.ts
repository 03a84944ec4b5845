/**
 * Whether one system can be told from another by what is seen of it.
 *
 * Two systems with the same variables, one of them changed a little: somebody
 * sends commands, sees events and answers, asks how it is, and sees that
 * nothing more comes.  `within` proves that all that is seen of the one can be
 * seen of the other, too; where both are within each other, nobody can tell
 * them apart.  Of the other only the set of states is known that it may be in
 * by what was seen so far, which is what a judge of transcripts knows of a
 * QEMU.  `towards` finds what to do for it to be seen.
 *
 * The proof looks only near the states where the two differ.  As long as the
 * one is in a state that the other may be in as well, every step that is not
 * changed leads to such a state again; so it is enough to follow, from each
 * state where they differ, what is not like that.
 *
 * What is seen is taken to be in one order, whichever side says it.  That is
 * finer than what a harness sees of two monitors: a proof holds for it, and
 * what is found has to be tried.
 */
import { differing } from './differ.ts'
import type { Graph } from './explore.ts'
import type { Row } from './flat.ts'
import type { Packed } from './pack.ts'

/** What is known of a state by asking, as a number: states that answer alike have the same. */
export type Tell = (states: Int32Array, at: number) => number

/** A step by the row of its system: to where, and what is seen of it; 0 where nothing is. */
interface Arc {
  readonly to: number
  readonly label: number
  readonly row: number
}

/** What of a row anybody can see.  The text of an error is for people, and no verdict is due to it. */
function labelOf({ cause, outputs }: Row): string {
  const asked = cause?.kind === 'command' || cause?.kind === 'fault' ? cause : undefined
  const shown = outputs
    .filter(({ kind }) => kind !== 'sends')
    .map(output => (output.kind === 'fails' ? { ...output, desc: '' } : output))
  return asked === undefined && shown.length === 0 ? '' : JSON.stringify([asked ?? null, shown])
}

/** What breaks a proof, on purpose, to see that tests notice. */
export type Flaw = 'no answers' | 'no rest' | 'outputs only'

/** The states and labels of two systems that are compared, each with one number in both. */
class Table {
  readonly words: number
  readonly states: Int32Array[] = []
  private readonly numbers = new Map<string, number>()
  private readonly labels = new Map<string, number>([['', 0]])

  constructor(words: number) {
    this.words = words
  }

  number(words: Int32Array): number {
    const key = words.join()
    const known = this.numbers.get(key)
    if (known !== undefined) return known
    const number = this.states.push(words.slice()) - 1
    this.numbers.set(key, number)
    return number
  }

  label(text: string): number {
    const known = this.labels.get(text)
    if (known !== undefined) return known
    this.labels.set(text, this.labels.size)
    return this.labels.size - 1
  }
}

/** Too much to look at. */
class TooMuch extends Error {}

/** The most states that a system may be in for anybody to follow them all. */
const CROWD = 3000

/** One of the two, as far as it was looked at. */
class Side {
  private readonly packed: Packed
  private readonly table: Table
  private readonly labels: Int32Array
  private readonly arcs = new Map<number, readonly Arc[]>()
  private readonly told = new Map<number, number>()
  private readonly rest = new Map<number, boolean>()
  private readonly spin = new Map<number, boolean>()
  private readonly closed = new Map<number, readonly number[]>()
  private readonly next: Int32Array
  private readonly tell: Tell
  private readonly flaw: Flaw | undefined

  constructor(packed: Packed, table: Table, tell: Tell, flaw?: Flaw) {
    this.packed = packed
    this.table = table
    this.tell = tell
    this.flaw = flaw
    this.next = new Int32Array(packed.words)
    this.labels = Int32Array.from(packed.flat.rows, row =>
      table.label(flaw === 'outputs only' && row.outputs.length === 0 ? '' : labelOf(row)),
    )
  }

  /** The steps out of a state. */
  steps(state: number): readonly Arc[] {
    const known = this.arcs.get(state)
    if (known !== undefined) return known
    const found: Arc[] = []
    const words = this.table.states[state] ?? new Int32Array(this.packed.words)
    let owes = false
    this.packed.step(words, 0, this.next, row => {
      owes ||= this.packed.flat.rows[row]?.owed === true
      found.push({ to: this.table.number(this.next), label: this.labels[row] ?? 0, row })
    })
    this.rest.set(state, !owes)
    this.arcs.set(state, found)
    return found
  }

  /** Whether nothing is owed in a state. */
  rests(state: number): boolean {
    if (this.flaw === 'no rest') return true
    this.steps(state)
    return this.rest.get(state) === true
  }

  /** Whether it may come back to a state without anything being seen. */
  spins(state: number): boolean {
    const known = this.spin.get(state)
    if (known !== undefined) return known
    const found = this.steps(state).some(({ to, label }) => label === 0 && this.from([to]).includes(state))
    this.spin.set(state, found)
    return found
  }

  /** What it answers in a state. */
  answers(state: number): number {
    if (this.flaw === 'no answers') return 0
    const known = this.told.get(state)
    if (known !== undefined) return known
    const found = this.tell(this.table.states[state] ?? new Int32Array(this.packed.words), 0)
    this.told.set(state, found)
    return found
  }

  /** The states that it may have come to from these, without anything being seen; in order. */
  from(states: readonly number[]): readonly number[] {
    const [only] = states
    const known = states.length === 1 && only !== undefined ? this.closed.get(only) : undefined
    if (known !== undefined) return known
    const found = new Set(states)
    const work = [...states]
    for (let state = work.pop(); state !== undefined; state = work.pop()) {
      for (const { to, label } of this.steps(state)) {
        if (label !== 0 || found.has(to)) continue
        found.add(to)
        work.push(to)
        if (found.size > CROWD) throw new TooMuch()
      }
    }
    const all = [...found].sort((a, b) => a - b)
    if (states.length === 1 && only !== undefined) this.closed.set(only, all)
    return all
  }

  /** The states that it may be in after this was seen. */
  after(states: readonly number[], label: number): readonly number[] {
    const found = new Set<number>()
    for (const state of states) for (const arc of this.steps(state)) if (arc.label === label) found.add(arc.to)
    return this.from([...found])
  }
}

/** Where the one is, where the other may be, and how it came there. */
interface Node {
  readonly at: number
  readonly may: readonly number[]
  readonly before: Node | undefined
  /** The row of the step that led here; -1 at the start. */
  readonly row: number
}

/** A way on which it is seen: the rows that the one takes, from where it was. */
export interface Way {
  readonly rows: readonly number[]
}

/** What came of a comparison: that nothing is seen, how it is, or that there is too much to look at. */
export type Compared = 'within' | 'unknown' | Way

const wayTo = (node: Node | undefined, last: readonly number[] = []): Way => {
  const rows = [...last]
  for (let at = node; at !== undefined && at.row >= 0; at = at.before) rows.unshift(at.row)
  return { rows }
}

/** Two systems with the same variables, compared in one direction. */
export class Comparison {
  private readonly table: Table
  private readonly one: Side
  private readonly other: Side

  /** Is what `one` shows within what `other` shows? */
  constructor(one: Packed, other: Packed, tell: Tell, flaw?: Flaw) {
    this.table = new Table(one.words)
    this.one = new Side(one, this.table, tell, flaw)
    this.other = new Side(other, this.table, tell, flaw)
  }

  /** From a state in which both may be, in which they differ; looks at so many places at most. */
  within(words: Int32Array, limit: number): Compared {
    const at = this.table.number(words)
    return this.caught(() => this.search(at, this.other.from([at]), limit, true))
  }

  /**
   * The same after a path of the other from its start, of which only what was seen is known; these are the rows of
   * the path in the one.  Where nothing is found, nothing is proved.
   */
  towards(start: Int32Array, rows: readonly number[], limit: number): Compared {
    return this.caught(() => {
      let at = this.table.number(start)
      let may = this.other.from([at])
      for (const row of rows) {
        const arc = this.one.steps(at).find(one => one.row === row)
        if (arc === undefined) return 'unknown'
        at = arc.to
        if (arc.label !== 0) may = this.other.after(may, arc.label)
      }
      return this.search(at, may, limit, false)
    })
  }

  private caught(search: () => Compared): Compared {
    try {
      return search()
    } catch (error) {
      if (error instanceof TooMuch) return 'unknown'
      throw error
    }
  }

  /** Those of some states that answer as the one does, and rest if it does; the one may rest where the other cannot. */
  private asSeen(at: number, may: readonly number[]): readonly number[] {
    const { one, other } = this
    const told = one.answers(at)
    const alike = may.filter(state => other.answers(state) === told)
    if (one.rests(at)) {
      const resting = alike.filter(state => other.rests(state))
      // Once it was seen to rest, it was one of these.
      return resting.length === 0 ? [] : other.from(resting).filter(state => other.answers(state) === told)
    }
    if (one.spins(at) && !alike.some(state => other.rests(state) || other.spins(state))) return []
    return alike
  }

  private search(at: number, may: readonly number[], limit: number, prunes: boolean): Compared {
    const { one, other } = this
    const seen = new Set<string>()
    const first = this.asSeen(at, may)
    const start: Node = { at, may: first, before: undefined, row: -1 }
    if (first.length === 0) return wayTo(start)
    const queue = [start]
    for (let n = 0; n < queue.length; n++) {
      const node = queue[n]
      if (node === undefined || queue.length > limit) return 'unknown'
      const label0 = other.from(node.may)
      for (const { to, label, row } of one.steps(node.at)) {
        const next = label === 0 ? label0 : other.after(node.may, label)
        const left = next.length === 0 ? next : this.asSeen(to, next)
        if (left.length === 0) return wayTo(node, [row])
        // Where both may be in one state they go on alike, unless they differ there; that is looked at by itself.
        if (prunes && left.includes(to)) continue
        const key = `${to} ${left.join()}`
        if (seen.has(key)) continue
        seen.add(key)
        queue.push({ at: to, may: left, before: node, row })
      }
    }
    return 'within'
  }
}

/** How far a proof may go: the states that are compared at most, and the places that each comparison looks at. */
export interface Bounds {
  readonly states: number
  readonly places: number
}

/**
 * Whether a system can be told from another that was explored, with the same variables: `alike` is a proof that it
 * cannot, `less` a proof that it shows nothing that the other does not, while something may be missing; nothing is
 * proved otherwise.
 */
export function told(
  graph: Graph,
  edited: Packed,
  tell: Tell,
  { states: most, places }: Bounds,
  flaw?: Flaw,
): 'alike' | 'less' | 'unknown' {
  const { packed } = graph
  const states = differing(graph, edited.flat, most)
  if (states.length >= most) return 'unknown'
  const isWithin = (one: Comparison): boolean =>
    states.every(
      state => one.within(graph.states.subarray(state * packed.words, (state + 1) * packed.words), places) === 'within',
    )
  if (!isWithin(new Comparison(edited, packed, tell, flaw))) return 'unknown'
  return isWithin(new Comparison(packed, edited, tell, flaw)) ? 'alike' : 'less'
}
