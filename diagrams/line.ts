/** A line of a label: a list of pieces, so that each printer can set a command off in its own way. */

/** A piece of a line; commands are set off. */
export interface Piece {
  readonly text: string
  readonly command?: true
}

/** One line of a label. */
export type Line = readonly Piece[]

/** A space that no line is broken at. */
export const HELD = '\u00a0'

/** Breaks a line at its spaces; a command stays whole, and so does what a no-break space holds together. */
export function wrapLine(line: Line, width: number): Line[] {
  const lines = breakLine(line, width)
  // As many lines, but of one length: no last word alone.
  let narrower = width
  while (narrower > 8 && breakLine(line, narrower - 1).length === lines.length) narrower -= 1
  return breakLine(line, narrower)
}

function breakLine(line: Line, width: number): Line[] {
  const words = line.flatMap(({ text, command }) =>
    command === true ? [{ text, command }] : text.split(/(?<= )/).map((part): Piece => ({ text: part })),
  )
  const lines: Piece[][] = [[]]
  let length = 0
  for (const word of words) {
    if (length > 0 && length + word.text.trimEnd().length > width) {
      lines.push([])
      length = 0
    }
    lines.at(-1)?.push(word)
    length += word.text.length
  }
  return lines.map(joinPlain)
}

/** Pieces that are not commands, side by side, as one. */
function joinPlain(pieces: readonly Piece[]): Line {
  const joined: Piece[] = []
  for (const piece of pieces) {
    const last = joined.at(-1)
    if (last === undefined || last.command === true || piece.command === true) joined.push(piece)
    else joined[joined.length - 1] = { text: last.text + piece.text }
  }
  const texts = joined.map(({ text }, i) => (i === joined.length - 1 ? text.trimEnd() : text).replaceAll(HELD, ' '))
  return joined.map((piece, i) => ({ ...piece, text: texts[i] ?? '' }))
}
