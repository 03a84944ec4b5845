/**
 * Seeded choice: the same seed and the same questions give the same answers, on every machine.
 */

/** A stream of choices that a seed decides. */
export class Chance {
  private state: number

  constructor(seed: number) {
    this.state = seed | 0
  }

  /** A number from 0 up to, but not including, `count`. */
  below(count: number): number {
    // Mulberry32: small, and good enough to choose a row.
    this.state = (this.state + 0x6d2b79f5) | 0
    let x = this.state
    x = Math.imul(x ^ (x >>> 15), x | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * count)
  }

  /** One of these, or undefined when there are none. */
  of<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)]
  }
}
