/**
 * Sets of pairs of small numbers: a state, and where the monitors are.
 */

const none = new Int32Array(0)

/** An insert-only set of pairs, in the order in which they came; open addressing at a load below 0.5. */
export class Nodes {
  /** The pairs, one after another. */
  pairs: Int32Array
  count = 0
  /** Two numbers for each pair, where somebody keeps them; see `marks.ts`. */
  marks: Int32Array = none
  private slots: Int32Array

  constructor(capacity = 64) {
    this.pairs = new Int32Array(capacity * 2)
    this.slots = new Int32Array(capacity * 2)
  }

  /** Adds a pair; false when it was there. */
  add(state: number, lanes: number): boolean {
    const { pairs, slots } = this
    const mask = slots.length - 1
    let slot = Nodes.hash(state, lanes) & mask
    for (let known = slots[slot] ?? 0; known !== 0; known = slots[slot] ?? 0) {
      if (pairs[known * 2 - 2] === state && pairs[known * 2 - 1] === lanes) return false
      slot = (slot + 1) & mask
    }
    if (this.count * 2 >= pairs.length) {
      this.grow()
      return this.add(state, lanes)
    }
    pairs[this.count * 2] = state
    pairs[this.count * 2 + 1] = lanes
    this.count += 1
    slots[slot] = this.count
    return true
  }

  /** Which one a pair is, counted from 0; -1 where it is not there. */
  indexOf(state: number, lanes: number): number {
    const { pairs, slots } = this
    const mask = slots.length - 1
    let slot = Nodes.hash(state, lanes) & mask
    for (let known = slots[slot] ?? 0; known !== 0; known = slots[slot] ?? 0) {
      if (pairs[known * 2 - 2] === state && pairs[known * 2 - 1] === lanes) return known - 1
      slot = (slot + 1) & mask
    }
    return -1
  }

  /** Makes room for two numbers for each pair. */
  marked(): void {
    if (this.marks.length >= this.pairs.length) return
    const marks = new Int32Array(this.pairs.length)
    marks.set(this.marks)
    this.marks = marks
  }

  /** The same pairs in the same order, in a set of its own. */
  clone(): Nodes {
    const copy = new Nodes(1)
    copy.pairs = this.pairs.slice()
    copy.slots = this.slots.slice()
    copy.count = this.count
    return copy
  }

  /** The same pairs in an order that only they decide, taking no more room than they need. */
  sorted(): Nodes {
    let capacity = 1
    while (capacity < this.count) capacity *= 2
    const order = Float64Array.from(
      { length: this.count },
      (_, n) => (this.pairs[n * 2] ?? 0) * 2 ** 21 + (this.pairs[n * 2 + 1] ?? 0),
    ).sort()
    const sorted = new Nodes(capacity)
    for (const one of order) sorted.add(Math.floor(one / 2 ** 21), one % 2 ** 21)
    return sorted
  }

  /** Of pairs in the same order, whether they are the same. */
  equals(other: Nodes): boolean {
    if (this.count !== other.count) return false
    for (let i = 0; i < this.count * 2; i++) if (this.pairs[i] !== other.pairs[i]) return false
    return true
  }

  /** A number that sets with the same pairs in the same order share. */
  hash(): number {
    let hash = this.count
    for (let i = 0; i < this.count * 2; i++) {
      hash = Math.imul(hash ^ (this.pairs[i] ?? 0), 0x9e3779b1)
      hash ^= hash >>> 15
    }
    return hash
  }

  *[Symbol.iterator](): Generator<readonly [state: number, lanes: number]> {
    for (let at = 0; at < this.count * 2; at += 2) yield [this.pairs[at] ?? 0, this.pairs[at + 1] ?? 0]
  }

  private static hash(state: number, lanes: number): number {
    const mixed = Math.imul(state ^ Math.imul(lanes, 0x85ebca6b), 0x9e3779b1)
    return mixed ^ (mixed >>> 15)
  }

  private grow(): void {
    const pairs = new Int32Array(this.pairs.length * 2)
    pairs.set(this.pairs)
    this.pairs = pairs
    this.slots = new Int32Array(this.slots.length * 2)
    const mask = this.slots.length - 1
    for (let n = 0; n < this.count; n++) {
      let slot = Nodes.hash(pairs[n * 2] ?? 0, pairs[n * 2 + 1] ?? 0) & mask
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask
      this.slots[slot] = n + 1
    }
  }
}
