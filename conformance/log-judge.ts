/**
 * Judges a log as it comes, in constant memory.
 *
 * It knows nothing of what is still to come but the answers to commands that
 * were just sent, for which it waits a little.  What the rules make of the log
 * so far is a place of a follower; what led there is forgotten, all but the
 * last messages, from which a report is made when nothing explains one.
 */
import { Alphabet, type Answer, type Letter, type SentLetter } from '../impl/alphabet.ts'
import { Follower, type Place } from '../impl/follow.ts'
import { Haze } from '../impl/haze.ts'
import type { Packed, Test } from '../impl/pack.ts'
import type { Seen } from '../impl/seen.ts'
import type { Stuck } from '../impl/track.ts'
import type { Claim } from '../spec/lang.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { describeHaze, describeStuck } from './stuck.ts'
import type { Line } from './transcript.ts'
import {
  type Broken,
  claimsOnRules,
  claimsOnStates,
  deviates,
  Holdups,
  isBeside,
  mightBreak,
  type Outcome,
  patternsFor,
  restless,
  stuckFor,
  type Watched,
} from './validate.ts'

/** How many messages may come before the answer to a command that still is one. */
const PATIENCE = 4096
/** How many messages a report is made from, at least. */
const REMEMBERED = 256
/** Commands whose answers are waited for, of one side: whoever never answers must not fill the memory. */
const WAITING = 50_000
/** How many rules a follower can be asked of at once: it answers with the bits of a number. */
const MASKED = 30

/** A command, until its answer has come. */
interface Command {
  readonly line: Line
  readonly name: string
  readonly oob: boolean
  /** Whether rules speak of it. */
  readonly known: boolean
  answer: JsonObject | undefined
  letter: SentLetter | undefined
}

/** What has come and is not judged yet. */
type Pending =
  | { readonly kind: 'sent'; readonly command: Command; readonly line: Line }
  | { readonly kind: 'answer'; readonly command: Command | undefined; readonly line: Line }
  | { readonly kind: 'seen'; readonly letter: Letter & { readonly kind: 'seen' }; readonly line: Line }
  | { readonly kind: 'other'; readonly line: Line }

/** What was judged last. */
interface Recent {
  readonly letter: Letter
  readonly line: Line
}

/** Where a report may begin: a place, what is in its windows, and what came since. */
interface Base {
  readonly place: Place
  readonly seen: readonly (readonly Recent[])[]
  readonly since: Recent[]
}

/** A claim that a rule is never taken. */
interface Untaken {
  readonly claim: Claim
  readonly rule: string
  readonly scope: Test | undefined
}

/** What all logs that are held against a system share. */
export interface Hold {
  readonly packed: Packed
  readonly alphabet: Alphabet
  readonly watched: readonly Watched[]
  readonly untaken: readonly Untaken[]
}

const holds = new WeakMap<Packed, Hold>()

/** What is to be known of a system to hold logs against it. */
export function holdOf(packed: Packed): Hold {
  const known = holds.get(packed)
  if (known !== undefined) return known
  const untaken = claimsOnRules.flatMap(({ claim, rule }) =>
    packed.flat.rules.some(({ id }) => id === rule)
      ? [{ claim, rule, scope: patternsFor(packed, claim, claim.where) }]
      : [],
  )
  if (untaken.length > MASKED) throw new RangeError(`more than ${MASKED} claims on rules do not fit in one word`)
  const hold = { packed, alphabet: new Alphabet(packed.flat), watched: claimsOnStates(packed), untaken }
  holds.set(packed, hold)
  return hold
}

/** What is known of a log before it is read. */
export interface LogKnown {
  readonly file: string
  /** Sides of which all that is said is in the log. */
  readonly observed: readonly string[]
  readonly fault: (side: string, name: string) => boolean
  /** Events are not in it. */
  readonly mute?: boolean
  /** It begins in the middle. */
  readonly anywhere?: boolean
  /** Lines may be missing anywhere: where one does not follow from those before it, some are taken to be lost. */
  readonly gaps?: boolean
  /** More possible states than this at once give up. */
  readonly limit?: number
  /** See `FollowOptions`. */
  readonly memory?: number
  readonly skew?: number
}

/** A follower for logs of which this is known. */
export const followerFor = (hold: Hold, known: LogKnown): Follower =>
  new Follower(hold.packed, {
    observed: known.observed,
    fault: known.fault,
    watch: hold.watched.map(({ where }) => where),
    ask: hold.untaken.map(({ rule }) => rule),
    ...(known.mute && { mute: known.observed }),
    ...(known.limit !== undefined && { limit: known.limit }),
    ...(known.memory !== undefined && { memory: known.memory }),
    ...(known.skew !== undefined && { skew: known.skew }),
  })

const codeOf = (code: Json | undefined): number | null => (typeof code === 'number' ? code : null)

/** Judges one log. */
export class LogJudge {
  readonly skipped = new Map<string, number>()
  /** What was told that rules speak of. */
  told = 0
  readonly follower: Follower
  private readonly hold: Hold
  private readonly known: LogKnown
  private readonly sides: readonly string[]
  private readonly queue: Pending[] = []
  private head = 0
  private readonly waiting: readonly Map<string | number, Command[]>[]
  private readonly outstanding: readonly (readonly [Command[], Command[]])[]
  private readonly seen: Recent[][]
  private bases: readonly [Base | undefined, Base]
  private outcome: Outcome | undefined
  private readonly deviations = new Map<number, Line>()
  private readonly sent = new Set<number>()
  private readonly shadows = new Map<number, Follower>()
  private readonly needed = new Map<number, Line>()
  private started = 0
  private last: Line | undefined
  private ended: 'quiet' | undefined
  private unforeseen = false
  private readonly holdups = new Holdups()
  private readonly faults: ReadonlySet<string>
  private might: readonly string[] | undefined
  /** For each side, where it may be, once nobody knows any more what was before. */
  private hazes: readonly Haze[] | undefined
  /** Lines before which some are missing, or may be. */
  private readonly lost: number[] = []

  constructor(hold: Hold, known: LogKnown, follower = followerFor(hold, known)) {
    const { flat } = hold.packed
    this.hold = hold
    this.known = known
    this.follower = follower
    this.sides = flat.sides
    this.waiting = this.sides.map(() => new Map())
    this.outstanding = this.sides.map(() => [[], []] as const)
    this.seen = this.sides.map(() => [])
    this.bases = [undefined, { place: follower.place, seen: this.sides.map(() => []), since: [] }]
    this.faults = new Set(flat.rows.flatMap(({ cause }) => (cause?.kind === 'fault' ? [cause.name] : [])))
    if (known.anywhere) this.hazes = this.anywhere()
  }

  private anywhere(): Haze[] {
    const { packed } = this.hold
    return this.sides.map(side => new Haze(packed, side, this.known.fault, this.known.mute))
  }

  /** Whether it is known what the log comes to, whatever else is in it. */
  get over(): boolean {
    return this.outcome !== undefined
  }

  /** Whether all that has come is judged. */
  get idle(): boolean {
    return this.queue.length === 0
  }

  /** Takes the next message. */
  take(line: Line): void {
    if (this.outcome !== undefined) return
    const side = this.sides.indexOf(line.side)
    const { dir, msg } = line
    if (dir === '->') this.takeSent(side, line)
    else if (dir === '!!') this.takeOther(side, line)
    else if (typeof msg.event === 'string') {
      if (this.known.mute) this.skip(`${msg.event}, whose place is not known`)
      else {
        const letter = this.hold.alphabet.event(side, msg.event, msg.data ?? {}, line.line)
        if (letter === undefined) this.skip(msg.event)
        else this.queue.push({ kind: 'seen', letter, line })
      }
    } else if ('return' in msg || 'error' in msg) this.takeAnswer(side, line)
    if (this.queue.length > this.head) this.release(false)
  }

  /** It cannot be judged any further. */
  giveUp(reason: string): void {
    this.outcome ??= {
      verdict: 'inconclusive',
      message: `${this.known.file}: too little is known to judge it beyond line ${this.last?.line ?? 1}: ${reason}`,
    }
  }

  private takeSent(side: number, line: Line): void {
    const { msg } = line
    const oob = 'exec-oob' in msg
    const name = msg[oob ? 'exec-oob' : 'execute']
    if (name === undefined || !this.known.observed.includes(line.side)) return
    const text = String(name)
    const known = this.hold.alphabet.speaks(side, text)
    if (!known) this.skip(text)
    const command: Command = { line, name: text, oob, known, answer: undefined, letter: undefined }
    const waiting = this.waiting[side]
    const id = keyOf(msg.id)
    const same = waiting?.get(id)
    if (same !== undefined) same.push(command)
    else {
      waiting?.set(id, [command])
      const [first] = waiting?.keys() ?? []
      if (waiting !== undefined && waiting.size > WAITING && first !== undefined) waiting.delete(first)
    }
    if (known) this.queue.push({ kind: 'sent', command, line })
  }

  private takeAnswer(side: number, line: Line): void {
    const waiting = this.waiting[side]
    const id = keyOf(line.msg.id)
    const list = waiting?.get(id)
    const command = list?.shift()
    if (list?.length === 0) waiting?.delete(id)
    if (command === undefined && this.hazes !== undefined) {
      this.skip('an answer to what was asked before')
      if (line.msg.id === undefined || side < 0) return
      this.queue.push({ kind: 'answer', command, line })
      return
    }
    if (command === undefined) {
      if (this.known.observed.includes(line.side)) this.queue.push({ kind: 'answer', command, line })
      return
    }
    command.answer = line.msg
    if (command.known) this.queue.push({ kind: 'answer', command, line })
  }

  private takeOther(side: number, line: Line): void {
    const { msg } = line
    if (isObject(msg.exit)) {
      if (side >= 0)
        this.queue.push({ kind: 'seen', letter: this.hold.alphabet.exit(side, codeOf(msg.exit.code), line.line), line })
    } else if (typeof msg.fault === 'string' || 'quiet' in msg || 'unanswered' in msg || 'gap' in msg) {
      this.queue.push({ kind: 'other', line })
    }
  }

  private skip(name: string): void {
    if (this.skipped.size < 1000 || this.skipped.has(name)) this.skipped.set(name, (this.skipped.get(name) ?? 0) + 1)
  }

  /** Judges what is known well enough; with `all`, whatever has come. */
  private release(all: boolean): void {
    const { queue } = this
    while (this.head < queue.length && this.outcome === undefined) {
      const next = queue[this.head]
      if (next === undefined) break
      const waits = next.kind === 'sent' && next.command.answer === undefined
      if (waits && !all && queue.length - this.head < PATIENCE) break
      this.head += 1
      this.judge(next)
    }
    if (this.head === queue.length) {
      queue.length = 0
      this.head = 0
    } else if (this.head > PATIENCE) {
      queue.splice(0, this.head)
      this.head = 0
    }
  }

  private judge(next: Pending): void {
    this.told += 1
    if (next.kind === 'sent') this.judgeSent(next.command, next.line)
    else if (next.kind === 'seen') this.tell({ letter: next.letter, line: next.line })
    else if (next.kind === 'answer') this.judgeAnswer(next.command, next.line)
    else this.judgeOther(next.line)
    this.last = next.line
    this.ended = next.kind === 'other' && typeof next.line.msg.fault !== 'string' ? 'quiet' : undefined
  }

  private judgeSent(command: Command, line: Line): void {
    const side = this.sides.indexOf(line.side)
    const { msg } = line
    const { answer } = command
    const said = answer && answerOf(answer)
    const letter = this.hold.alphabet.sent(side, command.name, msg.arguments ?? {}, command.oob, said, line.line)
    if (letter === undefined) return
    command.letter = letter
    this.outstanding[side]?.[command.oob ? 1 : 0].push(command)
    this.sent.add(letter.id)
    if (this.hazes !== undefined) {
      this.tell({ letter, line })
      return
    }
    if (!this.follower.settle()) {
      this.stuck()
      return
    }
    this.settled()
    if (this.last !== undefined) this.look(this.last)
    this.tell({ letter, line })
  }

  private judgeAnswer(command: Command | undefined, line: Line): void {
    const side = this.sides.indexOf(line.side)
    const { alphabet } = this.hold
    const list = command && this.outstanding[side]?.[command.oob ? 1 : 0]
    // Answers come in the order of the commands, in band; one to nothing that was asked never does.
    const due = list !== undefined && list[0] === command
    if (due) list.shift()
    const letter =
      due && command?.letter !== undefined
        ? alphabet.answer(command.letter, line.line)
        : alphabet.stray(side, line.line)
    this.tell({ letter, line })
  }

  private tell(recent: Recent): void {
    const { letter, line } = recent
    if (this.hazes !== undefined) {
      this.tellHaze(this.hazes, recent)
      return
    }
    const way = this.follower.tell(letter)
    const [older, younger] = this.bases
    older?.since.push(recent)
    younger.since.push(recent)
    if (way.to === undefined) {
      this.stuck()
      return
    }
    const { window } = way.to
    if (letter.kind === 'seen') this.seen[letter.side]?.push(recent)
    for (let side = 0; side < window.length; side++) {
      const kept = this.seen[side]
      const more = (kept?.length ?? 0) - (window[side]?.length ?? 0)
      if (more > 0) kept?.splice(0, more)
    }
    if (younger.since.length >= REMEMBERED) this.bases = [younger, this.base()]
    if (this.shadows.size > 0 || (way.tried & ~this.started) !== 0) this.shade(way.tried, letter, line)
  }

  private base(): Base {
    return { place: this.follower.place, seen: this.seen.map(list => [...list]), since: [] }
  }

  /** All is explained: what came before need not be told to anybody any more. */
  private settled(): void {
    for (const list of this.seen) list.length = 0
    const [, younger] = this.bases
    if (younger.since.length >= REMEMBERED / 4) this.bases = [younger, this.base()]
  }

  /** Follows without the rules that a claim says are never taken, to see whether it needs them. */
  private shade(tried: number, letter: Letter, line: Line): void {
    if ((tried & ~this.started) !== 0) {
      this.hold.untaken.forEach(({ rule }, i) => {
        if (((tried & ~this.started) >>> i) & 1) {
          const now = this.follower.place
          this.follower.place = this.follower.before
          this.shadows.set(i, this.follower.without(rule))
          this.follower.place = now
        }
      })
      this.started |= tried
    }
    for (const [i, shadow] of this.shadows) {
      if (letter.kind === 'sent' && !shadow.settle()) this.miss(i, line)
      else if (shadow.tell(letter).to === undefined) this.miss(i, line)
    }
  }

  private miss(rule: number, line: Line): void {
    this.needed.set(rule, line)
    this.shadows.delete(rule)
  }

  /** Lines are missing before this one: what was asked and not answered may have been. */
  private lose(line: Line): void {
    this.lost.push(line.line)
    this.hazes ??= this.anywhere()
    for (const haze of this.hazes) haze.lose()
    for (const lists of this.outstanding) for (const list of lists) list.length = 0
    for (const waiting of this.waiting) waiting.clear()
  }

  private tellHaze(hazes: readonly Haze[], recent: Recent): void {
    const { letter, line } = recent
    const haze = hazes[letter.side]
    if (haze === undefined || haze.tell(letter)) return
    const outcome = describeHaze(haze, this.sides[letter.side] ?? '', seenOf(recent)[0], line, this.known.file)
    if (!this.known.gaps || this.lost.at(-1) === line.line) {
      this.outcome = outcome
      return
    }
    this.lose(line)
    // An answer to what was asked before the lines that are missing may be one to anything.
    if (letter.kind === 'seen' && letter.seen.kind === 'answer') return
    this.tellHaze(hazes, recent)
  }

  private judgeOther(line: Line): void {
    const { msg, side } = line
    if ('gap' in msg) this.lose(line)
    if (this.hazes !== undefined) return
    if (typeof msg.fault === 'string') {
      const name = msg.fault
      if (this.holdups.tell(String(side), name) && !this.faults.has(name)) this.unforeseen = true
    }
    if (!this.follower.settle()) {
      this.stuck()
      return
    }
    this.settled()
    for (const [i, shadow] of this.shadows) if (!shadow.settle()) this.miss(i, line)
    if (typeof msg.fault === 'string') return
    const owed = !this.unforeseen && this.holdups.none
    if (owed) {
      const { place } = this.follower
      if (this.follower.rest().to === undefined) {
        const tracker = this.follower.trackerAt(
          place,
          this.seen.map(list => list.flatMap(seenOf)),
        )
        tracker.rest()
        this.outcome = restless(tracker, { file: this.known.file }, line)
        return
      }
      // What only a quiet moment tells apart is not told to whoever follows without a rule.
      this.bases = [undefined, this.base()]
    }
    if ('unanswered' in msg) this.might = mightBreak(this.follower, this.hold.packed)
  }

  private look(line: Line): void {
    for (const i of this.follower.holding()) if (!this.deviations.has(i)) this.deviations.set(i, line)
  }

  private stuck(): void {
    const [older, younger] = this.bases
    const base = older ?? younger
    const tracker = this.follower.trackerAt(
      base.place,
      base.seen.map(list => list.flatMap(seenOf)),
    )
    let stuck: Stuck | undefined
    for (const recent of base.since) {
      const { letter } = recent
      const side = this.sides[letter.side] ?? ''
      if (letter.kind === 'sent') stuck = tracker.send(side, letter.sent)
      else for (const seen of seenOf(recent)) tracker.see(side, seen)
      if (stuck !== undefined) break
    }
    stuck ??= tracker.settle()
    this.outcome =
      stuck === undefined
        ? {
            verdict: 'violates',
            ...(this.last && { line: this.last.line, side: this.last.side }),
            message: `${this.known.file}: what came by line ${this.last?.line} is not explained`,
          }
        : describeStuck(tracker, stuck, { file: this.known.file })
    if (this.known.gaps && this.outcome.line !== undefined) {
      this.lose({ line: this.outcome.line, t: 0, side: 'src', dir: '!!', msg: {} })
      this.outcome = undefined
    }
  }

  /** What the log comes to, if this is all of it. */
  finish(): Outcome {
    if (this.outcome === undefined) this.release(true)
    if (this.outcome === undefined && this.hazes === undefined && !this.follower.settle()) this.stuck()
    if (this.outcome !== undefined) return this.outcome
    const { file } = this.known
    const { flat } = this.hold.packed
    if (this.hazes !== undefined) return this.hazy()
    if (this.last !== undefined) this.look(this.last)
    const { last } = this
    if (last !== undefined) for (const [i, shadow] of this.shadows) if (!shadow.settle()) this.miss(i, last)
    const stuck = this.ended === 'quiet' ? stuckFor(this.follower, this.hold.packed) : []
    const broken: Broken[] = [
      ...this.deviating(),
      ...(last === undefined ? [] : stuck.map(claim => ({ claim, line: last }))),
      ...[...this.needed].flatMap(([i, line]) => {
        const untaken = this.hold.untaken[i]
        return untaken === undefined || !this.inScope(i) ? [] : [{ claim: untaken.claim, rule: untaken.rule, line }]
      }),
    ]
    if (broken.length > 0)
      return deviates(
        file,
        broken.sort((a, b) => a.line.line - b.line.line),
        flat.version,
      )
    return {
      verdict: 'conforms',
      message: `${file}: conforms; ${this.told} observations, ${this.follower.size} states fit at the end`,
      ...(this.might && { might: this.might }),
    }
  }

  /** What a log comes to of which not all is known. */
  private hazy(): Outcome {
    const { file } = this.known
    const some = this.lost.slice(0, 5).join(', ')
    const lost = `${some}${this.lost.length > 5 ? `, and ${this.lost.length - 5} more` : ''}`
    const notes = [
      ...(this.known.anywhere ? ['it begins in the middle: held against all that may have been before'] : []),
      ...(this.lost.length > 0
        ? [`lines are missing before ${this.lost.length === 1 ? 'line' : 'lines'} ${lost}`]
        : []),
    ]
    if (this.told === 0) return { verdict: 'inconclusive', message: `${file}: nothing that rules speak of is in it` }
    const message = [`${file}: conforms; ${this.told} observations, nothing in them is impossible`, ...notes].join(
      '\n  ',
    )
    return { verdict: 'conforms', message }
  }

  private inScope(i: number): boolean {
    const scope = this.hold.untaken[i]?.scope
    return scope === undefined || this.follower.some(scope)
  }

  /** The claims on states that were broken for certain. */
  private deviating(): Broken[] {
    const { packed, alphabet } = this.hold
    const { letters } = alphabet
    const sent = new Set(
      [...this.sent].flatMap(id => {
        const letter = letters[id]
        return letter?.kind === 'sent' ? [`${this.sides[letter.side]} ${letter.sent.name}`] : []
      }),
    )
    const found = [...this.deviations].sort(([a], [b]) => a - b)
    return found.flatMap(([i, line]) => {
      const claim = this.hold.watched[i]?.claim
      return claim === undefined || isBeside(packed, claim, sent) ? [] : [{ claim, line }]
    })
  }
}

const answerOf = (msg: JsonObject): Answer =>
  'return' in msg
    ? { returns: msg.return ?? {} }
    : { class: isObject(msg.error) && typeof msg.error.class === 'string' ? msg.error.class : '' }

/** What was seen, as it was said and where; an answer is one to the command as the rules know it. */
function seenOf({ letter, line }: Recent): Seen[] {
  if (letter.kind === 'sent') return []
  const { seen } = letter
  return [
    seen.kind === 'event' ? { ...seen, data: line.msg.data ?? {}, line: line.line } : { ...seen, line: line.line },
  ]
}

/** What an answer finds its command by; texts and numbers are told apart as they are, and no text begins like the others. */
const keyOf = (id: Json | undefined): string | number =>
  typeof id === 'number' || (typeof id === 'string' && id.charCodeAt(0) !== 0) ? id : `\0${JSON.stringify(id)}`
