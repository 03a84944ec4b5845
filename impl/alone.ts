/**
 * Which rows may be taken at once and alone wherever they can be, for whoever
 * looks at some variables only.
 *
 * Such a row moves nothing that is looked at, and takes nothing away: whatever
 * else could be taken instead can be taken after it, and comes to the same,
 * at once or by such a row behind it.  And it is on no cycle of such rows, or
 * all the others would be put off for ever.  In the literature these are
 * confluent silent steps (Groote and van de Pol), here found of the rules
 * alone, by comparing each two rows in all states at once.
 */
import { allOf, type Bare, only } from './bare.ts'
import type { Flat } from './flat.ts'
import type { Forgotten } from './forgotten.ts'
import type { Pairs } from './pairs.ts'

/** How it is tested: parts of the proof that are left out, to see that the tests miss them. */
export interface Flaws {
  /** Takes rows that move what is looked at. */
  readonly looks?: false
  /** Does not ask whether another row can still be taken, and comes to the same. */
  readonly commutes?: false
  /** Takes rows that go round. */
  readonly ends?: false
  /** Forgets what is looked at. */
  readonly keeps?: false
}

type Values = ReadonlyMap<number, number>

/** Says of two rows whether the first takes nothing away from the second. */
class Judgement {
  readonly alone: Set<Bare>
  private readonly flat: Flat
  private readonly pairs: Pairs
  private readonly forgotten: Forgotten
  private readonly byRule: ReadonlyMap<string, readonly Bare[]>

  constructor(flat: Flat, rows: readonly Bare[], pairs: Pairs, forgotten: Forgotten, alone: Set<Bare>) {
    this.flat = flat
    this.pairs = pairs
    this.forgotten = forgotten
    this.alone = alone
    this.byRule = Map.groupBy(rows, ({ rule }) => rule)
  }

  /** Whether after `row` all is still to be had that `other` leads to. */
  spares(row: Bare, other: Bare): boolean {
    const both = this.together(row, other)
    if (both === undefined) return true
    const [first, second] = [ends(both, row.puts), ends(both, other.puts)]
    if (!other.seen && this.same(both, first, second)) return true
    const behind = [row, ...(this.byRule.get(row.rule) ?? [])].filter(
      one => this.alone.has(one) && this.fits(both, other.puts, one),
    )
    for (const again of [other, ...(this.byRule.get(other.rule) ?? [])]) {
      if (again.seen !== other.seen || !this.fits(both, row.puts, again)) continue
      const one = ends(both, row.puts, again.puts)
      if (this.same(both, one, second)) return true
      if (behind.some(last => this.same(both, one, ends(both, other.puts, last.puts)))) return true
    }
    return false
  }

  /** The values that variables have where both can be taken; nothing where they never can. */
  private together(row: Bare, other: Bare): Map<number, number> | undefined {
    const both = new Map(row.tests)
    for (const [v, bits] of other.tests) both.set(v, (both.get(v) ?? -1) & bits)
    for (const puts of [row.puts, other.puts])
      for (const v of puts.keys()) if (!both.has(v)) both.set(v, allOf(this.flat, v))
    for (let narrowed = true; narrowed; ) {
      narrowed = false
      for (const [v, among] of both) {
        if (among === 0) return undefined
        for (const [w, bits] of both) {
          const left = bits & this.pairs.beside(w, v, among)
          if (left === bits) continue
          if (left === 0) return undefined
          both.set(w, left)
          narrowed = true
        }
      }
    }
    return both
  }

  /** Whether a row can be taken in every such state, once that is put. */
  private fits(both: Values, puts: Values, { tests }: Bare): boolean {
    for (const [v, bits] of tests) {
      const put = puts.get(v)
      let can = put === undefined ? both.get(v) : 1 << put
      if (can === undefined) {
        can = allOf(this.flat, v)
        for (const [w, among] of both) can &= this.pairs.beside(v, w, among)
      }
      if ((can & ~bits) !== 0) return false
    }
    return true
  }

  /** Whether two ways to end are the same but for what nobody reads from there on. */
  private same(both: Values, one: Values, other: Values): boolean {
    const differ = [...new Set([...one.keys(), ...other.keys()])].filter(v => one.get(v) !== other.get(v))
    if (differ.length === 0) return true
    const sure = new Map<number, number>()
    for (const [v, bits] of both) if (only(bits) >= 0) sure.set(v, only(bits))
    for (const [v, value] of one) sure.set(v, value)
    for (const v of differ) sure.delete(v)
    return differ.every(v => [...sure].some(([control, value]) => this.forgotten[control]?.[value]?.has(v) === true))
  }
}

/** What is put in the end, but for what was there before. */
function ends(both: Values, ...puts: readonly Values[]): Map<number, number> {
  const end = new Map(puts.flatMap(one => [...one]))
  for (const [v, value] of end) if (both.get(v) === 1 << value) end.delete(v)
  return end
}

/** Of some rows those of which it is not sure that they cannot go round for ever. */
function goingRound(flat: Flat, rows: Iterable<Bare>): Set<Bare> {
  const left = new Set(rows)
  for (let before = -1; before !== left.size; ) {
    before = left.size
    const next = new Map<number, Int32Array>()
    for (const { tests, puts } of left) {
      for (const [v, to] of puts) {
        const arrows = next.get(v) ?? new Int32Array(32)
        next.set(v, arrows)
        const from = (tests.get(v) ?? allOf(flat, v)) & ~(1 << to)
        for (let a = 0; a < 32; a++) if ((from >>> a) & 1) arrows[a] = (arrows[a] ?? 0) | (1 << to)
      }
    }
    for (const row of left) {
      // It leaves values of one variable to which no row that is left brings it back.
      const leaves = [...row.puts].some(([v, to]) => {
        const from = row.tests.get(v) ?? allOf(flat, v)
        const arrows = next.get(v) as Int32Array
        let seen = 1 << to
        for (let grown = 0; grown !== seen; ) {
          grown = seen
          for (let a = 0; a < 32; a++) if ((grown >>> a) & 1) seen |= arrows[a] as number
        }
        return (seen & from) === 0
      })
      if (leaves) left.delete(row)
    }
  }
  return left
}

/** The rows that may be taken alone; see above. */
export function aloneOf(
  flat: Flat,
  rows: readonly Bare[],
  pairs: Pairs,
  forgotten: Forgotten,
  { looks, commutes, ends }: Flaws = {},
): ReadonlySet<Bare> {
  const alone = new Set(rows.filter(({ seen }) => !seen || looks === false))
  const judgement = new Judgement(flat, rows, pairs, forgotten, alone)
  // Whoever neither moves what the other tests or moves, nor the other way round, is spared anyway.
  const readers = flat.variables.map(() => new Set<Bare>())
  for (const row of rows) for (const v of [...row.tests.keys(), ...row.puts.keys()]) readers[v]?.add(row)
  const movers = flat.variables.map(() => new Set<Bare>())
  for (const row of rows) for (const v of row.puts.keys()) movers[v]?.add(row)
  const near = (row: Bare): Set<Bare> =>
    new Set([
      ...[...row.puts.keys()].flatMap(v => [...(readers[v] ?? [])]),
      ...[...row.tests.keys()].flatMap(v => [...(movers[v] ?? [])]),
    ])
  const touched = new Map([...alone].map(row => [row, [...near(row)].filter(other => other !== row)]))
  for (let before = -1; before !== alone.size; ) {
    before = alone.size
    if (commutes !== false) {
      for (const row of alone) {
        if (!(touched.get(row) ?? []).every(other => judgement.spares(row, other))) alone.delete(row)
      }
    }
    if (ends === false) continue
    // Of those that may go round one rule after another is left out, whichever breaks most.
    for (let round = goingRound(flat, alone); round.size > 0; round = goingRound(flat, alone)) {
      const cost = (rule: string): number => {
        const rest = [...round].filter(row => row.rule !== rule)
        return round.size - rest.length + goingRound(flat, rest).size
      }
      const rules = [...new Set([...round].map(({ rule }) => rule))].map(rule => [cost(rule), rule] as const)
      const [, worst] = rules.reduce((a, b) => (b[0] < a[0] ? b : a))
      for (const row of round) if (row.rule === worst) alone.delete(row)
    }
  }
  return alone
}
