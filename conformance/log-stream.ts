/**
 * Judges logs of any length: as a whole where they are short, else as they come.
 *
 * Of a long log the first messages say what it is; of a file, all that its
 * harness saw is looked up beforehand, for a fault may explain what came before
 * the line that tells of it.
 */
import type { Packed } from '../impl/pack.ts'
import { TrackLimitError } from '../impl/track.ts'
import { versions } from '../spec/versions.ts'
import { withBug } from './explained.ts'
import { better, judgeLog, type LogOptions } from './judge-log.ts'
import { holdOf, LogJudge } from './log-judge.ts'
import type { Format, Item } from './logs/format.ts'
import { beginsAtStart, LogFeed, logOf, sideOf } from './logs/read.ts'
import { observe } from './observe.ts'
import type { Header, Line, Side, Transcript } from './transcript.ts'
import { faultsOf, type Judgement, packedFor, systemFor } from './validate.ts'
import { profileFor, profileOfTranscript } from './whose.ts'

/** A log of no more messages than this is kept, and judged as a whole. */
export const SHORT = 20_000
/** How many of the messages of a longer one say what it is. */
const HEAD = 2000

/** What the harness saw, and of which sides anything was said, as far as it is known beforehand. */
export interface Foreknown {
  readonly observations: readonly Line[]
  readonly sides: ReadonlySet<string>
}

/** What may be said of how a log is to be judged. */
export interface StreamOptions extends LogOptions {
  readonly format?: Format
  /** Which side it is, where it does not say. */
  readonly side?: Side
  /** Look for a bug that QEMU had, where the rules explain no further; it may take some seconds. */
  readonly explain?: boolean
  /** Judge it as it comes from the first message on. */
  readonly follow?: boolean
  readonly foreknown?: Foreknown
}

/** One way to read a session: a release, and a side. */
interface Reading {
  readonly judge: LogJudge
  readonly version: string
  readonly turn: boolean
  readonly problem: string
}

/** One monitor, or a pair of them. */
class Session {
  readonly file: string
  private readonly options: StreamOptions
  private readonly header: () => Header | undefined
  private head: Item[] | undefined = []
  private readings: Reading[] = []
  private given: Judgement | undefined
  private side: Side = 'src'
  private best: Reading | undefined
  private problem = ''
  private guessed = false
  private traced = 0
  private looked = { of: 0, next: 0 }

  constructor(file: string, options: StreamOptions, header: () => Header | undefined) {
    this.file = file
    this.options = options
    this.header = header
  }

  take(item: Item): void {
    if (this.given !== undefined) return
    if (this.head === undefined) {
      this.feed(item)
      return
    }
    this.head.push(item)
    if (this.head.length >= HEAD) this.open()
  }

  private open(): void {
    const items = this.head ?? []
    this.head = undefined
    const { options } = this
    const told = items.some(({ side }) => side !== undefined)
    const guess = options.side ?? (told ? 'src' : sideOf(items))
    this.side = guess === 'dst' ? 'dst' : 'src'
    const lines = items.map(item => this.lineOf(item))
    const { observations = [], sides = new Set<string>() } = options.foreknown ?? {}
    const known = observations.length > 0 || options.foreknown !== undefined
    const { faults: _, ...open } = this.header() ?? { lockstep: 1 }
    const base: Transcript = {
      file: this.file,
      header: known ? (this.header() ?? { lockstep: 1 }) : (open as Header),
      lines: known ? [...lines.filter(({ dir }) => dir !== '!!'), ...observations] : lines,
    }
    const spoken = new Set([...sides, ...lines.flatMap(({ dir, side }) => (dir === '!!' ? [] : [side as string]))])
    const profile = profileOfTranscript(base, options.version ?? 'auto')
    this.guessed = profile.rules === undefined && profile.version === 'unknown'
    if (profile.rules === undefined && !this.guessed) {
      this.given = {
        file: this.file,
        version: profile.version,
        verdict: 'inconclusive',
        message: profile.problem,
        skipped: {},
      }
      return
    }
    const found = this.guessed ? [...versions].reverse() : [profile.version]
    const turns = guess === 'either' && !beginsAtStart(items[0]) ? [false, true] : [false]
    for (const version of found) {
      const { rules = version, problem } = profileFor(version)
      for (const turn of turns) {
        const all = turn ? [...spoken].map(side => (side === 'src' ? 'dst' : 'src')) : [...spoken]
        const of = {
          ...base,
          lines: all.map((side): Line => ({ line: 0, t: 0, side: side as Side, dir: '->', msg: {} })),
        }
        const packed: Packed = packedFor(rules, options.system ?? systemFor(of))
        const observed = { ...observe(packed.flat, base), sides: all }
        const judge = new LogJudge(holdOf(packed), {
          file: this.file,
          observed: all,
          fault: faultsOf(base, observed, packed),
          ...(options.limit !== undefined && { limit: options.limit }),
          ...(options.format?.events !== undefined && { mute: true }),
          ...(options.gaps && { gaps: true }),
          ...(!told && !beginsAtStart(items[0]) && { anywhere: true }),
        })
        this.readings.push({ judge, version, turn, problem })
      }
    }
    for (const item of items) this.feed(item)
  }

  private lineOf(item: Item): Line {
    if (item.side !== undefined) return item as Line
    const { line, t, dir, msg } = item
    return { line, t, side: this.side, dir, msg }
  }

  private feed(item: Item): void {
    if (this.given !== undefined) return
    if (item.dir === '!!' && 'trace' in item.msg) {
      this.traced += 1
      return
    }
    const line = this.lineOf(item)
    const [only] = this.readings
    if (only !== undefined && this.readings.length === 1 && !only.turn) {
      this.give(only.judge, line)
      return
    }
    let over = false
    for (const reading of this.readings) {
      this.give(reading.judge, reading.turn ? { ...line, side: line.side === 'src' ? 'dst' : 'src' } : line)
      over ||= reading.judge.over
    }
    if (over && this.readings.length > 1) this.drop()
  }

  private give(judge: LogJudge, line: Line): void {
    try {
      judge.take(line)
    } catch (error) {
      if (!(error instanceof TrackLimitError)) throw error
      judge.giveUp(error.message)
    }
  }

  /** Of several readings those that nothing explains any more are dropped, but for the one that came furthest. */
  private drop(): void {
    for (const reading of this.readings) if (reading.judge.over) this.best = reading
    const left = this.readings.filter(({ judge }) => !judge.over)
    this.readings = left.length > 0 || this.best === undefined ? left : [this.best]
  }

  /**
   * Of what has come and is too little to go on from: whether it leaves the rules already.  It is judged as a whole
   * each time, so that is not done more often than it takes.
   */
  look(format: Format): void {
    const { head, looked } = this
    if (head === undefined || head.length === looked.of || performance.now() < looked.next) return
    const begun = performance.now()
    const feed = { format, header: this.header(), unreadable: 0 }
    const items = head.map(item => ({ ...item, session: '' }))
    const [transcript] = logOf(this.file, feed, items, this.options.side).transcripts
    const judgement = transcript && judgeLog(transcript, this.options)
    if (judgement?.verdict === 'violates') this.given = judgement
    const now = performance.now()
    this.looked = { of: head.length, next: now + 4 * (now - begun) }
  }

  /** Whether nothing more can change what it comes to. */
  get over(): boolean {
    return this.given !== undefined || (this.head === undefined && this.readings.every(({ judge }) => judge.over))
  }

  /** What it comes to, if this is all of it. */
  finish(): Judgement {
    if (this.head !== undefined && this.given === undefined) this.open()
    if (this.given !== undefined) return this.given
    const judged = this.readings.map(({ judge, version, problem }): Judgement => {
      const outcome = judge.finish()
      const notes = [
        problem,
        this.guessed ? `nothing names the release: judged by the rules of ${version}; --version says which` : '',
        this.traced > 0 ? `${this.traced} lines of its trace log are not judged: it is too long` : '',
      ].filter(note => note !== '')
      return {
        file: this.file,
        version,
        skipped: Object.fromEntries(judge.skipped),
        ...outcome,
        message: [outcome.message, ...notes].join('\n  '),
      }
    })
    return judged.reduce(better)
  }
}

/** Judges all that is in a log, as its bytes come. */
export class LogStream {
  readonly feed: LogFeed
  private readonly file: string
  private readonly options: StreamOptions
  private items: Item[] | undefined
  private readonly sessions = new Map<string, Session>()

  constructor(file: string, options: StreamOptions = {}) {
    this.file = file
    this.options = options
    this.feed = new LogFeed(file, options.format)
    this.items = options.follow === true ? undefined : []
  }

  /** Takes bytes; says which sessions were found to leave the rules by them. */
  push(chunk: Buffer): void {
    this.take(this.feed.push(chunk))
  }

  private take(items: readonly Item[]): void {
    const { items: kept } = this
    if (kept !== undefined && kept.length + items.length <= SHORT) {
      for (const item of items) kept.push(item)
      return
    }
    this.items = undefined
    for (const item of kept ?? []) this.pass(item)
    for (const item of items) this.pass(item)
  }

  private pass(item: Item): void {
    const known = this.sessions.get(item.session)
    const session = known ?? new Session(this.nameOf(item.session), this.asked, () => this.feed.header)
    if (known === undefined) this.sessions.set(item.session, session)
    session.take(item)
  }

  private get asked(): StreamOptions {
    const { format } = this.feed
    return format === undefined ? this.options : { ...this.options, format }
  }

  private nameOf(session: string): string {
    return session === '' ? this.file : `${this.file} (${session})`
  }

  /** Looks, where more may come, whether what has come so far leaves the rules. */
  look(): void {
    const { format } = this.feed
    if (format !== undefined) for (const session of this.sessions.values()) session.look(format)
  }

  /** Whether nothing more can change what the sessions so far come to. */
  get over(): boolean {
    return this.sessions.size > 0 && [...this.sessions.values()].every(({ over }) => over)
  }

  /** What each session comes to, the log being at its end. */
  finish(): Judgement[] {
    this.take(this.feed.end())
    if (this.items !== undefined) {
      const { transcripts } = logOf(this.file, this.feed, this.items, this.options.side)
      return transcripts.map(transcript => {
        const judgement = judgeLog(transcript, this.options)
        const { explain, version } = this.options
        return explain && transcript.begins === undefined ? withBug(transcript, judgement, version) : judgement
      })
    }
    return [...this.sessions.values()].map(session => session.finish())
  }
}
