/**
 * Whether one system can be told from another by what is seen of it.
 *
 * Two systems with the same variables, one of them changed a little: somebody
 * sends commands, sees events and answers, asks how it is, and sees that
 * nothing more comes.  `within` proves that all that is seen of the one can be
 * seen of the other, too; where both are within each other, nobody can tell
 * them apart.  Of the other only the set of places is known that it may be in
 * by what was seen so far, which is what a judge of transcripts knows of a
 * QEMU.  `towards` finds what to do for it to be seen.
 *
 * The one handles a command as soon as it is sent, and answers as soon as it
 * may: whatever takes longer shows no more.  Whoever waits for two answers of a
 * monitor sends it no third command.
 *
 * What is seen is taken to be in one order, whichever side says it.  That is
 * finer than what a harness sees of two monitors: a proof holds for it, and
 * what is found has to be tried.
 */

import type { Json } from '../spec/lang.ts'
import type { Command } from './apart-letters.ts'
import { type Flaw, Places, Side, type Tell, TooMuch } from './apart-side.ts'
import { bodyOf } from './differ.ts'
import type { Packed } from './pack.ts'

export type { Flaw, Tell } from './apart-side.ts'

/** Where the one is, where the other may be, and how it came there. */
interface Node {
  readonly at: number
  readonly may: readonly number[]
  readonly before: Node | undefined
  /** The step that led here; none at the start. */
  readonly step: Taken | undefined
}

/** A step that the one takes, by its row; with the arguments of its command, where it matters what they are. */
export interface Taken {
  readonly row: number
  readonly given?: Json
}

/** A way on which it is seen: the steps that the one takes, from where it was. */
export interface Way {
  readonly steps: readonly Taken[]
  /** A command that nobody answers after them, where that is what is seen. */
  readonly asks?: { readonly cause: Command; readonly given?: Json }
}

/** What came of a comparison: that nothing is seen, how it is, or that there is too much to look at. */
export type Compared = 'within' | 'unknown' | Way

/** Whether to go no further at a place where both may be, the other in all of these, where that is known. */
export type Prunes = (place: number, may?: readonly number[]) => boolean

/** So many steps may be looked at for each place. */
const EACH = 500

const always: Prunes = () => true
const never: Prunes = () => false

const wayTo = (node: Node | undefined, last: readonly Taken[] = []): Way => {
  const steps = [...last]
  for (let at = node; at?.step !== undefined; at = at.before) steps.unshift(at.step)
  return { steps }
}

/** Two systems with the same variables, compared in one direction. */
export class Comparison {
  private readonly places: Places
  private readonly left: { work: number }
  /** For each step of the one, whether the other has it, too. */
  private readonly both: readonly boolean[]
  private readonly one: Side
  private readonly other: Side

  /** Is what `one` shows within what `other` shows?  Of the work that is left so much is taken as is done. */
  constructor(one: Packed, other: Packed, tells: readonly Tell[], left: { work: number }, flaw?: Flaw) {
    this.left = left
    const bodies = new Set(other.flat.rows.map(bodyOf))
    this.both = one.flat.rows.map(row => bodies.has(bodyOf(row)))
    this.places = new Places([one, other])
    this.one = new Side(one, this.places, tells, true, left, flaw)
    this.other = new Side(other, this.places, tells, false, left, flaw)
  }

  /** How many places are kept. */
  get size(): number {
    return this.places.states.length
  }

  /** The words of a place. */
  wordsAt(place: number): Int32Array {
    return this.places.states[place] ?? this.places.none
  }

  /** Whether nothing is under way at a place. */
  isStill(place: number): boolean {
    return this.places.queues[place] === this.places.empty
  }

  /** A state where nothing is under way; and, where monitors are not free to answer, with answers that are held back. */
  placesOf(words: Int32Array): number[] {
    const { places, one } = this
    const busy = one.busy(words)
    return Array.from({ length: 2 ** busy.length }, (_, some) => {
      const held = places.empty.held.map((none, side) => {
        const n = busy.indexOf(side)
        return n >= 0 && (some >>> n) & 1 ? [places.letters.earlier] : none
      })
      return places.number(words, places.queue({ ...places.empty, held }))
    })
  }

  /** The places that the other may be in where all that is known is that both were at this one. */
  around(place: number): readonly number[] {
    return this.other.from([place])
  }

  /** To which of some places each step of the one leads, and where the other may be then, from where it may be now. */
  *moves(
    place: number,
    may: readonly number[],
    wanted: ReadonlySet<number>,
  ): Generator<{ to: number; may: readonly number[] }> {
    for (const { to, letters } of this.one.steps(place))
      if (wanted.has(to)) yield { to, may: this.asSeen(to, this.follow(may, letters)) }
  }

  /** From a place where both may be, the other in all of these; looks at so many places at most. */
  within(place: number, may: readonly number[], limit: number, prunes: Prunes = always): Compared {
    return this.caught(() => this.search(place, may, limit, prunes))
  }

  /**
   * The same after a path of the other from its start, of which only what was seen is known; these are the rows of
   * the path in the one.  Where nothing is found, nothing is proved.
   */
  towards(start: Int32Array, rows: readonly number[], limit: number): Compared {
    return this.caught(() => {
      let at = this.places.number(start, this.places.empty)
      let may = this.other.from([at])
      for (const row of rows) {
        const arc = this.one.steps(at).find(one => one.row === row)
        if (arc === undefined) return 'unknown'
        at = arc.to
        may = this.follow(may, arc.letters)
      }
      return this.search(at, may, limit, never)
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

  private follow(may: readonly number[], letters: readonly number[]): readonly number[] {
    return letters.length === 0
      ? this.other.from(may)
      : letters.reduce((left, letter) => this.other.after(left, letter), may)
  }

  /** Those of some places that answer as the one does, and rest if it does; the one may rest where the other cannot. */
  private asSeen(at: number, may: readonly number[]): readonly number[] {
    const { one, other } = this
    const told = one.answers(at)
    const rests = one.rests(at)
    // Who does not answer yet may answer later; who rests will not.
    const fits = (place: number): boolean =>
      other.answers(place).every((answer, i) => answer === told[i] || (told[i] === 0 && !rests))
    const alike = may.filter(fits)
    if (rests) {
      // Whoever rests and does not handle a command will not answer it.
      const handled = one.handles(at)
      const resting = alike.filter(place => other.rests(place) && other.refused(place, handled).length === 0)
      // Once it was seen to rest, it was one of these.
      return resting.length === 0 ? [] : other.from(resting).filter(fits)
    }
    if (one.spins(at) && !alike.some(place => other.rests(place) || other.spins(place))) return []
    return alike
  }

  /**
   * What is seen where the one is, and the other may be in none of these that fits: nothing more than that, or that a
   * command is never answered; where only several commands would show it, that is too much to look at.
   */
  private seen(at: number, may: readonly number[], steps: Way): Way {
    const { one, other, places } = this
    const told = one.answers(at)
    const fits = (place: number) => other.answers(place).every((answer, i) => answer === told[i])
    const resting = one.rests(at) ? may.filter(place => other.rests(place) && fits(place)) : []
    if (resting.length === 0) return steps
    const handled = one.handles(at)
    const [letter] = [...new Set(resting.flatMap(place => other.refused(place, handled)))].filter(
      // Wherever it may go on to, it answers.
      kind => !other.after(resting, kind).some(place => other.rests(place) && other.waits(place)),
    )
    const cause = letter === undefined ? undefined : places.letters.commandOf(letter)
    if (cause === undefined) throw new TooMuch()
    const given = places.letters.argumentsOf(letter ?? 0)
    return { ...steps, asks: { cause, ...(given !== undefined && { given }) } }
  }

  private search(at: number, may: readonly number[], limit: number, prunes: Prunes): Compared {
    const { one, places } = this
    const began = this.left.work
    const seen = new Set<string>()
    const first = this.asSeen(at, may)
    const start: Node = { at, may: first, before: undefined, step: undefined }
    if (first.length === 0) return this.seen(at, may, wayTo(start))
    const queue = [start]
    for (let n = 0; n < queue.length; n++) {
      const node = queue[n]
      if (node === undefined || queue.length > limit || began - this.left.work > limit * EACH) return 'unknown'
      const together = node.may.includes(node.at)
      for (const { to, letters, row } of one.steps(node.at)) {
        // Where both are in one place, and both have the step, both may be where it leads.
        if (together && this.both[row] === true && prunes(to)) continue
        const next = this.follow(node.may, letters)
        const left = next.length === 0 ? next : this.asSeen(to, next)
        const given = places.letters.argumentsOf(letters[0] ?? 0)
        const step = { row, ...(given !== undefined && { given }) }
        if (left.length === 0) return this.seen(to, next, wayTo(node, [step]))
        // Where both may be in one place they go on alike, unless they differ there; that is looked at by itself.
        if (left.includes(to) && prunes(to, left)) continue
        const key = `${to} ${left.join()}`
        if (seen.has(key)) continue
        seen.add(key)
        queue.push({ at: to, may: left, before: node, step })
      }
    }
    return 'within'
  }
}
