/**
 * What can be reached, from above and in no time.
 *
 * A system with everything in it is too large to explore.  Here a state is not
 * kept whole: of every two variables of a side it is kept which values they
 * can have together, and rows are taken until no pair is new.  Nothing that
 * can be reached is missing; what three variables rule out only together, and
 * what waits on a wire, is not ruled out.
 */
import type { Json, Pattern } from '../spec/lang.ts'
import type { Flat, Row } from './flat.ts'
import { everything, namesOf, readCondition } from './move.ts'

/** A row without what it does to wires; those alike in all else are one. */
interface Shape {
  readonly cells: Row['cells']
  readonly rows: Row[]
}

/** What is known of the values that variables can have together. */
export interface Reach {
  readonly flat: Flat
  /** The values a variable can have at all, as bits. */
  readonly values: (variable: number) => number
  /** Whether a row can be taken, as far as can be told. */
  readonly taken: (row: Row) => boolean
  /** The values a variable can have where a row is taken, as bits; 0 where the row can never be taken. */
  readonly before: (row: Row, variable: number) => number
  /** The values a variable can have where these cells hold, as bits. */
  readonly where: (cells: Row['cells'], variable: number) => number
}

const isPlace = (name: string): boolean => name.includes('>')
const sideOf = (name: string): string => (name.includes('.') ? name.slice(0, name.indexOf('.')) : '')

/** The place of the lowest bit that is set. */
const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits)

class Pairs {
  private readonly flat: Flat
  /** The number of each variable's side; 0 for one of no side. */
  private readonly sides: Int32Array
  /** Which variables are looked at together with a variable: those of its side, and those of no side. */
  private readonly near: number[][]
  /** Where the pairs of a variable's first value begin. */
  private readonly base: number[]
  private readonly bits: Int32Array
  /** The values that each variable can have at all. */
  private readonly all: Int32Array
  private readonly width: number
  private readonly stays: Int32Array
  /** When a pair of the variable was last new. */
  private readonly touched: Int32Array
  clock = 1
  private readonly more: ReadonlyMap<string, number>

  constructor(flat: Flat, more: ReadonlyMap<string, number>) {
    this.flat = flat
    this.more = more
    const { variables } = flat
    this.width = variables.length
    this.sides = Int32Array.from(variables, ({ name }) => flat.sides.indexOf(sideOf(name)) + 1)
    const kept = variables.flatMap(({ name }, number) => (isPlace(name) ? [] : [number]))
    this.near = variables.map((_, x) => kept.filter(y => y !== x && this.isNear(x, y)))
    let at = 0
    this.base = variables.map(({ values }) => {
      const start = at
      at += values.length * this.width
      return start
    })
    this.bits = new Int32Array(at)
    this.touched = new Int32Array(this.width)
    this.all = new Int32Array(this.width)
    this.stays = new Int32Array(this.width)
    for (const [x, { name }] of variables.entries()) if (isPlace(name)) this.free(x)
    for (const x of kept) {
      for (const y of [x, ...(this.near[x] ?? [])]) this.join(x, this.startOf(x), y, this.startOf(y))
    }
  }

  private startOf(variable: number): number {
    const { name = '', start = 0 } = this.flat.variables[variable] ?? {}
    return start | (this.more.get(name) ?? 0)
  }

  /** Adds that each of some values of x can stand with each of some of y. */
  private join(x: number, xs: number, y: number, ys: number): void {
    const base = (this.base[x] ?? 0) + y
    for (let rest = xs; rest !== 0; rest &= rest - 1) {
      const value = lowest(rest)
      const at = base + value * this.width
      const set = x === y ? 1 << value : ys
      const old = this.bits[at] ?? 0
      if ((old | set) === old) continue
      this.bits[at] = old | set
      if (x === y) this.all[x] = (this.all[x] ?? 0) | set
      this.touched[x] = this.clock
      this.touched[y] = this.clock
    }
  }

  /** The values that x can have at all. */
  values(x: number): number {
    return this.all[x] ?? 0
  }

  /** Lets the places of a wire hold anything: they are not looked at. */
  free(x: number): void {
    this.all[x] = everything(this.flat.variables[x]?.values ?? [])
  }

  /** The values of y that can stand with one of some values of x. */
  private with(x: number, xs: number, y: number): number {
    const base = (this.base[x] ?? 0) + y
    let found = 0
    for (let rest = xs; rest !== 0; rest &= rest - 1) found |= this.bits[base + lowest(rest) * this.width] ?? 0
    return found
  }

  /** The values that each named variable can have where all cells hold; nothing where they cannot. */
  guard(cells: Row['cells']): Map<number, number> | undefined {
    const allowed = new Map<number, number>()
    for (const { variable, from } of cells) {
      const values = this.values(variable) & from
      if (values === 0) return undefined
      allowed.set(variable, values)
    }
    for (;;) {
      let narrowed = false
      for (const [x, xs] of allowed) {
        for (const [y, ys] of allowed) {
          if (x === y || !this.isNear(x, y)) continue
          const left = ys & this.with(x, allowed.get(x) ?? xs, y)
          if (left === ys) continue
          if (left === 0) return undefined
          allowed.set(y, left)
          narrowed = true
        }
      }
      if (!narrowed) return allowed
    }
  }

  /** The values that any variable can have where a guard holds. */
  under(allowed: ReadonlyMap<number, number>, y: number): number {
    const own = allowed.get(y)
    if (own !== undefined) return own
    let found = this.values(y)
    for (const [x, xs] of allowed) {
      // What may be anything it can be says nothing of others.
      if (xs !== this.values(x) && this.isNear(x, y)) found &= this.with(x, xs, y)
    }
    return found
  }

  /** The same of every variable at once, until it is asked again. */
  private underAll(allowed: ReadonlyMap<number, number>): Int32Array {
    const { bits, width, stays } = this
    stays.set(this.all)
    for (const [x, xs] of allowed) {
      if (xs === this.values(x)) continue
      const rows: number[] = []
      for (let rest = xs; rest !== 0; rest &= rest - 1) rows.push((this.base[x] ?? 0) + lowest(rest) * width)
      for (const y of this.near[x] ?? []) {
        let found = 0
        for (const row of rows) found |= bits[row + y] ?? 0
        stays[y] = (stays[y] ?? 0) & found
      }
    }
    for (const [x, xs] of allowed) stays[x] = xs
    return stays
  }

  private isNear(x: number, y: number): boolean {
    const [a, b] = [this.sides[x] ?? 0, this.sides[y] ?? 0]
    return a === 0 || b === 0 || a === b
  }

  /** Whether a pair of one of these variables was new since then. */
  isNew(cells: Row['cells'], since: number): boolean {
    return cells.some(({ variable }) => (this.touched[variable] ?? 0) >= since)
  }

  take(cells: Row['cells']): void {
    const allowed = this.guard(cells)
    if (allowed === undefined) return
    const moves = cells.filter(({ to }) => to >= 0)
    // Of what is not named all that stands with the guard stays; look before anything is added.
    const stays = this.underAll(allowed)
    for (const { variable, to } of moves) stays[variable] = 1 << to
    for (const { variable, to } of moves) {
      this.join(variable, 1 << to, variable, 1 << to)
      for (const y of this.near[variable] ?? []) {
        this.join(variable, 1 << to, y, stays[y] ?? 0)
        this.join(y, stays[y] ?? 0, variable, 1 << to)
      }
    }
  }
}

function shapesOf(flat: Flat): Shape[] {
  const shapes = new Map<string, Shape>()
  for (const row of flat.rows) {
    const cells = row.cells.filter(({ variable }) => !isPlace(flat.variables[variable]?.name ?? ''))
    const key = cells.map(({ variable, from, to }) => `${variable} ${from} ${to}`).join()
    const known = shapes.get(key)
    if (known === undefined) shapes.set(key, { cells, rows: [row] })
    else known.rows.push(row)
  }
  return [...shapes.values()]
}

/**
 * What a system may be given besides: of a variable that no row moves, such as
 * what the host can do, all the values at which any of these starts.
 */
export function startsOf({ variables, index, rows }: Flat, starts: readonly Pattern[]): ReadonlyMap<string, number> {
  const moved = new Set(rows.flatMap(({ cells }) => cells.filter(({ to }) => to >= 0).map(({ variable }) => variable)))
  const more = new Map<string, number>()
  for (const [name, condition] of starts.flatMap(start => Object.entries(start))) {
    const number = index.get(name) ?? -1
    const values = variables[number]?.values
    if (values === undefined || moved.has(number)) continue
    more.set(name, (more.get(name) ?? 0) | readCondition(condition as Json, values))
  }
  return more
}

/** Takes every row of a system until nothing is new; variables may start at `more` than the system says. */
export function reach(flat: Flat, more: ReadonlyMap<string, number> = new Map()): Reach {
  const pairs = new Pairs(flat, more)
  const shapes = shapesOf(flat)
  const moving = shapes.filter(({ cells }) => cells.some(({ to }) => to >= 0)).map(shape => ({ ...shape, at: 0 }))
  const takeAll = (some: typeof moving): boolean => {
    let found = false
    for (const shape of some) {
      if (!pairs.isNew(shape.cells, shape.at)) continue
      found = true
      shape.at = ++pairs.clock
      pairs.take(shape.cells)
    }
    return found
  }
  // A command that sets options has a row for every way to set them: those wait until the others find nothing.
  const isMany = ({ rows }: Shape): boolean => {
    const cause = rows[0]?.cause
    return cause?.kind === 'command' && cause.options !== undefined
  }
  const [few, many] = [moving.filter(shape => !isMany(shape)), moving.filter(isMany)]
  do while (takeAll(few)) {}
  while (takeAll(many))
  const guards = new Map<Row, Map<number, number> | undefined>()
  for (const { cells, rows } of shapes) {
    const guard = pairs.guard(cells)
    for (const row of rows) guards.set(row, guard)
  }
  const under = (guard: Map<number, number> | undefined, variable: number): number =>
    guard === undefined ? 0 : pairs.under(guard, variable)
  return {
    flat,
    values: variable => pairs.values(variable),
    taken: row => guards.get(row) !== undefined,
    before: (row, variable) => under(guards.get(row), variable),
    where: (cells, variable) => under(pairs.guard(cells), variable),
  }
}

/** The names of the values in a set of bits of a variable of a system. */
export const valueNames = (flat: Flat, variable: number, bits: number): string[] => {
  const values = flat.variables[variable]?.values ?? []
  return namesOf(bits & everything(values), values)
}
