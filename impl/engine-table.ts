/**
 * Packed states by number, and what is counted of them: the hash, the
 * fingerprint, and a set that numbers states in the order in which they come.
 */

/** Two multiply-xorshift rounds a word: a plain exclusive or never finishes. */
export function mix(hash: number, word: number): number {
  let h = Math.imul(hash ^ word, 0x9e3779b1)
  h ^= h >>> 15
  h = Math.imul(h, 0x85ebca6b)
  return h ^ (h >>> 13)
}

/** What the hash of a state begins with. */
export const SEED = 0x2545f491

export const hashOf = (words: Int32Array, at: number, count: number): number => {
  let h = SEED
  for (let i = 0; i < count; i++) h = mix(h, words[at + i] ?? 0)
  return h
}

/** A longer copy. */
export const grow = (array: Int32Array, length: number): Int32Array<ArrayBuffer> => {
  const next = new Int32Array(length)
  next.set(array)
  return next
}

/** Order does not matter to a fingerprint: each state and each step adds its own hash. */
export class Fingerprint {
  /** The sum of what states add, and of what steps add. */
  low = 0
  high = 0

  state(words: Int32Array, at: number, count: number): void {
    this.low = (this.low + hashOf(words, at, count)) | 0
  }

  step(from: number, row: number, to: number): void {
    this.high = (this.high + mix(mix(from, row + 1), to)) | 0
  }

  static of = hashOf

  print(): string {
    return printSums(this)
  }
}

/** The sums of a fingerprint as sixteen hexadecimal digits. */
export const printSums = ({ low, high }: { readonly low: number; readonly high: number }): string =>
  [low, high].map(half => (half >>> 0).toString(16).padStart(8, '0')).join('')

/**
 * An insert-only set of packed states that numbers them; open addressing at a
 * load below 0.6.  A slot holds the number of its state, plus one, in as many
 * low bits as it takes, and in the others the high bits of the hash: hardly
 * ever is a state read that is not the one looked for.
 */
export class StateTable {
  states: Int32Array
  count = 0
  slots: Int32Array
  private readonly words: number

  /** `capacity` is a power of two. */
  constructor(words: number, capacity = 1024) {
    this.words = words
    this.states = new Int32Array(capacity * words)
    this.slots = new Int32Array(capacity * 2)
  }

  /** The number of a state that is there, or -1. */
  find(words: Int32Array, at: number): number {
    const known = this.slots[this.slotOf(words, at, hashOf(words, at, this.words))] ?? 0
    return (known & (this.slots.length - 1)) - 1
  }

  /** The number of the state, which is `count - 1` when it is new. */
  add(words: Int32Array, at: number): number {
    const hash = hashOf(words, at, this.words)
    let slot = this.slotOf(words, at, hash)
    const known = this.slots[slot] ?? 0
    if (known !== 0) return (known & (this.slots.length - 1)) - 1
    if (this.room()) slot = this.slotOf(words, at, hash)
    for (let i = 0; i < this.words; i++) this.states[this.count * this.words + i] = words[at + i] ?? 0
    this.count += 1
    this.slots[slot] = (hash & -this.slots.length) | this.count
    return this.count - 1
  }

  /** Makes room for one state more; says whether slots have moved. */
  room(): boolean {
    if ((this.count + 1) * this.words > this.states.length) this.states = grow(this.states, this.states.length * 2)
    if (this.count * 5 <= this.slots.length * 3) return false
    this.slots = new Int32Array(this.slots.length * 2)
    const { slots, states, words } = this
    const mask = slots.length - 1
    for (let n = 0; n < this.count; n++) {
      const hash = hashOf(states, n * words, words)
      let slot = hash & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = (hash & ~mask) | (n + 1)
    }
    return true
  }

  private slotOf(words: Int32Array, at: number, hash: number): number {
    const mask = this.slots.length - 1
    let slot = hash & mask
    for (;;) {
      const known = this.slots[slot] ?? 0
      if (known === 0) return slot
      if (((known ^ hash) & ~mask) === 0 && this.same(((known & mask) - 1) * this.words, words, at)) return slot
      slot = (slot + 1) & mask
    }
  }

  private same(mine: number, words: Int32Array, at: number): boolean {
    for (let i = 0; i < this.words; i++) if (this.states[mine + i] !== words[at + i]) return false
    return true
  }
}
