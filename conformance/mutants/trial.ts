/**
 * One edit of rules on trial: does anybody notice?
 *
 * A run of the edited rules, steered to where they differ, is judged by the
 * unedited ones; then the claims are held against the edited rules.  Where the
 * edited rules have the very graph that the unedited ones have, in every
 * system, nobody can notice.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Chance } from '../../impl/chance.ts'
import { changed, differing, sameVariables } from '../../impl/differ.ts'
import { editedWhere } from '../../impl/edit.ts'
import { type Graph, pathTo } from '../../impl/explore.ts'
import type { Flat, Row } from '../../impl/flat.ts'
import { flatten } from '../../impl/flatten.ts'
import { Judge } from '../../impl/judge.ts'
import { anyOf, pack } from '../../impl/pack.ts'
import { claims } from '../../spec/claims.ts'
import type { Edit, Machine, System } from '../../spec/lang.ts'
import { queries } from '../../spec/queries.ts'
import { pair, systems } from '../../spec/systems.ts'
import { readTranscript } from '../transcript.ts'
import { validate } from '../validate.ts'
import { isJudged, judged } from './judged.ts'
import { type Known, knownOf } from './known.ts'
import { neededBy } from './seen-by.ts'
import { Numbers, tellersOf } from './teller.ts'
import { tell } from './telling.ts'
import { Trip } from './trip.ts'

/** What came of an edit. */
export interface Verdict {
  readonly verdict: 'noticed' | 'equivalent' | 'survives'
  /** Who notices, or why nobody can. */
  readonly by: 'run' | 'claim' | 'transcript' | 'same graph' | 'never taken' | 'seen alike' | 'less' | 'ordered' | ''
  /** The line that could not come, the claim, or the transcript; and what is said of it. */
  readonly what: string
  /** The system in which it was found. */
  readonly system: string
}

/** Whether a system asks for the status as it was proposed in 2018, which no QEMU answers. */
const proposed = ({ sides }: System): boolean =>
  Object.values(sides).some(machines => machines.some(({ name }) => name === 'status as proposed'))

const all = (systems as unknown as readonly System[]).filter(system => system.explored && !proposed(system))

/** The systems in which an edit finds something, the small ones first. */
export function touchedBy(edits: readonly Edit[]): { system: System; changedTo: System }[] {
  const named = new Set(edits.flatMap(edit => ('drop' in edit ? [edit.drop] : 'change' in edit ? [edit.change] : [])))
  const cost = (system: System): number => sizes.indexOf(system.name)
  return all
    .flatMap(system => {
      // What is left out there on purpose would be missing without anybody's fault.
      if (system.without.some(name => named.has(name.replace(/^\w+: /, '')))) return []
      const changedTo = editedWhere(system, edits)
      return changedTo === undefined ? [] : [{ system, changedTo }]
    })
    .sort((a, b) => cost(a.system) - cost(b.system))
}

/** In about this order of their sizes. */
const sizes = [
  'COLO left out',
  'background snapshot',
  'jobs',
  'COLO with a vCPU',
  'COLO on the source only',
  'capabilities',
  'strangers',
  'COLO quit',
  'precopy',
  'postcopy',
  'postcopy quit',
  'COLO on one side',
  'guest',
  'COLO pair',
  'quit',
  'COLO status as proposed',
  'any guest',
  'COLO again',
  'COLO of a guest that stops',
]

/** Of these systems the claims are held against each edit. */
const quick = sizes.indexOf('guest')

/** One of these recorded transcripts of real QEMUs that the edited rules of a pair do not allow. */
export function unlike(edits: readonly Edit[], version: string, files: readonly string[]): string | undefined {
  const changedTo = editedWhere(pair as unknown as System, edits)
  if (changedTo === undefined || files.length === 0) return undefined
  const packed = pack(flatten(changedTo, version))
  return files.find(file => {
    if (!existsSync(join(import.meta.dirname, '../transcripts', file))) return false
    const text = readFileSync(join(import.meta.dirname, '../transcripts', file), 'utf8')
    return validate(readTranscript(text, file), { version, packed, limit: 60_000 }).verdict === 'violates'
  })
}

/** How hard to try. */
export interface Effort {
  /** Runs in each system. */
  readonly runs: number
  /** Systems at most. */
  readonly systems: number
  readonly seed: number
  /** Whether to hold the claims too. */
  readonly claims: boolean
}

const editedQueries = (edits: readonly Edit[]): Machine => {
  const holder = { name: '', sides: { src: [queries as unknown as Machine] }, rules: {} } as unknown as System
  return (editedWhere(holder, edits)?.sides.src?.[0] ?? queries) as unknown as Machine
}

/** Tries an edit under one release. */
export function tryEdits(edits: readonly Edit[], version: string, effort: Effort, rule = ''): Verdict {
  const touched = touchedBy(edits)
  const asks = editedQueries(edits)
  let differs = false
  let taken = false
  let still = false
  const left: { system: System; changedTo: System }[] = []
  if (asks !== (queries as unknown as Machine)) {
    const found = answered(asks, version, effort)
    if (found !== undefined) return found
    differs = true
  }
  const places: { system: System; changedTo: System }[] = asks === (queries as unknown as Machine) ? touched : []
  for (const { system, changedTo } of places) {
    if (left.length >= effort.systems) {
      still = true
      break
    }
    const { graph, flat } = knownOf(system, version)
    const other = flatten(changedTo, version)
    if (sameVariables(flat, other)) {
      const { lost, gained } = changed(flat, other)
      taken ||= lost.length + gained.length === 0 || lost.some(row => (graph.taken[row.id] ?? 0) > 0)
      const states = differing(graph, other)
      if (states.length === 0) {
        still ||= flat.rows.some(row => row.rule.rule.name === rule && (graph.taken[row.id] ?? 0) > 0)
        continue
      }
      still ||= takes(graph, other, rule)
    }
    differs = true
    left.push({ system, changedTo })
    const found = isJudged(system) ? runs(knownOf(system, version), other, effort) : undefined
    if (found !== undefined) return { verdict: 'noticed', by: 'run', what: found, system: system.name }
  }
  const seen = (): Verdict | undefined => {
    const file = unlike(edits, version, neededBy(version, rule))
    return file === undefined ? undefined : { verdict: 'noticed', by: 'transcript', what: file, system: 'pair' }
  }
  if (!differs && taken) return { verdict: 'equivalent', by: 'same graph', what: '', system: '' }
  // Where no system that is explored comes to a rule, only transcripts of real QEMUs do.
  if (!differs) return seen() ?? { verdict: 'survives', by: 'never taken', what: '', system: 'pair' }
  if (rule !== '' && !still && touched.length <= left.length)
    return {
      verdict: 'noticed',
      by: 'claim',
      what: 'every rule is taken somewhere',
      system: left[0]?.system.name ?? '',
    }
  const telling = tell(
    places.map(({ system, changedTo }) => () => ({
      from: knownOf(system, version),
      other: flatten(changedTo, version),
    })),
    effort.seed,
  )
  if (telling.came === 'shown') return { verdict: 'noticed', by: 'run', what: telling.what, system: telling.system }
  if (places.length > 0 && telling.came === 'alike')
    return { verdict: 'equivalent', by: 'seen alike', what: '', system: '' }
  const transcript = seen()
  if (transcript !== undefined) return transcript
  if (effort.claims) {
    for (const { system, changedTo } of left.filter(({ system: { name } }) => sizes.indexOf(name) < quick)) {
      const found = broken(system, changedTo, version)
      if (found !== undefined) return { verdict: 'noticed', by: 'claim', what: found, system: system.name }
    }
  }
  const by = places.length === 0 || telling.came === 'unknown' || telling.came === 'alike' ? '' : telling.came
  return { verdict: 'survives', by, what: '', system: left[0]?.system.name ?? '' }
}

/** A run of the unedited rules to where an edited answer is another than it was; what the unedited ones say of it. */
function answered(asks: Machine, version: string, effort: Effort): Verdict | undefined {
  for (const system of all.filter(isJudged).toSorted((a, b) => sizes.indexOf(a.name) - sizes.indexOf(b.name))) {
    const { graph, packed, flat } = knownOf(system, version)
    const numbers = new Numbers()
    const [was, is] = [queries as unknown as Machine, asks].map(one => tellersOf(packed, one, numbers))
    if (was === undefined || is === undefined) continue
    for (let state = 0, tried = 0; state < graph.size.states && tried < effort.runs; state++) {
      const at = state * packed.words
      if (was.every((tell, i) => tell(graph.states, at) === is[i]?.(graph.states, at))) continue
      tried += 1
      const path = pathTo(graph, state)
      const begin = graph.states.slice(path.start * packed.words, (path.start + 1) * packed.words)
      const trip = new Trip(packed, begin, asks, effort.seed)
      follow(trip, flat, path.steps)
      trip.probe()
      const judgement = judged(system, version, packed, begin, trip.transcript(`${system.name} ${version}`))
      if (judgement.verdict === 'violates')
        return { verdict: 'noticed', by: 'run', what: judgement.message, system: system.name }
    }
  }
  return undefined
}

/** A claim whose verdict is another under edited rules. */
export function broken(
  system: System,
  changedTo: System,
  version: string,
  only?: readonly string[],
): string | undefined {
  const judge = new Judge()
  const own = claims.filter(claim => claim.system === system.name && (only === undefined || only.includes(claim.name)))
  const groups = Map.groupBy(own, ({ without, observers }) => JSON.stringify([without, observers]))
  for (const claim of [...groups.values()].flat()) {
    try {
      if (!judge.judge(claim, changedTo, version).expected) return claim.name
    } catch (error) {
      // A claim that names a rule that the edit took away says nothing of it.
      if ((error as Error).name !== 'SpecError') throw error
    }
  }
  return undefined
}

/** Whether edited rules that only take steps away still take a rule in some state that was reachable. */
function takes({ packed, states, size }: Graph, other: Flat, rule: string): boolean {
  const rows = other.rows.filter(row => row.rule.rule.name === rule)
  const test = anyOf(
    packed,
    rows.map(({ cells }) => cells),
  )
  for (let n = 0; n < size.states; n++) if (test(states, n * packed.words)) return true
  return false
}

/** The starting points of runs: the nearest state where the rules differ, and others. */
function placesOf(from: Known, other: Flat, effort: Effort): number[] {
  const states = differing(from.graph, other)
  const chance = new Chance(effort.seed)
  const some = Array.from({ length: effort.runs - 1 }, () => chance.of(states) ?? 0)
  return [...new Set([states[0] ?? 0, ...some])]
}

/** Runs of the edited rules; what the unedited ones say of the first that they do not allow. */
function runs(from: Known, other: Flat, effort: Effort): string | undefined {
  const { graph, flat, system, version } = from
  const packed = pack(other)
  const { lost } = changed(flat, other)
  const gone = new Set(lost.map(({ id }) => id))
  const same = sameVariables(flat, other)
  const places = same ? placesOf(from, other, effort) : Array.from({ length: effort.runs }, () => 0)
  for (const [n, state] of places.entries()) {
    const path = pathTo(graph, state)
    if (path.steps.some(({ row }) => gone.has(row))) continue
    const start = graph.states.slice(path.start * packed.words, (path.start + 1) * packed.words)
    const begin = same ? start : packed.starts.slice(0, packed.words)
    const trip = new Trip(packed, begin, queries as unknown as Machine, effort.seed + n)
    if (same) follow(trip, flat, path.steps)
    const was = new Set(flat.rows.map(bodyOf))
    const fresh = trip.enabled().filter(row => !was.has(bodyOf(row)))
    const gains = new Chance(effort.seed + n).of(fresh)
    const asked = lost.find(row => row.cause?.kind === 'command' && fitsNow(trip, row))
    if (gains !== undefined) trip.take(gains)
    else if (asked?.cause?.kind === 'command') {
      const { cause } = asked
      const answers = trip.enabled().filter(row => JSON.stringify(row.cause) === JSON.stringify(cause))
      const answer = new Chance(n).of(answers)
      if (answer === undefined) trip.ask(cause)
      else trip.take(answer)
    }
    if (!same || n % 3 === 2 || n >= 6) {
      trip.probe()
      trip.wander(same ? 12 + n : 60)
    }
    // Where anything could still fall between, the answers would be ambiguous; after what is owed it cannot.
    if (n % 3 === 1) trip.probe()
    const rests = trip.settle()
    trip.probe()
    if (rests) trip.quiet()
    const judgement = judged(system, version, packed, begin, trip.transcript(`${system.name} ${version}`))
    if (judgement.verdict === 'violates') return judgement.message
  }
  return undefined
}

const bodyOf = (row: Row): string => JSON.stringify([row.cells, row.cause ?? null, row.outputs, row.owed])

function fitsNow(trip: Trip, row: Row): boolean {
  const { packed, words } = trip
  return row.cells.every(({ variable, from }) => {
    const field = packed.fields[variable]
    return field !== undefined && ((from >>> (((words[field.word] ?? 0) >>> field.shift) & field.mask)) & 1) === 1
  })
}

/** Takes the steps of a path of the unedited graph, which the edited rules have too. */
function follow(trip: Trip, flat: Flat, steps: readonly { readonly row: number }[]): void {
  for (const { row } of steps) {
    const wanted = flat.rows[row]
    if (wanted === undefined) return
    const body = bodyOf(wanted)
    const found = trip.enabled().find(one => bodyOf(one) === body)
    if (found === undefined) return
    trip.take(found)
  }
}
