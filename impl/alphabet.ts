/**
 * All that can be told of a system, as small numbers: what no rule tells apart has the same one.
 */
import type { Json, Match } from '../spec/lang.ts'
import type { Flat, FlatQuery, Output, Row } from './flat.ts'
import { matches } from './match.ts'
import { projection } from './project.ts'
import { answers, type Seen, type Sent, speaksOf } from './seen.ts'

/** An answer, as a monitor gives it. */
export type Answer = { readonly returns: Json } | { readonly class: string } | undefined

/** A command that is sent to a side. */
export interface SentLetter {
  readonly id: number
  readonly side: number
  readonly kind: 'sent'
  readonly sent: Sent
}

/** Something that is seen of a side. */
export interface SeenLetter {
  readonly id: number
  readonly side: number
  readonly kind: 'seen'
  readonly seen: Seen
}

/** Something that is told of a side. */
export type Letter = SentLetter | SeenLetter

/** What rules say of a command of a side. */
interface Command {
  readonly rows: readonly Row[]
  readonly queries: readonly FlatQuery[]
  readonly arguments: (value: Json | undefined) => string
  readonly returns: (value: Json | undefined) => string
  /** For each key the letter. */
  readonly known: Map<string, SentLetter>
}

/** What rules say of an event of a side. */
interface Event {
  readonly data: readonly Match[]
  readonly key: (value: Json | undefined) => string
  readonly known: Map<string, SeenLetter>
}

/** More keys than this are forgotten: they only save time. */
const REMEMBERED = 20_000

/** Numbers what is told. */
export class Alphabet {
  readonly letters: Letter[] = []
  private readonly flat: Flat
  private readonly commands: readonly Map<string, Command>[]
  private readonly events: readonly Map<string, Event>[]
  private readonly sents = new Map<string, SentLetter>()
  private readonly seens = new Map<string, SeenLetter>()
  private readonly answered = new Map<Sent, SeenLetter>()

  constructor(flat: Flat) {
    this.flat = flat
    this.commands = flat.sides.map(side => {
      const rows = flat.rows.filter(row => row.rule.side === side && row.cause?.kind === 'command')
      const names = new Set([
        ...rows.flatMap(({ cause }) => (cause?.kind === 'command' ? [cause.name] : [])),
        ...flat.queries.flatMap(query => (query.side === side ? [query.command] : [])),
      ])
      return new Map([...names].map(name => [name, this.commandOf(side, name, rows)]))
    })
    this.events = flat.sides.map(side => {
      const found = new Map<string, Map<string, Match>>()
      for (const row of flat.rows) {
        if (row.rule.side !== side) continue
        for (const output of row.outputs) {
          if (output.kind !== 'event') continue
          const datas = found.get(output.name) ?? new Map<string, Match>()
          found.set(output.name, datas.set(JSON.stringify(output.data), output.data))
        }
      }
      return new Map(
        [...found].map(([name, datas]) => {
          const data = [...datas.values()]
          return [name, { data, key: projection(data), known: new Map() }]
        }),
      )
    })
  }

  private commandOf(side: string, name: string, all: readonly Row[]): Command {
    const rows = all.filter(({ cause }) => cause?.kind === 'command' && cause.name === name)
    const queries = this.flat.queries.filter(query => query.side === side && query.command === name)
    const lists = rows.flatMap(({ cause }) =>
      cause?.kind === 'command' && cause.options !== undefined ? [cause.options.options.list] : [],
    )
    const wanted = rows.flatMap(({ cause }) => (cause?.kind === 'command' ? [cause.arguments] : []))
    const said = (output: Output): Match[] => (output.kind === 'returns' ? [output.match] : [])
    return {
      rows,
      queries,
      arguments: projection(wanted, lists),
      returns: projection([
        ...rows.flatMap(row => row.outputs.flatMap(said)),
        ...queries.flatMap(query => query.tables.flat().map(({ match }) => match)),
      ]),
      known: new Map(),
    }
  }

  /** Whether rules speak of a command. */
  speaks(side: number, name: string): boolean {
    return this.commands[side]?.has(name) === true
  }

  /** A command with its answer; nothing where no rule speaks of it. */
  sent(side: number, name: string, args: Json, oob: boolean, answer: Answer, line: number): SentLetter | undefined {
    const command = this.commands[side]?.get(name)
    if (command === undefined) return undefined
    const said = answer === undefined ? '?' : 'class' in answer ? `!${answer.class}` : command.returns(answer.returns)
    const key = `${oob ? 'o' : 'i'}${said}\n${command.arguments(args)}`
    const known = command.known.get(key)
    if (known !== undefined) return known
    if (command.known.size > REMEMBERED) command.known.clear()
    const sent: Sent = { name, arguments: args, oob, answer, line }
    const signature = `${side} ${name} ${oob} ${this.signatureOf(command, sent)}`
    const letter = this.sents.get(signature) ?? this.spell({ id: this.letters.length, side, kind: 'sent', sent })
    this.sents.set(signature, letter)
    command.known.set(key, letter)
    return letter
  }

  /** All that the rules make of a command: which rows speak of it, which answer so, and which answers to a query fit. */
  private signatureOf({ rows, queries }: Command, sent: Sent): string {
    const { answer } = sent
    const kind = answer === undefined ? '?' : 'class' in answer ? `!${answer.class}` : '+'
    const compared = new Map<Match, boolean>()
    const spoken = rows.filter(row => {
      const { cause } = row
      if (cause?.kind !== 'command') return false
      const wanted = compared.get(cause.arguments) ?? matches(cause.arguments, sent.arguments)
      compared.set(cause.arguments, wanted)
      return wanted && speaksOf({ ...row, cause: { ...cause, arguments: {} } }, sent.name, sent.arguments)
    })
    const fits = (match: Match) =>
      answer === undefined || ('returns' in answer && matches(match, answer.returns as Json)) ? 1 : 0
    return [
      kind,
      spoken.map(row => `${row.id}${answers(row, sent) ? '' : '-'}`).join(),
      queries.map(({ tables }) => tables.map(table => table.map(({ match }) => fits(match)).join('')).join()).join(';'),
    ].join('|')
  }

  /** The answer to a command that was sent, in the order of answers. */
  answer(to: SentLetter, line: number): SeenLetter {
    const known = this.answered.get(to.sent)
    if (known !== undefined) return known
    const letter = this.spell({
      id: this.letters.length,
      side: to.side,
      kind: 'seen',
      seen: { kind: 'answer', sent: to.sent, line },
    })
    this.answered.set(to.sent, letter)
    return letter
  }

  /** An event; nothing where no rule speaks of it. */
  event(side: number, name: string, data: Json, line: number): SeenLetter | undefined {
    const event = this.events[side]?.get(name)
    if (event === undefined) return undefined
    const key = event.key(data)
    const known = event.known.get(key)
    if (known !== undefined) return known
    if (event.known.size > REMEMBERED) event.known.clear()
    const fitting = event.data.map(wanted => (matches(wanted, data) ? 1 : 0)).join('')
    const signature = `${side} ${name} ${fitting}`
    const letter =
      this.seens.get(signature) ??
      this.spell({ id: this.letters.length, side, kind: 'seen', seen: { kind: 'event', name, data, line } })
    this.seens.set(signature, letter)
    event.known.set(key, letter)
    return letter
  }

  /** The end of a process. */
  exit(side: number, code: number | null, line: number): SeenLetter {
    const signature = `${side} exit ${code}`
    const letter =
      this.seens.get(signature) ??
      this.spell({ id: this.letters.length, side, kind: 'seen', seen: { kind: 'exit', code, line } })
    this.seens.set(signature, letter)
    return letter
  }

  /** An answer that no command waits for: nothing explains it. */
  stray(side: number, line: number): SeenLetter {
    const signature = `${side} stray`
    const sent: Sent = { name: '', arguments: {}, oob: false, answer: undefined, line }
    const letter =
      this.seens.get(signature) ??
      this.spell({ id: this.letters.length, side, kind: 'seen', seen: { kind: 'answer', sent, line } })
    this.seens.set(signature, letter)
    return letter
  }

  private spell<T extends Letter>(letter: T): T {
    this.letters.push(letter)
    return letter
  }
}
