/**
 * A told path as a sequence diagram in plain ASCII, at most 80 columns wide:
 * for terminals, and for literal blocks in rST.
 */
import type { Flat } from '../impl/flat.ts'
import { wrap } from './mermaid.ts'
import type { Cast } from './sequence.ts'
import type { Beat } from './story.ts'

const CLIENT = 4
const FIRST = 34

/** Draws rows of characters with lifelines in them. */
class Canvas {
  readonly rows: string[] = []
  readonly columns: ReadonlyMap<string, number>
  private readonly width: number
  private readonly ended = new Set<string>()

  constructor(sides: readonly string[], width: number) {
    this.width = width
    const last = width - 7
    const gap = sides.length > 1 ? (last - FIRST) / (sides.length - 1) : 0
    this.columns = new Map([
      ['', CLIENT],
      ...sides.map((side, i): [string, number] => [side, Math.round(FIRST + i * gap)]),
    ])
  }

  at(side: string): number {
    return this.columns.get(side) ?? CLIENT
  }

  end(side: string): void {
    this.ended.add(side)
  }

  /** A row with every lifeline that still runs, and texts laid over it. */
  row(...over: readonly { readonly at: number; readonly text: string }[]): void {
    const cells = Array.from({ length: this.width }, () => ' ')
    for (const [side, column] of this.columns) if (!this.ended.has(side)) cells[column] = '|'
    for (const { at, text } of over) {
      for (const [i, char] of [...text].entries()) if (at + i >= 0 && at + i < this.width) cells[at + i] = char
    }
    this.rows.push(cells.join('').trimEnd())
  }

  /** The columns that an arrow may put its text into: the widest stretch between lifelines on its way. */
  private room(low: number, high: number): { start: number; length: number } {
    const stops = [...this.columns.values()].filter(at => at >= low && at <= high).sort((a, b) => a - b)
    const stretches = stops
      .slice(1)
      .map((stop, i) => ({ start: (stops[i] ?? 0) + 1, length: stop - (stops[i] ?? 0) - 1 }))
    return stretches.reduce((best, next) => (next.length > best.length ? next : best), { start: low + 1, length: 0 })
  }

  /** An arrow with its text on it, or above it where it is too long; `x` instead of a head when it is lost half way. */
  arrow(from: number, to: number, text: string, line: string, lost = false): void {
    const [low, high] = [Math.min(from, to), Math.max(from, to)]
    const { start, length } = this.room(low, high)
    const fits = text.length <= length - 6
    if (!fits) {
      for (const part of wrap(text, length - 2)) this.row({ at: start + ((length - part.length) >> 1), text: part })
    }
    const half = lost ? (high - low) >> 1 : high - low
    const shaft = line.repeat(half - 2)
    const right = to > from
    const begin = right ? low + 1 : high - half + 1
    const arrow = right ? `${shaft}${lost ? 'x' : '>'}` : `${lost ? 'x' : '<'}${shaft}`
    const middle = (lost ? begin + ((arrow.length - text.length) >> 1) : start + ((length - text.length) >> 1)) - 1
    this.row({ at: begin, text: arrow }, ...(fits ? [{ at: middle, text: ` ${text} ` }] : []))
  }

  /** Text beside a lifeline: to its right, or to its left for the last of several. */
  note(side: string, texts: readonly string[], mark = '*'): void {
    const column = this.at(side)
    const others = [...this.columns.values()].filter(at => at > column)
    if (others.length > 0 || this.columns.size === 2) {
      const room = Math.min(...others, this.width) - column - 5
      for (const text of texts) {
        for (const [i, part] of wrap(text, room).entries())
          this.row({ at: column, text: `${i === 0 ? mark : '|'}  ${part}` })
      }
      return
    }
    const before = Math.max(...[...this.columns.values()].filter(at => at < column))
    for (const text of texts) {
      for (const [i, part] of wrap(text, column - before - 5).entries()) {
        this.row({ at: column - part.length - 2, text: `${part}  ${i === 0 ? mark : '|'}` })
      }
    }
  }

  /** Text across all lifelines. */
  across(text: string, fill: string): void {
    const [low, high] = [CLIENT, Math.max(...this.columns.values())]
    for (const part of wrap(text, high - low - 4)) {
      const filled = ` ${part} `.padStart((high - low + part.length + 3) >> 1, fill).padEnd(high - low + 1, fill)
      this.row({ at: low, text: filled })
    }
  }
}

function draw(canvas: Canvas, beat: Beat): void {
  switch (beat.kind) {
    case 'command': {
      canvas.arrow(CLIENT, canvas.at(beat.side), beat.text, '-')
      canvas.note(beat.side, [beat.rule])
      return
    }
    case 'reply':
    case 'event':
      canvas.arrow(canvas.at(beat.side), CLIENT, beat.text, beat.kind === 'reply' ? '-' : '=')
      return
    case 'message':
      canvas.arrow(canvas.at(beat.from), canvas.at(beat.to), beat.text, '-', beat.lost)
      return
    case 'end':
      canvas.note(beat.side, [beat.text], 'X')
      canvas.end(beat.side)
      return
    case 'silent':
      canvas.note(
        beat.side,
        beat.steps.map(({ actor, text }, i) => (actor === beat.steps[i - 1]?.actor ? text : `${actor}: ${text}`)),
      )
      return
    default:
      if (beat.sides.length > 1) canvas.across(beat.text, beat.kind === 'fault' ? '!' : '~')
      else canvas.note(beat.sides[0] ?? '', [beat.text], '!')
  }
}

/** A told path in ASCII: `=` draws events, `-` everything else, `*` is a step that nobody sees, `!` a fault, `X` an end. */
export function asciiSequence(flat: Flat, beats: readonly Beat[], cast: Cast = {}, width = 80): string {
  const canvas = new Canvas(flat.sides, width)
  const names = new Map([['', 'operator'], ...flat.sides.map((side): [string, string] => [side, cast[side] ?? side])])
  const heads = [...names].map(([side, text]) => ({
    at: Math.min(Math.max(0, canvas.at(side) - (text.length >> 1)), width - text.length),
    text,
  }))
  canvas.row(...[...canvas.columns.values()].map(at => ({ at, text: ' ' })), ...heads)
  canvas.row()
  for (const beat of beats) draw(canvas, beat)
  canvas.row()
  return `${canvas.rows.join('\n')}\n`
}
