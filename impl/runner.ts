/**
 * A system that is somewhere and takes steps: which rows are open now, and which of them the seed chooses.
 */
import type { Json, Pattern } from '../spec/lang.ts'
import { Chance } from './chance.ts'
import { ArgumentError, Engine } from './engine.ts'
import type { Flat, FlatQuery, Output, Row } from './flat.ts'
import type { Members } from './frames.ts'
import { example } from './match.ts'

/** What comes of a command. */
export type Outcome = { readonly return: Json } | { readonly error: { readonly class: string; readonly desc: string } }

/** How a system is to take its steps. */
export interface RunnerOptions {
  /** Decides wherever there is a choice; 0 when left out. */
  readonly seed?: number
  /** Narrows where it starts. */
  readonly start?: Pattern
  /** Rules, by `side/rule-name` or `rule-name`, that are not taken; see `Runner.avoid`. */
  readonly avoid?: readonly string[]
  /** Rules that are taken before others. */
  readonly prefer?: readonly string[]
  /** Whether a row may be taken now, besides what the rules say: the world may not be ready for it. */
  readonly allows?: (row: Row) => boolean
  /** Completes what a query answers, or an event tells, with figures for example. */
  readonly figures?: (answer: Json, side: string, name: string) => Json
  /** A row has been taken, and nothing of it been shown yet; with the command that it answers. */
  readonly onStep?: (row: Row, ask?: Ask) => void
  /** All that a row shows has been shown. */
  readonly onShown?: (row: Row) => void
  /** Something has come that may let `step` go on. */
  readonly onWork?: () => void
}

/** A command that waits for a row or a query to answer it. */
export interface Ask {
  readonly side: string
  readonly command: string
  readonly arguments: Members
  readonly rows: readonly Row[]
  readonly queries: readonly FlatQuery[]
  readonly answer: (outcome: Outcome) => void
}

type Move = { readonly row: Row; readonly ask?: Ask } | { readonly query: FlatQuery; readonly ask: Ask }

/** Strings in arguments are held against regular expressions, which long ones would keep busy. */
const longestString = 4096

/** A running system; nothing happens but in `step`, `decide` and `fault`. */
export abstract class Runner {
  readonly flat: Flat
  protected readonly engine: Engine
  /** How many steps have been taken. */
  protected steps = 0
  private readonly knobs: RunnerOptions
  private readonly chance: Chance
  private readonly words: Int32Array
  private readonly next: Int32Array
  private readonly asks = new Set<Ask>()
  private readonly avoided: Set<string>
  private preferred: Set<string>
  private insisted: ReadonlySet<string> = new Set()
  private readonly urgent = new WeakSet<Ask>()
  /** Answers to commands that are done, which their side does not send before its machines let it. */
  private held: { readonly side: string; readonly send: () => void }[] = []

  constructor(flat: Flat, options: RunnerOptions) {
    this.flat = flat
    this.knobs = options
    this.engine = Engine.of(flat)
    this.chance = new Chance(options.seed ?? 0)
    this.words = (this.chance.of(this.engine.starts(options.start ?? {})) ?? new Int32Array()).slice()
    this.next = new Int32Array(this.words.length)
    this.avoided = new Set(options.avoid)
    this.preferred = new Set(options.prefer)
  }

  /** Shows an output that is no answer. */
  protected abstract show(output: Output): void

  /** Has a command wait for its answer, or answers it at once where no state would; see `withdraw`. */
  post(side: string, command: string, given: Members, answer: (outcome: Outcome) => void): Ask | undefined {
    const refuse = (desc: string): undefined => {
      answer({ error: { class: 'GenericError', desc } })
    }
    if (!isShort(given)) return refuse(`Arguments of ${command} hold a string of more than ${longestString} characters`)
    try {
      const rows = this.engine.rowsFor(side, command, given)
      const queries = this.engine.queriesFor(side, command)
      if (rows.length === 0 && queries.length === 0) return refuse(`No rule of ${command} speaks of these arguments`)
      const ask: Ask = { side, command, arguments: given, rows, queries, answer }
      this.asks.add(ask)
      this.knobs.onWork?.()
      return ask
    } catch (error) {
      if (error instanceof ArgumentError) return refuse(error.message)
      throw error
    }
  }

  /** Takes back what has been posted. */
  withdraw(ask: Ask): void {
    this.asks.delete(ask)
  }

  /** The commands that are waiting for an answer. */
  waiting(): readonly Ask[] {
    return [...this.asks]
  }

  /** Never takes these rules, until they are allowed again. */
  avoid(ids: Iterable<string>): void {
    for (const id of ids) this.avoided.add(id)
  }

  /** Takes these rules again; all of them when none is named. */
  allow(ids: Iterable<string> = [...this.avoided]): void {
    let changed = false
    for (const id of ids) changed = this.avoided.delete(id) || changed
    if (changed) this.knobs.onWork?.()
  }

  /** Takes these rules, and no others, before the rest. */
  prefer(ids: Iterable<string>): void {
    this.preferred = new Set(ids)
  }

  /** Takes these rules, and no others, before the rest, even where they are to be avoided. */
  insist(ids: Iterable<string>): void {
    const before = this.insisted.size
    this.insisted = new Set(ids)
    if (this.insisted.size > 0 || before > 0) this.knobs.onWork?.()
  }

  /** Has a command be answered, as soon as it can be, before anything else happens. */
  urge(ask: Ask): void {
    this.urgent.add(ask)
  }

  /** Answers a command that can be answered, or takes a step that is owed.  False when there is none. */
  step(): boolean {
    const moves = this.collect(this.engine.owed, [...this.answers(), ...this.replies()])
    // What is insisted on is taken now, though nobody owes it.
    const early = this.insisted.size === 0 ? [] : this.collect(this.engine.may, [])
    return this.choose([...moves, ...early.filter(move => 'row' in move && isOneOf(this.insisted, move.row))])
  }

  /** Answers a query, and takes no step.  False when none waits. */
  reply(): boolean {
    return this.choose(this.replies())
  }

  /** The rows that may be taken now: answers to commands that wait, steps that are owed, steps that nobody owes. */
  enabled(): readonly Row[] {
    const moves = this.collect(this.engine.owed, this.answers())
    return this.collect(this.engine.may, moves).flatMap(move => ('row' in move ? [move.row] : []))
  }

  /** Takes one row.  False where it may not be taken now. */
  perform(row: Row): boolean {
    const waits = this.answers().find(move => 'row' in move && move.row === row)
    return this.choose(
      waits !== undefined ? [waits] : row.cause?.kind !== 'command' && this.isOpen(row) ? [{ row }] : [],
    )
  }

  /** Takes one of the steps that nobody owes: a timer, a decision.  False when there is none. */
  decide(): boolean {
    return this.choose(this.collect(this.engine.may, []))
  }

  /** Whether `decide` would do something. */
  undecided(): boolean {
    return this.collect(this.engine.may, []).length > 0
  }

  /** Steps until there is nothing to do, or `limit` times; answers how often. */
  settle(limit = 100_000): number {
    let taken = 0
    while (taken < limit && this.step()) taken++
    return taken
  }

  /** Has a fault happen, to a side or (`''`) to the whole.  False where it cannot happen now. */
  fault(side: string, name: string): boolean {
    const moves = this.engine.faultsFor(side, name).flatMap(row => (this.isOpen(row) ? [{ row }] : []))
    const done = this.choose(moves)
    if (done) this.knobs.onWork?.()
    return done
  }

  /** Where it is: each variable with its value. */
  state(): Record<string, string> {
    return this.engine.decode(this.words)
  }

  /** Has variables be what somebody else has made of them.  Throws `SpecError` for what is not there. */
  set(values: { readonly [variable: string]: string }): void {
    for (const [variable, value] of Object.entries(values)) this.engine.write(this.words, variable, value)
    this.release()
    this.knobs.onWork?.()
  }

  /** What one variable is now.  Throws `SpecError` for a name that is not there. */
  valueOf(variable: string): string {
    return this.engine.valueOf(this.words, variable)
  }

  /** Takes back all that a side was asked. */
  protected dropAsks(side: string): void {
    for (const ask of this.asks) if (ask.side === side) this.asks.delete(ask)
    this.held = this.held.filter(one => one.side !== side)
  }

  /** Whether the machines of a side let an in-band answer leave it; see `machine` in spec/lang.ts. */
  private mayAnswer(side: string): boolean {
    return this.engine.holds(this.words, this.flat.answered[this.flat.sides.indexOf(side)] ?? [])
  }

  /** Sends the answers that may be sent now, in the order of their commands. */
  private release(): void {
    const now = this.held.filter(({ side }) => this.mayAnswer(side))
    if (now.length === 0) return
    this.held = this.held.filter(one => !now.includes(one))
    for (const { send } of now) send()
  }

  private answers(): Move[] {
    return [...this.asks].flatMap(ask => ask.rows.filter(row => this.isOpen(row)).map(row => ({ row, ask })))
  }

  private replies(): Move[] {
    return [...this.asks].flatMap(ask =>
      ask.queries.filter(query => this.engine.holds(this.words, query.where)).map(query => ({ query, ask })),
    )
  }

  private isOpen(row: Row): boolean {
    return this.allows(row) && this.engine.holds(this.words, row.cells)
  }

  private allows(row: Row): boolean {
    return (isOneOf(this.insisted, row) || !isOneOf(this.avoided, row)) && this.knobs.allows?.(row) !== false
  }

  private collect(step: Engine['owed'], moves: Move[]): Move[] {
    step(this.words, 0, this.next, id => {
      const row = this.flat.rows[id]
      if (row !== undefined && this.allows(row)) moves.push({ row })
    })
    return moves
  }

  private choose(moves: readonly Move[]): boolean {
    const move = this.chance.of(this.first(moves))
    if (move === undefined) return false
    this.steps++
    if ('row' in move) this.take(move.row, move.ask)
    else {
      const answer = this.engine.answer(this.words, move.query)
      this.asks.delete(move.ask)
      move.ask.answer({ return: this.knobs.figures?.(answer, move.ask.side, move.ask.command) ?? answer })
    }
    return true
  }

  /** Those of some moves that come before the others. */
  private first(moves: readonly Move[]): readonly Move[] {
    for (const ids of [this.insisted, this.preferred]) {
      const wanted = ids.size === 0 ? [] : moves.filter(move => 'row' in move && isOneOf(ids, move.row))
      if (wanted.length > 0) return wanted
    }
    const urgent = moves.filter(move => 'ask' in move && move.ask !== undefined && this.urgent.has(move.ask))
    return urgent.length > 0 ? urgent : moves
  }

  private take(row: Row, ask: Ask | undefined): void {
    this.engine.apply(this.words, row)
    if (ask !== undefined) this.asks.delete(ask)
    this.knobs.onStep?.(row, ask)
    let outcome: Outcome | undefined
    for (const output of row.outputs) {
      if (output.kind === 'returns') outcome = { return: example(output.match) ?? {} }
      else if (output.kind === 'fails') outcome = { error: { class: output.class, desc: output.desc } }
      else this.show(output)
      if (outcome === undefined) continue
      const { side, answer } = ask ?? {}
      const said = outcome
      const inBand = row.cause?.kind === 'command' && !row.cause.oob
      if (side !== undefined && inBand && !this.mayAnswer(side)) this.held.push({ side, send: () => answer?.(said) })
      else answer?.(said)
      outcome = undefined
      ask = undefined
    }
    this.release()
    this.knobs.onShown?.(row)
  }
}

/** Whether a set of ids names a row's rule, with or without its side. */
function isOneOf(ids: ReadonlySet<string>, { rule }: Row): boolean {
  if (ids.size === 0) return false
  return ids.has(rule.id) || ids.has(rule.id.slice(rule.id.indexOf('/') + 1))
}

function isShort(value: Json): boolean {
  if (typeof value === 'string') return value.length <= longestString
  if (typeof value !== 'object' || value === null) return true
  return Object.values(value).every(isShort)
}
