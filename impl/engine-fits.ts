/**
 * Which rows fit where, as far as it is known, in the memory `c` of a search:
 * a table for each group of rows, and the lists of rows behind the tables.
 */
import { AT, keyHash } from './engine-kernel.ts'
import type { Growing } from './engine-memory.ts'
import { fittingOf, type Tests } from './engine-rows.ts'

/** More words than this are forgotten of which rows fit where. */
const REMEMBERED = 2 ** 25

/** What is known of them. */
export class Fits {
  /** How many lists there are of each group. */
  readonly counts: number[] = []
  /** Words of the memory that are in use. */
  top: number
  private readonly c: Growing
  private readonly end: number
  private readonly memories: readonly Tests[]

  constructor(c: Growing, { end, memories }: { readonly end: number; readonly memories: readonly Tests[] }) {
    this.c = c
    this.end = end
    this.memories = memories
    this.top = end
    c.ensure(end)
    this.forget()
  }

  /** Which rows of a group fit a state, at `at` of `states`, is not known yet: finds out, and answers where the list is. */
  miss(group: number, states: Int32Array, at: number): number {
    const memory = this.memories[group]
    if (memory === undefined) return 0
    if (this.top > REMEMBERED) this.forget()
    const rows = fittingOf(memory, states, at)
    const list = this.take(rows.length + 1)
    this.c.view[list] = rows.length
    this.c.view.set(rows, list + 1)
    const count = (this.counts[group] ?? 0) + 1
    this.counts[group] = count
    if (count * 2 > this.get(AT.groups + 2 * group + 1)) this.widen(group)
    const key = memory.words.map((word, i) => (states[at + word] ?? 0) & (memory.masks[i] ?? 0))
    this.c.view.set([...key, list], this.free(group, key))
    return list
  }

  private get(at: number): number {
    return this.c.view[at] ?? 0
  }

  /** Room for so many words more; answers where. */
  private take(words: number): number {
    const at = this.top
    this.top += words
    this.c.ensure(this.top)
    return at
  }

  private forget(): void {
    this.top = this.end
    for (const [group, { words }] of this.memories.entries()) {
      const size = 64 * (words.length + 1)
      const at = this.take(size)
      this.c.view.fill(0, at, at + size)
      this.c.view[AT.groups + 2 * group] = at
      this.c.view[AT.groups + 2 * group + 1] = 63
      this.counts[group] = 0
    }
  }

  /** Where a key that is not there belongs. */
  private free(group: number, key: ArrayLike<number>): number {
    const c = this.c.view
    const [base, mask] = [this.get(AT.groups + 2 * group), this.get(AT.groups + 2 * group + 1)]
    const stride = key.length + 1
    let entry = keyHash(key) & mask
    while (c[base + entry * stride + stride - 1] !== 0) entry = (entry + 1) & mask
    return base + entry * stride
  }

  private widen(group: number): void {
    const at = AT.groups + 2 * group
    const [base, mask] = [this.get(at), this.get(at + 1)]
    const stride = (this.memories[group]?.words.length ?? 0) + 1
    const old = this.c.view.slice(base, base + (mask + 1) * stride)
    const fresh = this.take(old.length * 2)
    const c = this.c.view
    c.fill(0, fresh, fresh + old.length * 2)
    c[at] = fresh
    c[at + 1] = mask * 2 + 1
    for (let from = 0; from < old.length; from += stride) {
      if (old[from + stride - 1] === 0) continue
      const entry = old.subarray(from, from + stride)
      c.set(entry, this.free(group, entry.subarray(0, stride - 1)))
    }
  }
}
