/**
 * Which rows can be taken at all, given what was asked and seen so far.
 *
 * A system for judging transcripts has thousands of rows, and a transcript
 * needs a few hundred: a command that nobody sent, and all that only follows
 * from it, need not be looked at in any state.  Of each variable it is kept
 * which values it can have had; a row whose cause may have come and whose
 * every test some of these values pass adds the values that it moves to.  That
 * is more than can really be together, never less: a row that is left out
 * could not have been taken in any state reached so far.  All of it only
 * grows, so what was found to follow from a state stays true.
 */
import type { Cell, Flat } from './flat.ts'
import { type Packed, pack, type Step } from './pack.ts'

/** For each variable of a system, the rows that test it. */
const readers = new WeakMap<Flat, readonly (readonly number[])[]>()

function readersOf(flat: Flat): readonly (readonly number[])[] {
  const known = readers.get(flat)
  if (known !== undefined) return known
  const found = flat.variables.map((): number[] => [])
  for (const row of flat.rows) for (const { variable } of row.cells) found[variable]?.push(row.id)
  readers.set(flat, found)
  return found
}

/** The values that variables can have had, and the rows that can have been taken. */
export class Slice {
  /** For each variable the values it can have had, as bits. */
  readonly values: Int32Array
  /** Grows whenever some variable can have a value it could not have before, or a row more can be taken. */
  version = 0
  private readonly flat: Flat
  private readonly readers: readonly (readonly number[])[]
  private readonly allowed: Uint8Array
  private readonly taken: Uint8Array

  constructor(flat: Flat) {
    this.flat = flat
    this.values = Int32Array.from(flat.variables, ({ start }) => start)
    this.readers = readersOf(flat)
    this.allowed = new Uint8Array(flat.rows.length)
    this.taken = new Uint8Array(flat.rows.length)
  }

  /** The cause of these rows may have come: from now on they are taken wherever their tests hold. */
  allow(rows: Iterable<number>): void {
    const work: number[] = []
    for (const row of rows) {
      if (this.allowed[row] === 1) continue
      this.allowed[row] = 1
      work.push(row)
    }
    this.follow(work)
  }

  /** A state was reached that has this value of a variable, by whatever way. */
  admit(variable: number, value: number): void {
    const before = this.values[variable] ?? 0
    if (((before >>> value) & 1) === 1) return
    this.values[variable] = before | (1 << value)
    this.version += 1
    this.follow((this.readers[variable] ?? []).filter(row => this.allowed[row] === 1 && this.taken[row] === 0))
  }

  private follow(work: number[]): void {
    for (let row = work.pop(); row !== undefined; row = work.pop()) {
      const cells = this.flat.rows[row]?.cells ?? []
      if (this.taken[row] === 1 || !this.fits(cells)) continue
      this.taken[row] = 1
      this.version += 1
      for (const { variable, to } of cells) {
        const before = this.values[variable] ?? 0
        if (to < 0 || ((before >>> to) & 1) === 1) continue
        this.values[variable] = before | (1 << to)
        for (const other of this.readers[variable] ?? []) {
          if (this.allowed[other] === 1 && this.taken[other] === 0) work.push(other)
        }
      }
    }
  }

  /** Whether a row can have been taken. */
  has(row: number): boolean {
    return this.taken[row] === 1
  }

  /** Whether a state can have been reached in which these tests hold. */
  fits(cells: readonly Cell[]): boolean {
    return cells.every(({ variable, from }) => ((this.values[variable] ?? 0) & from) !== 0)
  }
}

/** Rows that one function tries; V8 does not optimise much longer ones. */
const AT_ONCE = 96

/** Functions that were compiled for a system: other transcripts need the same ones. */
const compiled = new WeakMap<Packed, Map<string, Step>>()
const KEPT = 300

function compile(packed: Packed, rows: readonly number[]): Step {
  const { flat } = packed
  const kept = compiled.get(packed) ?? new Map<string, Step>()
  compiled.set(packed, kept)
  const key = rows.join()
  const known = kept.get(key)
  if (known !== undefined) return known
  const { step } = pack({ ...flat, rows: rows.flatMap(id => flat.rows[id] ?? []) })
  const oldest = kept.size < KEPT ? undefined : kept.keys().next().value
  if (oldest !== undefined) kept.delete(oldest)
  kept.set(key, step)
  return step
}

/** Some rows of a system, compiled as far as a slice says that they matter. */
export class Group {
  private readonly packed: Packed
  private readonly slice: Slice
  private readonly matters: (row: number) => boolean
  private left: readonly number[]
  private found: number[] = []
  private version = -1
  private steps: Step[] = []

  /** Rows count once `matters` says so, which it must not take back. */
  constructor(packed: Packed, slice: Slice, rows: readonly number[], matters = (row: number) => slice.has(row)) {
    this.packed = packed
    this.slice = slice
    this.left = rows
    this.matters = matters
  }

  /** Compiles the rows that matter by now, and says how to try them all. */
  compiled(): readonly Step[] {
    if (this.version === this.slice.version || this.left.length === 0) return this.steps
    this.version = this.slice.version
    const fresh = this.left.filter(this.matters)
    if (fresh.length === 0) return this.steps
    this.left = this.left.filter(row => !this.matters(row))
    this.found.push(...fresh)
    this.steps.push(...this.compile(fresh))
    // A few rows more each time would end in a function for each.
    if (this.steps.length > 8 + this.found.length / (AT_ONCE / 2)) {
      this.steps = this.compile(this.found.sort((a, b) => a - b))
    }
    return this.steps
  }

  private compile(rows: readonly number[]): Step[] {
    const steps: Step[] = []
    for (let at = 0; at < rows.length; at += AT_ONCE) steps.push(compile(this.packed, rows.slice(at, at + AT_ONCE)))
    return steps
  }
}
