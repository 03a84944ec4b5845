/**
 * Which claims a transcript breaks, however it is explained.
 *
 * It is followed once more, and of each way that explains it is kept which
 * claims it breaks.  A claim is about its system: a way that takes a rule that
 * the system, or the claim, leaves out says nothing of it from there on.
 */
import type { Cell, Row } from '../impl/flat.ts'
import { flatten } from '../impl/flatten.ts'
import { idOf } from '../impl/judge.ts'
import { MARKS, type Mark, type Spot, sideOf } from '../impl/marks.ts'
import { readCondition } from '../impl/move.ts'
import { anyOf, cellsOf, type Packed } from '../impl/pack.ts'
import { ANYTHING } from '../impl/seen.ts'
import { Slice } from '../impl/slice.ts'
import type { Tracker } from '../impl/track.ts'
import { claims } from '../spec/claims.ts'
import type { Claim, Observer, Pattern, System } from '../spec/lang.ts'
import { systems } from '../spec/systems.ts'
import type { Told } from './observe.ts'
import type { Line } from './transcript.ts'
import { type Broken, tellFault } from './validate.ts'

/** What a claim speaks of, in the variables of what a transcript is held against. */
interface Spoken {
  readonly claim: Claim
  readonly system: System
  readonly observers: readonly Observer[]
  readonly where: readonly Spot[]
  readonly to: readonly Spot[]
  readonly rows?: ReadonlySet<number>
  /** It is not known to be broken, and leaves out what the world does. */
  readonly worldly: boolean
}

/** Whether all that a system tells of is there. */
const isWhole = ({ flat }: Packed, { sides, speaksFor = {} }: System): boolean =>
  Object.entries(sides).every(([side, machines]) =>
    machines.every(({ variables }) =>
      Object.keys(variables).every(name => flat.index.has(`${side}.${name}`) || flat.index.has(name)),
    ),
  ) && Object.keys(speaksFor).every(name => flat.index.has(name))

const spokens = new WeakMap<Packed, readonly Spoken[]>()

function spokenOf(packed: Packed): readonly Spoken[] {
  const known = spokens.get(packed)
  if (known !== undefined) return known
  const { flat } = packed
  const observers: Observer[] = []
  const numberOf = (observer: Observer): number => {
    const at = observers.findIndex(one => JSON.stringify(one) === JSON.stringify(observer))
    return at < 0 ? observers.push(observer) - 1 : at
  }
  const spotsOf = (claim: Claim, patterns: readonly Pattern[]): Spot[] | undefined => {
    const spots: Spot[] = []
    for (const pattern of patterns) {
      const watched: Spot['watched'][number][] = []
      const plain: Record<string, Pattern[string]> = {}
      for (const [name, condition] of Object.entries(pattern)) {
        const observer = claim.observers.find(one => one.name === name)
        if (observer === undefined) plain[name] = condition
        else if (condition !== undefined)
          watched.push({ observer: numberOf(observer), from: readCondition(condition, observer.values) })
      }
      if (Object.keys(plain).some(name => !flat.index.has(name))) return undefined
      spots.push({ cells: cellsOf(flat, plain), watched })
    }
    return spots
  }
  const found = claims.flatMap((claim): Omit<Spoken, 'observers'>[] => {
    if (claim.kind !== 'never' && claim.kind !== 'leadsTo') return []
    const system = systems.find(one => one.name === claim.system) as System | undefined
    // Of a peer that may do anything no claim tells; that a rule is taken is so whoever the peer is.
    if (system === undefined || (claim.rule === undefined && !isWhole(packed, system))) return []
    if (claim.observers.some(observer => sideOf(observer, flat) === undefined)) return []
    const id = claim.rule === undefined ? undefined : idOf(claim.rule)
    const rows = id === undefined ? undefined : flat.rows.flatMap(row => (row.rule.id === id ? [row.id] : []))
    if (rows?.length === 0) return []
    const where = spotsOf(claim, claim.where)
    const to = spotsOf(claim, claim.to)
    if (where === undefined || to === undefined) return []
    const worldly = claim.broken[flat.version] === undefined && leavesOutWorld(packed, claim)
    return [{ claim, system, where, to, worldly, ...(rows && { rows: new Set(rows) }) }]
  })
  const spoken = found.map(one => ({ ...one, observers }))
  spokens.set(packed, spoken)
  return spoken
}

/** What of everything at once a system tells of. */
interface Scope {
  /** For which states it speaks. */
  readonly states: readonly Cell[]
  /** What each of its variables can be, as bits, by the number that it has in everything at once. */
  readonly values: ReadonlyMap<number, number>
  /** Whether a step can be taken in it. */
  readonly has: (row: Row) => boolean
}

const scopes = new WeakMap<Packed, Map<System, Scope>>()

function scopeOf(packed: Packed, system: System): Scope {
  const kept = scopes.get(packed) ?? new Map<System, Scope>()
  scopes.set(packed, kept)
  const known = kept.get(system)
  if (known !== undefined) return known
  const { flat } = packed
  const own = flatten(system, flat.version)
  const slice = new Slice(own)
  slice.allow(own.rows.map(({ id }) => id))
  const values = new Map<number, number>()
  own.variables.forEach(({ name, values: names }, i) => {
    const variable = flat.index.get(name)
    if (variable === undefined) return
    let bits = 0
    flat.variables[variable]?.values.forEach((value, at) => {
      const mine = names.indexOf(value)
      if (mine >= 0 && (((slice.values[i] ?? 0) >>> mine) & 1) === 1) bits |= 1 << at
    })
    values.set(variable, bits)
  })
  const rules = new Set(own.rules.map(({ id }) => id))
  // Where it does not say for which states it speaks: for those in which all is as it has it from the start to the end.
  const moved = new Set(
    own.rows.flatMap(({ cells }) => cells.flatMap(({ variable, to }) => (to >= 0 ? [variable] : []))),
  )
  const fixed = Object.entries(system.start).filter(([name]) => !moved.has(own.index.get(name) ?? -1))
  const scope: Scope = {
    states: isWhole(packed, system) ? cellsOf(flat, system.speaksFor ?? Object.fromEntries(fixed)) : [],
    values,
    has: ({ rule, cells }) =>
      rules.has(rule.id) && cells.every(({ variable, from }) => ((values.get(variable) ?? -1) & from) !== 0),
  }
  kept.set(system, scope)
  return scope
}

const isNamed = (names: readonly string[], side: string, rule: string): boolean =>
  names.some(name => name === rule || name === `${side}: ${rule}`)

/** Whether a claim leaves out a rule that nobody has to ask for. */
const leavesOutWorld = ({ flat }: Packed, { without }: Claim): boolean =>
  flat.rules.some(
    ({ rule, side }) => isNamed(without, side, rule.name) && (rule.on === undefined || !('command' in rule.on)),
  )

/** A claim as what is asked of all explanations. */
function markOf(packed: Packed, { claim, system, where, rows, observers }: Spoken): Mark {
  const { flat } = packed
  const scope = scopeOf(packed, system)
  const variables = new Set(where.flatMap(({ cells }) => cells.map(({ variable }) => variable)))
  const own = new Set(where.flatMap(({ watched }) => watched.map(({ observer }) => observer)))
  const followed = [...own].flatMap(o => observers[o]?.follows ?? [])
  // What a step does to what the claim speaks of, and says that it listens to; nothing where it does neither.
  const doing = ({ rule, cells, outputs }: Row): string => {
    const moved = cells.filter(({ variable }) => variables.has(variable))
    const said = outputs.filter(
      output =>
        output.kind === 'event' && followed.some(({ side, event }) => side === output.side && event === output.name),
    )
    return moved.every(({ to }) => to < 0) && said.length === 0 ? '' : JSON.stringify([rule.id, moved, said])
  }
  const usual = new Set(flat.rows.flatMap(row => (scope.has(row) ? [doing(row)] : [])))
  // A system that says for which states of everything it speaks does so of states alone.
  const speaks = system.speaksFor !== undefined && own.size === 0
  const isOut = (row: Row): boolean => {
    const { cause, rule } = row
    if (isNamed(claim.without, rule.side, rule.rule.name)) return true
    // That a rule is never taken is claimed whatever came before.
    if (claim.rule !== undefined) return false
    const moves = doing(row) !== ''
    const asked = cause?.kind === 'command' || cause?.kind === 'fault'
    // Steps are left out of a system so that it stays small, too: those it need not fear, if nobody asks for them.
    if (isNamed(system.without, rule.side, rule.rule.name) && (moves || asked)) return true
    // A process that aborts over what its system cannot do is a matter of other claims.
    if (!scope.has(row) && moves && row.outputs.some(one => one.kind === 'exits')) return true
    return !speaks && ((moves && !usual.has(doing(row))) || (cause?.kind === 'fault' && !scope.has(row)))
  }
  const without = flat.rows.flatMap(row => (isOut(row) ? [row.id] : []))
  // That a rule is never taken is claimed of whatever state.
  const bounded = rows === undefined ? scope.states : []
  const spots = where.map(({ cells, watched }) => ({ cells: [...cells, ...bounded], watched }))
  return {
    // That something never comes is only known at the end.
    spots: claim.kind === 'leadsTo' ? [] : spots,
    ...(rows && { rows }),
    without: new Set(without),
    outset: [...variables].flatMap(variable => {
      const from = scope.values.get(variable)
      return from === undefined ? [] : [{ variable, from, to: -1 }]
    }),
  }
}

/** The tests by which claims tell states apart. */
export const cellsOfClaims = (packed: Packed): Cell[] =>
  spokenOf(packed).flatMap(({ where, to }) => [...where, ...to].flatMap(({ cells }) => cells))

/** What is known of how a transcript was followed. */
export interface Followed {
  readonly told: readonly Told[]
  /** Sides of which all that is said is known. */
  readonly heard: readonly string[]
  /** Quiet moments at which nobody owed anything but what the rules say. */
  readonly owed: ReadonlySet<Told>
  /** Only claims that a rule is never taken are asked about. */
  readonly rulesOnly?: boolean
}

/** The claims that every explanation breaks, in the order of the lines; `tracker` has followed all of it. */
export function brokenClaims(tracker: Tracker, { told, heard, owed, rulesOnly = false }: Followed): Broken[] {
  const { packed, taken } = tracker
  const { flat } = packed
  // Of what was said and never read nobody knows what it was.
  const unread = new Set(
    told.flatMap(one =>
      one.kind === 'seen' && one.seen.kind === 'event' && one.seen.name === ANYTHING ? [one.side] : [],
    ),
  )
  const audible = (observer: Observer): boolean => {
    const side = flat.sides[sideOf(observer, flat) ?? -1] ?? ''
    return heard.includes(side) && !unread.has(side)
  }
  // What no explanation comes to, none breaks.
  const touched = spokenOf(packed).filter(({ claim, where, rows, observers, worldly }) => {
    if (rulesOnly && rows === undefined) return false
    // Where a claim leaves out what the world does, something else that the world does may be as good.
    if (rows === undefined && worldly) return false
    if (where.some(({ watched }) => watched.some(({ observer }) => !audible(observers[observer] as Observer))))
      return false
    if (claim.kind === 'leadsTo' && (claim.without.length > 0 || !told.some(({ kind }) => kind === 'quiet')))
      return false
    if (rows !== undefined && ![...rows].some(row => taken[row] === 1)) return false
    return (
      where.length === 0 ||
      tracker.reached(
        anyOf(
          packed,
          where.map(({ cells }) => cells),
        ),
      )
    )
  })
  const found: Broken[] = []
  for (let at = 0; at < touched.length; at += MARKS)
    found.push(...followAgain(tracker, touched.slice(at, at + MARKS), { told, heard, owed }))
  const order = ({ claim }: Broken): number => (claim.kind === 'leadsTo' ? 1 : claim.rule === undefined ? 0 : 2)
  const number = new Map(claims.map((claim, i) => [claim as Claim, i]))
  return found.sort(
    (a, b) =>
      a.line.line - b.line.line || order(a) - order(b) || (number.get(a.claim) ?? 0) - (number.get(b.claim) ?? 0),
  )
}

function followAgain(first: Tracker, some: readonly Spoken[], { told, owed }: Followed): Broken[] {
  const { packed } = first
  const observers = some[0]?.observers ?? []
  const marks = some.map(one => markOf(packed, one))
  const tracker = first.marking({ observers, marks })
  const broken: Broken[] = []
  let left = tracker.spared
  let last: Told | undefined
  const look = (): void => {
    const { spared } = tracker
    if (last === undefined || spared === left) return
    for (const [i, { claim }] of some.entries()) {
      if (((left & ~spared) >>> i) % 2 === 0) continue
      broken.push({ claim, line: last.line, ...(claim.rule !== undefined && { rule: idOf(claim.rule) }) })
    }
    left = spared
  }
  for (const one of told) {
    let stuck: unknown
    if (one.kind === 'seen') tracker.see(one.side, one.seen)
    else if (one.kind === 'noted') tracker.note(one.side)
    else if (tracker.apart && one.kind !== 'sent') continue
    else {
      // A command takes effect only once all that was seen before it is explained.
      if (one.kind === 'sent') stuck = tracker.send(one.side, one.sent)
      else if (one.kind === 'quiet') stuck = tracker.settle()
      else tellFault(tracker, one)
      if (one.kind !== 'fault' && stuck === undefined) look()
      if (owed.has(one) && !tracker.rest()) return broken
    }
    if (stuck !== undefined) return broken
    last = one
  }
  if (tracker.finish() !== undefined) return broken
  look()
  if (last?.kind === 'quiet') broken.push(...neverCame(tracker, some, last.line))
  return broken
}

/** After a quiet end: claims that something must come, of which it is certain that it does not. */
function neverCame(tracker: Tracker, some: readonly Spoken[], line: Line): Broken[] {
  const { packed } = tracker
  return some.flatMap(({ claim, system, where, to }, i) => {
    if (claim.kind !== 'leadsTo' || (tracker.freed >>> i) % 2 === 1) return []
    // Where nobody can say what an observer is, it is as it should be.
    const passes = (spots: readonly Spot[], unknown: boolean) => {
      const tests = spots.map(({ cells, watched }) => ({ test: anyOf(packed, [cells]), watched }))
      return (states: Int32Array, at: number, are: readonly number[]): boolean =>
        tests.some(
          ({ test, watched }) =>
            watched.every(({ observer, from }) => {
              const value = are[observer] ?? -1
              return value < 0 ? unknown : ((from >>> value) & 1) === 1
            }) && test(states, at),
        )
    }
    const bounded = scopeOf(packed, system).states
    const from = passes(
      where.map(spot => ({ ...spot, cells: [...spot.cells, ...bounded] })),
      false,
    )
    const goal = passes(to, true)
    return tracker.every((states, at, are) => from(states, at, are) && !goal(states, at, are)) ? [{ claim, line }] : []
  })
}
