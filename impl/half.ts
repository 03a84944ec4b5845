/**
 * One side of a system whose other side is somewhere else.
 *
 * Of a rule of one side nothing but that side, the shared variables and the
 * wires moves, so each side can take its own rows and tell the other: what it
 * has sent, what it has taken off the wire, and, by ending the connection, that
 * the link is no longer up.  Rules of the whole belong to one side, which tells
 * the other what became of it.
 *
 * A side that has cut the link cannot know whether something is still on its
 * way; it takes no row that is set off by a hangup before the other has ended
 * the connection too.  Whatever the other did before it saw the cut is then as
 * if it had been done before it.
 */
import type { Flat, Row } from './flat.ts'
import type { Runner } from './runner.ts'

/** What one side tells the other, in the order in which it happened. */
export type Told =
  | { readonly sends: string }
  /** A message has been taken off the wire. */
  | { readonly took: string }
  /** The link is up, and these variables are this. */
  | { readonly joined: { readonly [variable: string]: string } }

/** What a half needs to know of its system. */
export interface Halves {
  readonly own: string
  readonly other: string
  /** The variable of the link, and its values for up and for no longer up. */
  readonly link: { readonly variable: string; readonly up: string; readonly cut: string }
}

/** The rows and queries of one side, and, if it is to take them, those of the whole. */
export function halve(flat: Flat, side: string, whole: boolean): Flat {
  const isOwn = (of: string) => of === side || (whole && of === '')
  return {
    ...flat,
    rules: flat.rules.filter(rule => isOwn(rule.side)),
    rows: flat.rows.filter(row => isOwn(row.rule.side)).map((row, id) => ({ ...row, id })),
    queries: flat.queries.filter(query => query.side === side),
  }
}

/** Keeps a runner of one side in step with the other. */
export class Half {
  private readonly runner: Runner
  private readonly halves: Halves
  /** Whether the other has ended the connection, or there is none. */
  private over = true
  private tell: ((told: Told) => void) | undefined
  private end: (() => void) | undefined

  constructor(runner: Runner, halves: Halves) {
    this.runner = runner
    this.halves = halves
  }

  /** Speaks on a new connection from now on; `end` says that nothing more will be said on it. */
  join(tell: (told: Told) => void, end: () => void): void {
    this.tell = tell
    this.end = end
    this.over = false
    this.empty()
  }

  /** Whether a row may be taken as far as the connection is concerned; see `RunnerOptions.allows`. */
  allows({ cause }: Row): boolean {
    return this.over || cause?.kind !== 'hangup' || this.isUp()
  }

  /** Tells what a row has done; see `RunnerOptions.onStep`. */
  taken(row: Row): void {
    const { link, own } = this.halves
    const moved = this.moves(row)
    // Whoever makes the link tells first what became of the rest.
    if (moved[link.variable] === link.up) {
      this.empty()
      const values = Object.entries(moved).filter(([name]) => !name.startsWith(`${own}.`) && !name.includes('>'))
      this.tell?.({ joined: Object.fromEntries(values) })
    }
    for (const output of row.outputs)
      if (output.kind === 'sends' && !output.lost) this.tell?.({ sends: output.message })
    if (row.cause?.kind === 'receives') this.tell?.({ took: row.cause.name })
    if (moved[link.variable] === link.cut) this.leave()
  }

  /** Hears what the other side has done.  Answers what is wrong with it, if something is. */
  hear(told: Told): string | undefined {
    const { own, other, link } = this.halves
    if ('sends' in told) return this.append(`${other}>${own}`, told.sends)
    if ('took' in told) return this.shift(`${own}>${other}`, told.took)
    const known = Object.entries(told.joined)
    const { variables, index } = this.runner.flat
    for (const [name, value] of known) {
      const isFree = !name.startsWith(`${other}.`) && !name.includes('>')
      if (!isFree || variables[index.get(name) ?? -1]?.values.includes(value) !== true)
        return `${name} cannot be made "${value}" from there`
    }
    if (told.joined[link.variable] !== link.up) return 'the link is not up'
    this.empty()
    this.runner.set(told.joined)
    return undefined
  }

  /** The other side will say nothing more. */
  ended(): void {
    this.over = true
    this.tell = undefined
    const { own, other, link } = this.halves
    // What it has not taken it never will.
    if (this.isUp()) this.runner.set({ [link.variable]: link.cut })
    this.clear(`${own}>${other}`)
    this.leave()
    this.runner.set({})
  }

  private leave(): void {
    const end = this.end
    this.end = undefined
    this.tell = undefined
    end?.()
  }

  private isUp(): boolean {
    return this.runner.valueOf(this.halves.link.variable) === this.halves.link.up
  }

  private moves(row: Row): Record<string, string> {
    const { variables } = this.runner.flat
    return Object.fromEntries(
      row.cells.flatMap(({ variable, to }) => {
        const { name, values } = variables[variable] ?? { name: '', values: [] }
        return to < 0 ? [] : [[name, values[to] ?? '']]
      }),
    )
  }

  private slots(wire: string): string[] {
    const slots: string[] = []
    while (this.runner.flat.index.has(`${wire}.${slots.length}`)) slots.push(`${wire}.${slots.length}`)
    return slots
  }

  private append(wire: string, message: string): string | undefined {
    const { variables, index } = this.runner.flat
    const free = this.slots(wire).find(slot => this.runner.valueOf(slot) === nothing)
    if (free === undefined) return `no more than was taken may be sent, and "${message}" was`
    if (message === nothing || !variables[index.get(free) ?? -1]?.values.includes(message))
      return `nobody knows the message "${message}"`
    this.runner.set({ [free]: message })
    return undefined
  }

  private shift(wire: string, message: string): string | undefined {
    const slots = this.slots(wire)
    const held = slots.map(slot => this.runner.valueOf(slot))
    if (held[0] !== message) return `"${message}" was taken, and had not been sent`
    this.runner.set(Object.fromEntries(slots.map((slot, i) => [slot, held[i + 1] ?? nothing])))
    return undefined
  }

  private clear(wire: string): void {
    this.runner.set(Object.fromEntries(this.slots(wire).map(slot => [slot, nothing])))
  }

  private empty(): void {
    this.clear(`${this.halves.own}>${this.halves.other}`)
    this.clear(`${this.halves.other}>${this.halves.own}`)
  }
}

/** What stands in a place of a wire where no message does. */
const nothing = 'empty'
