/** Two transcripts side by side, a line a row, in QEMU's own `->` and `<-`. */
import { isObject, printJson } from '../json.ts'
import { printObservation } from '../print.ts'
import type { Line } from '../transcript.ts'
import { type Markup, markup } from './markup.ts'

/** What a message may take at most, in characters; files have all of it. */
const most = 1200

const cut = (text: string): string =>
  text.length > most ? `${text.slice(0, most)} ... (${text.length - most} more characters)` : text

function message({ dir, msg }: Line): Markup {
  if (dir === '!!') return markup`<span class="seen">${cut(printObservation(msg))}</span>`
  // What QEMU's clock said is beside the recorder's, which is in the first column.
  const { timestamp: _, ...rest } = msg
  const text = cut(printJson(isObject(msg.timestamp) ? rest : msg))
  return markup`<span class="dir">${dir} </span>${'event' in msg ? markup`<span class="ev">${text}</span>` : text}`
}

/**
 * The table.
 *
 * @param wrong the line that decided, which is marked
 */
export function sideBySide(lines: readonly Line[], wrong?: number): Markup {
  const sides = (['src', 'dst'] as const).filter(side => lines.some(line => line.side === side))
  const heads = sides.map(side => markup`<th scope="col">${side === 'src' ? 'source' : 'destination'}</th>`)
  const rows = lines.map(line => {
    const cells = sides.map(side => markup`<td class="msg">${side === line.side && message(line)}</td>`)
    return markup`<tr${line.line === wrong && markup` class="bad"`}><td class="t">${line.t.toFixed(3)}</td>${cells}</tr>
`
  })
  return markup`<table class="two"><colgroup><col class="t">${sides.map(() => markup`<col>`)}</colgroup>
<thead><tr><th scope="col">s</th>${heads}</tr></thead><tbody>${rows}</tbody></table>`
}
