/**
 * Whether edited rules can be told from unedited ones: proved, or shown by a run.
 *
 * A proof that they cannot is a proof for everybody; a way on which they can is
 * taken by the edited rules, and judged by the unedited ones.
 */
import { keeps, type Seen, shows } from '../../impl/apart-proof.ts'
import { sameVariables } from '../../impl/differ.ts'
import type { Flat, Row } from '../../impl/flat.ts'
import { type Packed, pack } from '../../impl/pack.ts'
import type { Machine } from '../../spec/lang.ts'
import { queries } from '../../spec/queries.ts'
import type { JsonObject } from '../json.ts'
import { isJudged, judged } from './judged.ts'
import type { Known } from './known.ts'
import { tellersOf } from './teller.ts'
import { Trip } from './trip.ts'

/** How far proofs go. */
const bounds = { states: 60_000, places: 1500 } as const

/** A system and its edited self. */
export interface Two {
  readonly from: Known
  readonly other: Flat
}

/**
 * What came of it: nobody can tell; it only leaves out what need not come; a run shows it; or what shows it is an order
 * in which no harness sees what two sides say.
 */
export type Telling =
  | { readonly came: 'alike' | 'less' | 'unknown' | 'ordered' }
  | { readonly came: 'shown'; readonly what: string; readonly system: string }

/** So many steps may be looked at in one system, and in all together; more where only the last is left to be proved. */
const EACH = 4_000_000
const WORK = 10_000_000
const LAST = 20_000_000

/** The edited rules taken along a way; what the unedited ones say of it where they do not allow it. */
function shown(
  { system, version }: Known,
  edited: Packed,
  { start, steps, asks }: Seen,
  seed: number,
): string | undefined {
  // Asking takes its place among what is seen: it is tried at every step, near the end, and only then.
  for (const from of [Number.POSITIVE_INFINITY, 0, steps.length - 3]) {
    const trip = new Trip(edited, start, queries as unknown as Machine, seed)
    for (const [n, { row, given }] of steps.entries()) {
      trip.take(edited.flat.rows[row] as Row, given as JsonObject | undefined)
      if (n >= from) trip.probe()
    }
    trip.probe()
    const rests = trip.settle()
    if (asks === undefined) trip.probe()
    else trip.ask(asks.cause, asks.given as JsonObject | undefined)
    if (rests) trip.quiet()
    const judgement = judged(system, version, edited, start, trip.transcript(`${system.name} ${version}`))
    if (judgement.verdict === 'violates') return judgement.message
  }
  return undefined
}

/** Tries to prove that some systems cannot be told from their edited selves, or to show that one can; these one after another. */
export function tell(places: Iterable<() => Two>, seed: number): Telling {
  const room = { work: WORK }
  let came: 'alike' | 'less' | 'unknown' | 'ordered' = 'alike'
  const each = [...places]
  for (const place of each) {
    const { from, other } = place()
    const left = { work: Math.min(room.work, EACH) }
    const given = left.work
    const edited = pack(other)
    const tells = tellersOf(from.packed, queries as unknown as Machine)
    const seen = sameVariables(from.flat, other) ? shows(from.graph, edited, tells, { ...bounds, left }) : 'unknown'
    room.work -= given - left.work
    if (seen === 'within') continue
    if (seen === 'unknown') {
      came = 'unknown'
      continue
    }
    const what = isJudged(from.system) ? shown(from, edited, seen, seed) : undefined
    if (what !== undefined) return { came: 'shown', what, system: from.system.name }
    if (came !== 'unknown') came = 'ordered'
  }
  if (came !== 'alike') return { came }
  const last = { work: LAST }
  const kept = each.every(place => {
    const { from, other } = place()
    const tells = tellersOf(from.packed, queries as unknown as Machine)
    return keeps(from.graph, pack(other), tells, { ...bounds, left: last }) === 'within'
  })
  return { came: kept ? 'alike' : 'less' }
}
