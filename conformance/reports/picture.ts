/**
 * A transcript as a sequence diagram: the source to the left, the destination
 * to the right, and who talks to both between them.  SVG without script or font.
 */
import { isObject, type Json, type JsonObject, printJson } from '../json.ts'
import { printObservation } from '../print.ts'
import type { Line, Side } from '../transcript.ts'
import { type Markup, markup } from './markup.ts'

const width = 760
const columns = { src: 120, client: 410, dst: 700 } as const
const head = 40
const step = 22
/** What fits on an arrow, in characters. */
const most = 36

/** One arrow or mark. */
export interface Stroke {
  readonly side: Side
  readonly kind: 'command' | 'event' | 'reply' | 'mark'
  readonly text: string
  readonly line: number
  readonly t: number
  /** How often it came in a row. */
  readonly times: number
}

/** A value in few words: what it is called is left out where the value says it all. */
function brief(value: Json): string {
  if (Array.isArray(value)) return value.map(brief).join(' ')
  if (!isObject(value)) return typeof value === 'string' ? value : printJson(value)
  // As capabilities are set: a name, and on or off.
  if (typeof value.capability === 'string') return `${value.state === false ? '-' : ''}${value.capability}`
  return words(value)
}

const telling = new Set(['status', 'reason', 'mode', 'enable', 'capabilities', 'instances', 'type'])

const words = (value: Json | undefined): string =>
  isObject(value)
    ? Object.entries(value)
        .map(([name, one]) => (telling.has(name) ? brief(one) : `${name}=${brief(one)}`))
        .join(' ')
    : value === undefined
      ? ''
      : brief(value)

/** What is worth saying of an answer: the status, where there is one. */
function answer(msg: JsonObject): string | undefined {
  if (isObject(msg.error)) return `error: ${String(msg.error.desc ?? msg.error.class)}`
  const { return: value } = msg
  if (Array.isArray(value)) return `${value.length} in a list`
  if (!isObject(value)) return printJson(value ?? null)
  if (Object.keys(value).length === 0) return undefined
  return typeof value.status === 'string' ? value.status : words(value)
}

/** Lines as strokes: an empty answer is not told, and the same question with the same answer is told once. */
export function strokesOf(lines: readonly Line[]): Stroke[] {
  const asked = new Map<string, string>()
  const strokes: Stroke[] = []
  const at = (line: Line) => ({ side: line.side, line: line.line, t: line.t, times: 1 })
  for (const line of lines) {
    const { side, dir, msg } = line
    if (dir === '!!') strokes.push({ ...at(line), kind: 'mark', text: printObservation(msg) })
    else if (dir === '->') {
      const name = String(msg.execute ?? msg['exec-oob'] ?? printJson(msg))
      asked.set(`${side} ${printJson(msg.id ?? null)}`, name)
      if (name.startsWith('query-')) continue
      const oob = 'exec-oob' in msg ? ' (out of band)' : ''
      strokes.push({ ...at(line), kind: 'command', text: `${name}${oob} ${words(msg.arguments)}`.trim() })
    } else if (typeof msg.event === 'string')
      strokes.push({ ...at(line), kind: 'event', text: `${msg.event} ${words(msg.data)}`.trim() })
    else if ('return' in msg || 'error' in msg) {
      const name = asked.get(`${side} ${printJson(msg.id ?? null)}`) ?? ''
      const said = answer(msg)
      if (said === undefined && !name.startsWith('query-')) continue
      const text = name.startsWith('query-') ? `${name}: ${said ?? 'nothing'}` : (said ?? '')
      const last = strokes.at(-1)
      if (last?.kind === 'reply' && last.side === side && last.text === text)
        strokes[strokes.length - 1] = { ...last, line: line.line, times: last.times + 1 }
      else strokes.push({ ...at(line), kind: 'reply', text })
    }
  }
  return strokes
}

const cut = (text: string): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

function draw({ side, kind, text, t, times, line }: Stroke, y: number, wrong: number | undefined): Markup {
  const [own, client] = [columns[side], columns.client]
  const right = side === 'dst'
  const full = times > 1 ? `${text}  (${times} times)` : text
  const shown = times > 1 ? `${cut(text)} ×${times}` : cut(text)
  const bad = line === wrong ? ' bad' : ''
  const time = markup`<text class="t" x="4" y="${y}">${t.toFixed(3)}</text>`
  if (kind === 'mark') {
    const x = right ? own - 12 : own + 12
    return markup`${time}<g class="mark${bad}"><title>${full}</title><path d="M${own - 5} ${y - 9}l10 10m0 -10l-10 10"/><text x="${x}" y="${y}" text-anchor="${right ? 'end' : 'start'}">${shown}</text></g>`
  }
  const to = kind === 'command' ? own : client
  const from = kind === 'command' ? client : own
  const tip = to > from ? -7 : 7
  const middle = (own + client) / 2
  return markup`${time}<g class="${kind}${bad}"><title>${full}</title><path d="M${from} ${y + 3}H${to}"/><path class="tip" d="M${to + tip} ${y - 1}L${to} ${y + 3}l${tip} 4"/><text x="${middle}" y="${y - 1}" text-anchor="middle">${shown}</text></g>`
}

/**
 * The diagram.
 *
 * @param wrong the line where the transcript left the rules
 */
export function picture(lines: readonly Line[], name: string, wrong?: number): Markup {
  const strokes = strokesOf(lines)
  const sides = (['src', 'dst'] as const).filter(side => lines.some(line => line.side === side))
  const height = head + strokes.length * step + 16
  const lifelines = [...sides.map(side => [columns[side], side === 'src' ? 'source' : 'destination'] as const)]
  const all = [...lifelines, [columns.client, 'operator'] as const]
  // A stroke for a line that is not drawn itself, such as an answer without words, is the next one.
  const at = wrong === undefined ? undefined : strokes.find(stroke => stroke.line >= wrong)?.line
  return markup`<svg class="sequence" viewBox="0 0 ${width} ${height}" role="img" aria-label="${name}">${all.map(
    ([x, who]) =>
      markup`<text class="who" x="${x}" y="20" text-anchor="middle">${who}</text><path class="life" d="M${x} 28V${height - 6}"/>`,
  )}${strokes.map((stroke, i) => draw(stroke, head + (i + 1) * step - 6, at))}</svg>`
}
