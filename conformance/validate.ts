/**
 * A transcript to a verdict: do the rules of this version allow it?
 *
 * The tracker keeps every state that fits; this file tells it the lines in
 * order, and says in words what it found.
 */
import type { Cell, Row } from '../impl/flat.ts'
import { flatten } from '../impl/flatten.ts'
import { idOf } from '../impl/judge.ts'
import { anyOf, cellsOf, type Packed, pack, type Test } from '../impl/pack.ts'
import type { Foreseen } from '../impl/space.ts'
import { type Stuck, Tracker, TrackLimitError } from '../impl/track.ts'
import { claims } from '../spec/claims.ts'
import type { Claim, Pattern, System } from '../spec/lang.ts'
import { enumerations } from '../spec/qapi.ts'
import { loneDestination, loneSource, pair, systems } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { brokenClaims, cellsOfClaims } from './breaks.ts'
import { beginningOf, isOutOfReach, outOfReach } from './hardware.ts'
import { isObject } from './json.ts'
import { earlier } from './late.ts'
import { foretold, livesOf, succeed } from './lives.ts'
import { type Observed, observe, type Told } from './observe.ts'
import { describeStuck } from './stuck.ts'
import { trailsOf } from './trails.ts'
import type { Line, Transcript } from './transcript.ts'
import { describeUnread } from './unread.ts'
import { type Profile, profileOfTranscript } from './whose.ts'

/** What a transcript can come to; see design.md. */
export type VerdictName = 'conforms' | 'known deviation' | 'violates' | 'inconclusive'

/** What was found of one transcript. */
export interface Judgement {
  readonly file: string
  readonly version: string
  readonly verdict: VerdictName
  /** The line that could not come, or that decided. */
  readonly line?: number
  readonly side?: string
  /** The claim that is broken; of several, the first that this release is not known to break, or else the first. */
  readonly claim?: string
  /** All claims that it breaks however it is explained, that one first. */
  readonly claims?: readonly string[]
  /** The number of a bug that QEMU had, with which its rules would explain what they do not without it. */
  readonly bug?: number
  /** The rule that came nearest to the line that could not come. */
  readonly rule?: string
  /** For people; several lines. */
  readonly message: string
  /** Where it left the rules: what could have been seen next instead. */
  readonly allowed?: readonly Allowed[]
  /** Where a command was never answered, and that is allowed: claims that this breaks in some state that fits. */
  readonly might?: readonly string[]
  /** Commands and events that no rule speaks of, with how often they came. */
  readonly skipped: Readonly<Record<string, number>>
}

/** Something that could have been seen next. */
export interface Allowed {
  readonly side: string
  readonly text: string
  /** In how many of the states that fit. */
  readonly states: number
}

/** How a transcript is judged. */
export interface ValidateOptions {
  /** `auto`, or a release such as `11.1`. */
  readonly version?: string
  /** What is judged instead of the pair; for tests. */
  readonly system?: System
  /** The same, flattened and packed already. */
  readonly packed?: Packed
  /** More possible states than this at once give up, as inconclusive. */
  readonly limit?: number
}

const packs = new Map<string, Packed>()

/** What a transcript is held against: two QEMUs, or the one that it tells of and whatever the other may be. */
export function systemFor(transcript: Transcript): System {
  const told = (side: string) =>
    transcript.lines.some(line => line.side === side && (line.dir !== '!!' || 'trace' in line.msg))
  const [src, dst] = [told('src'), told('dst')]
  return (src === dst ? pair : src ? loneSource : loneDestination) as unknown as System
}

/**
 * The packed system that transcripts of a release are held against.
 *
 * @param without rules that cannot have been taken, by patterns of their names; see hardware.ts
 * @param begins where variables start, of those that may start at several values
 */
export function packedFor(
  version: string,
  system: System = pair as unknown as System,
  without: readonly string[] = [],
  begins: Pattern = {},
): Packed {
  const ours = systems.some(one => one === (system as unknown))
  const key = JSON.stringify([system.name, version, without, begins])
  const known = ours ? packs.get(key) : undefined
  if (known !== undefined) return known
  const start = Object.entries(begins).filter(([name]) => Object.hasOwn(system.start, name))
  const whole = flatten({ ...system, start: { ...system.start, ...Object.fromEntries(start) } }, version)
  // A row that no value suits; where it stands among the others is known by its number.
  const never = (row: Row): Row => ({ ...row, cells: row.cells.map(cell => ({ ...cell, from: 0 })) })
  const rows = whole.rows.map(row => (isOutOfReach(row.rule.rule.name, without) ? never(row) : row))
  const flat = without.length === 0 ? whole : { ...whole, rows }
  const packed = pack(flat)
  if (ours) packs.set(key, packed)
  return packed
}

/** Which faults may have happened: where all are listed, those; else any. */
export function faultsOf(
  transcript: Transcript,
  observed: Observed,
  packed: Packed,
): (side: string, name: string) => boolean {
  const listed = new Set(observed.told.flatMap(told => (told.kind === 'fault' ? [`${told.side} ${told.name}`] : [])))
  for (const { side, msg } of transcript.lines) {
    const { exit } = msg
    if (isObject(exit) && exit.by === 'harness') listed.add(`${side} kill`)
    // Whoever is about to be killed may yet end by himself, and of what: no kill sends another signal.
    if (isObject(exit) && typeof exit.signal === 'string' && exit.signal !== 'SIGKILL') listed.delete(`${side} kill`)
    if (isObject(msg.data) && msg.data.reason === 'host-signal') listed.add(`${side} term`)
  }
  // A process whose end is told of ended in that way and in no other.
  const ended = new Set(transcript.lines.filter(line => 'exit' in line.msg).map(line => line.side as string))
  const all = transcript.header.faults === 'listed'
  // Of what nobody told, only the end of a process explains anything that the network's faults do not.
  const ending = new Set(
    packed.flat.rules.flatMap(({ rule: { on, says = [] } }) =>
      on !== undefined && 'fault' in on && says.some(said => 'exits' in said) ? [on.fault] : [],
    ),
  )
  return (side, name) => {
    if (listed.has(`${side} ${name}`)) return true
    const told = (one: Told) => one.kind === 'fault' && faultsAt(one).some(([at, of]) => at === '' && of === name)
    if (side === '') return !all || observed.told.some(told)
    if (!ending.has(name) || (all && observed.sides.includes(side))) return false
    return !ended.has(side)
  }
}

/** The faults of rules that a line tells of: where, and of what name. */
const faultsAt = ({ side, name }: Extract<Told, { kind: 'fault' }>): readonly (readonly [string, string])[] => [
  [side, name],
  ['', name],
  // To the side that is shown an end of file, and to the other as soon as it notices, a half-closed link is cut.
  ...(name.startsWith('half-close ') ? ([['', 'cut']] as const) : []),
]

/** Faults that last: the line that tells of one is not where it began. */
const lasting: ReadonlySet<string> = new Set(['term', 'stall'])

/**
 * Which faults have their place in a transcript: those of lines, where each is told by one.  An end of which only
 * the exit tells, or the reason that an event gives, has none; a stall lasts, and is told of when it is looked at.
 */
export function placedIn(transcript: Transcript, observed: Observed): (side: string, name: string) => boolean {
  if (transcript.header.faults !== 'listed') return () => false
  const placed = new Set(
    observed.told.flatMap(told => (told.kind === 'fault' ? faultsAt(told).map(pair => pair.join(' ')) : [])),
  )
  return (side, name) => !lasting.has(name) && placed.has(`${side} ${name}`)
}

/** Tells a tracker of a fault. */
export function tellFault(tracker: Tracker, told: Extract<Told, { kind: 'fault' }>): void {
  for (const [side, name] of faultsAt(told)) tracker.fault(side, name)
}

/** What can be asked of the states that are possible. */
export interface Possible {
  some(test: Test): boolean
  all(test: Test): boolean
}

/** A claim on states, with its test. */
export interface Watched {
  readonly claim: Claim
  readonly where: Test
}

/** The patterns of a claim, where its system speaks for the whole; nothing where it does not. */
function cellsFor(packed: Packed, claim: Claim, patterns: Claim['where']): Cell[][] | undefined {
  const scope = systems.find(system => system.name === claim.system)?.speaksFor
  if (scope === undefined) return undefined
  if ([...patterns, scope].some(pattern => Object.keys(pattern).some(name => !packed.flat.index.has(name))))
    return undefined
  return patterns.map(pattern => [...cellsOf(packed.flat, pattern), ...cellsOf(packed.flat, scope)])
}

/** The same, as one test. */
export function patternsFor(packed: Packed, claim: Claim, patterns: Claim['where']): Test | undefined {
  const cells = cellsFor(packed, claim, patterns)
  return cells === undefined ? undefined : anyOf(packed, cells)
}

/** All that a tracker will be told, and asked on behalf of any claim; `later` is what another will be told. */
export const foreseenOf = (packed: Packed, observed: Observed, later: readonly Told[] = []): Foreseen => ({
  told: [...observed.told, ...later].filter(told => told.kind === 'seen' || told.kind === 'sent'),
  rests: observed.told.some(told => told.kind === 'quiet'),
  tests: cellsOfClaims(packed),
})

/** The claims that can be held against states alone, whoever did what. */
export const claimsOnStates = (packed: Packed): Watched[] =>
  claims.flatMap(claim => {
    if (claim.kind !== 'never' || claim.rule !== undefined || claim.observers.length > 0) return []
    const where = patternsFor(packed, claim, claim.where)
    return where === undefined ? [] : [{ claim, where }]
  })

/**
 * Whether one of the rules that a claim leaves out may have been taken: it says nothing then.
 * `sent` has what commands were sent, each as its side and its name.
 */
export const isBeside = (packed: Packed, { without }: Claim, sent: ReadonlySet<string>): boolean =>
  packed.flat.rules.some(
    ({ rule, side }) =>
      without.some(name => name === rule.name || name === `${side}: ${rule.name}`) &&
      (rule.on === undefined || !('command' in rule.on) || sent.has(`${side} ${rule.on.command}`)),
  )

/** The claims that a rule is never taken, wherever it might be. */
export const claimsOnRules: readonly { readonly claim: Claim; readonly rule: string }[] = claims.flatMap(claim =>
  claim.kind === 'never' && claim.rule !== undefined && claim.where.every(pattern => Object.keys(pattern).length === 0)
    ? [{ claim, rule: idOf(claim.rule) }]
    : [],
)

const skippedOf = (observed: Observed): Record<string, number> => Object.fromEntries(observed.skipped)

/** Judges a transcript.  Never throws for what a transcript says; `SpecError` only for rules that cannot be read. */
export function validate(transcript: Transcript, options: ValidateOptions = {}): Judgement {
  const profile = profileOfTranscript(transcript, options.version ?? 'auto')
  const { rules } = profile
  if (rules === undefined) {
    const base = { file: transcript.file, version: profile.version, skipped: {} }
    return { ...base, verdict: 'inconclusive', message: profile.problem }
  }
  const lives = livesOf(transcript)
  const packed =
    options.packed ??
    packedFor(
      rules,
      options.system ?? systemFor(lives[0].transcript),
      outOfReach(transcript),
      beginningOf(lives[0].transcript),
    )
  if (lives.length === 1) return validateLife(transcript, packed, { ...profile, rules }, options).judgement
  let found: Lived | undefined
  let from = packed
  for (const [i, { transcript: life, source }] of lives.entries()) {
    if (found !== undefined && source !== undefined) from = succeed(packed, found.left(), source)
    const after = lives[i + 1]
    const later = after?.source && foretold(observe(packed.flat, after.transcript), after.source)
    const more = { ...(later && { later }), first: found === undefined }
    const next = validateLife(life, from, { ...profile, rules }, options, more)
    found = found === undefined ? next : { left: next.left, judgement: bothLives(found.judgement, next.judgement) }
    // Of what comes behind it nothing can be said.
    if (['violates', 'inconclusive'].includes(next.judgement.verdict)) break
  }
  return (found as Lived).judgement
}

/** What is thought of a life, and the states that it leaves possible. */
interface Lived {
  readonly judgement: Judgement
  readonly left: () => Int32Array
}

/** The judgement on a life and those before it: the first thing that there is to say of any. */
function bothLives(before: Judgement, after: Judgement): Judgement {
  const skipped = new Map(Object.entries(before.skipped))
  for (const [name, count] of Object.entries(after.skipped)) skipped.set(name, (skipped.get(name) ?? 0) + count)
  const all = { skipped: Object.fromEntries(skipped) }
  const might = [...(before.might ?? []), ...(after.might ?? [])]
  const one = before.verdict === 'conforms' || !['conforms', 'known deviation'].includes(after.verdict) ? after : before
  return { ...one, ...all, ...(might.length > 0 && { might }) }
}

/**
 * Judges a transcript, or one life of it; `later` is what will be told of who survives it.
 *
 * Claims on states speak of pairs as they begin, and are held against the first life alone.
 */
function validateLife(
  transcript: Transcript,
  packed: Packed,
  profile: Profile & { readonly rules: string },
  options: ValidateOptions,
  { later = [], first = true }: { readonly later?: readonly Told[]; readonly first?: boolean } = {},
): Lived {
  const observed = observe(packed.flat, transcript)
  const base = { file: transcript.file, version: profile.version, skipped: skippedOf(observed) }
  const trails = trailsOf(profile.rules, transcript, observed)
  const nothing = { left: () => new Int32Array() }
  if (observed.sides.length === 0 && trails.length === 0) {
    const message = `${transcript.file}: nothing was recorded of either side`
    return { ...nothing, judgement: { ...base, verdict: 'inconclusive', message } }
  }
  const { limit } = options
  const known = {
    observed: observed.sides,
    fault: faultsOf(transcript, observed, packed),
    ...(!transcript.apart && { placed: placedIn(transcript, observed) }),
  }
  const attempt = (as: Observed): Attempt => {
    const tracker = new Tracker(packed, {
      ...known,
      foreseen: foreseenOf(packed, as, later),
      trails,
      ...(limit === undefined ? {} : { limit }),
      ...(transcript.events === 'unseen' && { mute: observed.sides }),
      ...(transcript.apart && { apart: true }),
    })
    return { observed: as, tracker, ...judge(tracker, packed, transcript, as, first) }
  }
  try {
    const { tracker, outcome: tell } = unhurried(attempt(observed), attempt)
    const plain = tell()
    const outcome = unknownStatus(transcript, plain, profile.newer) ?? plain
    const note = profile.problem === '' ? '' : `\n  ${profile.problem}`
    return { judgement: { ...base, ...outcome, message: outcome.message + note }, left: () => tracker.current() }
  } catch (error) {
    if (!(error instanceof TrackLimitError)) throw error
    const message = `${transcript.file}: too little is known to judge it: ${error.message}`
    return { ...nothing, judgement: { ...base, verdict: 'inconclusive', message } }
  }
}

const statuses: ReadonlySet<string> = new Set(
  enumerations.flatMap(({ name, values }) => (name === 'MigrationStatus' ? values.map(value => value.name) : [])),
)

/** Where a transcript left the rules with a status that no release has: that is what there is to say of it. */
export function unknownStatus(transcript: Transcript, { line, side }: Outcome, newer: boolean): Outcome | undefined {
  const found = transcript.lines.find(one => one.line === line && one.side === side)
  const { event, data, return: answer } = found?.msg ?? {}
  const status = event === 'MIGRATION' && isObject(data) ? data.status : isObject(answer) ? answer.status : undefined
  if (found === undefined || typeof status !== 'string') return undefined
  // Of all answers with a status only the one to query-migrate tells how a migration is.
  const asked = transcript.lines.find(
    one => one.side === side && one.dir === '->' && JSON.stringify(one.msg.id) === JSON.stringify(found.msg.id),
  )
  if ((event === undefined && asked?.msg.execute !== 'query-migrate') || statuses.has(status)) return undefined
  const message = [
    `${transcript.file}:${found.line}  ${found.side}  the status ${JSON.stringify(status)} is in no release that is known`,
    `  those up to ${versions.at(-1)} say ${[...statuses].join(', ')}`,
    ...(newer ? ['  this one is newer: what comes after it cannot be judged'] : []),
  ]
  return {
    verdict: newer ? 'inconclusive' : 'violates',
    line: found.line,
    side: found.side,
    message: message.join('\n'),
  }
}

/**
 * Faults that only delay, and what ends them.  The timing of nothing is judged:
 * while one lasts nobody owes anything, and afterwards it is as if it had not been.
 */
const delays: { readonly [fault: string]: string } = {
  stall: 'resume',
  slow: 'resume',
  stop: 'cont',
  refuse: 'accept',
}

/** What keeps everybody from owing anything for a while. */
export class Holdups {
  private readonly open = new Set<string>()
  private readonly strays = new Map<string, number>()

  /** A fault: one that only delays, one that ends such a one, or neither, which is true then. */
  tell(side: string, name: string): boolean {
    const over = Object.keys(delays).filter(delay => delays[delay] === name)
    for (const delay of over) this.open.delete(`${side} ${delay}`)
    if (name in delays) this.open.add(`${side} ${name}`)
    const strays = (this.strays.get(side) ?? 0) + (name === 'stray' ? 1 : 0)
    this.strays.set(side, strays)
    // One stranger is let in; where more wait, there may be no place to wait for anybody else, and nobody sees whether.
    if (strays > 1) this.open.add(`${side} crowd`)
    return over.length === 0 && !(name in delays)
  }

  get none(): boolean {
    return this.open.size === 0
  }
}

export type Outcome = Omit<Judgement, 'file' | 'version' | 'skipped'>

/** What is thought of a recording, and where nothing explained it: at what was sent then, or at its end. */
interface Judged {
  /** Only of one of many attempts it is told: what could have come takes long to find. */
  readonly outcome: () => Outcome
  readonly stuck?: Told | 'end'
}

/** A recording, as it was or as it may have been, and what is thought of it. */
interface Attempt extends Judged {
  readonly observed: Observed
  readonly tracker: Tracker
}

/** How many ways are tried, at one moment, in which something may have been said and not read. */
const UNREAD = 12

/**
 * What is thought of a recording when nobody was in a hurry to read it: where nothing explains it,
 * it is looked at as it may have been as well.
 */
function unhurried(first: Attempt, attempt: (as: Observed) => Attempt): Attempt {
  // Counted from the end, for what is moved comes to stand before it.
  const left = ({ stuck, observed: { told } }: Attempt): number =>
    stuck === undefined ? -1 : stuck === 'end' ? 0 : told.length - told.indexOf(stuck)
  let best = first
  let open = [first]
  for (let tries = 0; best.stuck !== undefined; ) {
    const here = open.shift()
    if (here === undefined || tries > UNREAD) return first
    const { observed, tracker } = here
    const could = (side: string) => tracker.couldCome(side).map(({ said }) => said)
    for (const as of earlier(observed, observed.told.length - left(here), could)) {
      const next = attempt(as)
      tries += 1
      open.push(next)
      if (left(next) >= left(best)) continue
      best = next
      open = [next]
      tries = 0
      break
    }
  }
  return best
}

function judge(tracker: Tracker, packed: Packed, transcript: Transcript, observed: Observed, claimed: boolean): Judged {
  const stop = (stuck: Stuck): Outcome => {
    const unseen = tracker.untraced()
    if (unseen === undefined) return describeStuck(tracker, stuck, transcript)
    // Whoever cannot be believed by what its monitor says is told of that first.
    const plain = follow(unseen, observed)
    return plain === undefined ? describeUnread(tracker, transcript) : describeStuck(unseen, plain, transcript)
  }
  // What a fault does that no rule speaks of, nobody can say; so nobody owes anything after it.
  const known = new Set(packed.flat.rows.flatMap(({ cause }) => (cause?.kind === 'fault' ? [cause.name] : [])))
  let unforeseen = false
  const holdups = new Holdups()
  const owed = new Set<Told>()
  let might: readonly string[] | undefined
  for (const told of observed.told) {
    if (told.kind === 'fault') {
      const { side, name } = told
      if (holdups.tell(side, name) && !known.has(name)) unforeseen = true
      tellFault(tracker, told)
    }
    let stuck: Stuck | undefined
    if (told.kind === 'seen') tracker.see(told.side, told.seen)
    else if (told.kind === 'noted') tracker.note(told.side)
    else if (told.kind === 'sent') stuck = tracker.send(told.side, told.sent)
    // What the harness of one side saw says nothing of when it was for the other.
    else if (transcript.apart) continue
    else if (told.kind === 'quiet') stuck = tracker.settle()
    if (stuck !== undefined) return { outcome: () => stop(stuck), ...(told.kind === 'sent' && { stuck: told }) }
    if (told.kind === 'quiet' && !unforeseen && holdups.none) owed.add(told)
    if (owed.has(told) && !tracker.rest()) {
      const unseen = tracker.untraced()
      const before = { ...observed, told: observed.told.slice(0, observed.told.indexOf(told)) }
      if (unseen !== undefined && follow(unseen, before) === undefined && unseen.rest())
        return { outcome: () => describeUnread(tracker, transcript, told.line) }
      return { outcome: () => restless(tracker, transcript, told.line) }
    }
    if ('unanswered' in told.line.msg) might = mightBreak(tracker, packed)
  }
  const stuck = tracker.finish()
  // Where any order will do, none is left to be tried.
  if (stuck !== undefined) return { outcome: () => stop(stuck), ...(!transcript.apart && { stuck: 'end' as const }) }
  const heard = transcript.events === 'unseen' ? [] : observed.sides
  const broken = brokenClaims(tracker, { told: observed.told, heard, owed, rulesOnly: !claimed })
  if (broken.length > 0) return { outcome: () => deviates(transcript.file, broken, packed.flat.version) }
  const count = `${observed.told.length} observations, ${tracker.size} states fit at the end`
  return {
    outcome: () => ({
      verdict: 'conforms',
      message: `${transcript.file}: conforms; ${count}`,
      ...(might && { might }),
    }),
  }
}

/** A claim that is broken, and the line by which that is certain. */
export interface Broken {
  readonly claim: Claim
  readonly line: Pick<Line, 'line' | 'side'>
  /** For a claim on a rule: the rule, without which nothing explains the transcript. */
  readonly rule?: string
}

/** Claims are broken, as the rules of this release allow; those that it is not known to break come first. */
export function deviates(file: string, broken: readonly Broken[], version: string): Outcome {
  const isKnown = ({ claim }: Broken): boolean => claim.broken[version] !== undefined
  const [first, ...others] = [...broken.filter(one => !isKnown(one)), ...broken.filter(isKnown)]
  if (first === undefined) throw new RangeError('no claim is broken')
  const { claim, rule, line } = first
  const reason = claim.broken[version]
  const said = [
    rule !== undefined
      ? `${file}:${line.line}: only "${rule}" explains it, which breaks "${claim.name}"`
      : reason === undefined
        ? `${file}:${line.line}: breaks the claim "${claim.name}"`
        : `${file}:${line.line}: the rules of ${version} allow it, and it breaks "${claim.name}"`,
    ...(reason === undefined ? [] : [`  ${reason}`]),
    ...others.map(
      one =>
        `  ${file}:${one.line.line}: it breaks "${one.claim.name}", too${isKnown(one) ? `, as ${version} is known to` : ''}`,
    ),
  ]
  return {
    line: line.line,
    side: line.side,
    claim: claim.name,
    claims: [first, ...others].map(one => one.claim.name),
    ...(rule !== undefined && { rule }),
    verdict: reason === undefined ? 'violates' : 'known deviation',
    message: said.join('\n'),
  }
}

/** Tells a tracker all of it; where it is stuck, if it is. */
export function follow(tracker: Tracker, observed: Observed): Stuck | undefined {
  for (const told of observed.told) {
    if (told.kind === 'seen') tracker.see(told.side, told.seen)
    else if (told.kind === 'noted') tracker.note(told.side)
    else if (told.kind === 'fault') tellFault(tracker, told)
    else {
      const stuck =
        told.kind === 'sent' ? tracker.send(told.side, told.sent) : tracker.apart ? undefined : tracker.settle()
      if (stuck !== undefined) return stuck
    }
  }
  return tracker.finish()
}

/** Claims that something must come, of which some state that fits says that it does not. */
export const mightBreak = (tracker: Possible, packed: Packed): string[] =>
  claims.flatMap(claim => {
    if (claim.kind !== 'leadsTo' || claim.observers.length > 0 || claim.broken[packed.flat.version] === undefined)
      return []
    const from = patternsFor(packed, claim, claim.where)
    return from !== undefined && tracker.some(from) ? [claim.name] : []
  })

/** After a quiet end: the claims that something must come, of which it is certain that it does not. */
export function stuckFor(tracker: Possible, packed: Packed): Claim[] {
  return claims.filter(claim => {
    if (claim.kind !== 'leadsTo' || claim.observers.length > 0 || claim.without.length > 0) return false
    const from = patternsFor(packed, claim, claim.where)
    const to = patternsFor(packed, claim, claim.to)
    return from !== undefined && to !== undefined && tracker.all(from) && !tracker.some(to)
  })
}

/** The rules say that something must still come, and it did not. */
export function restless(tracker: Tracker, transcript: Pick<Transcript, 'file'>, line: Line): Outcome {
  const unanswered = line.msg.unanswered
  const seconds = line.msg.quiet ?? line.msg.seconds
  const what =
    unanswered === undefined
      ? `nothing more came for ${String(seconds)} s`
      : `the command with id ${JSON.stringify(unanswered)} had no answer for ${String(seconds)} s`
  const due = tracker.due()
  const lines = [
    `${transcript.file}:${line.line}  ${line.side}  ${what}`,
    `  but something must come: in each of the ${tracker.size} states that fit, QEMU owes ${due.length > 0 ? 'a step' : 'an answer'}`,
    ...due.slice(0, 5).map(({ id, states }) => `    ${id}   (in ${states} of them)`),
  ]
  const rule = due[0]?.id
  return {
    verdict: 'violates',
    line: line.line,
    side: line.side,
    ...(rule === undefined ? {} : { rule }),
    message: lines.join('\n'),
    allowed: due.map(({ id, states }) => ({ side: line.side, text: id, states })),
  }
}
