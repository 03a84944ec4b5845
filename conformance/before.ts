/**
 * What came before a line and brought about what was so then: commands that
 * were accepted, changes that were announced, faults, ends.
 *
 * Questions change nothing, nor does what was refused; what comes again and
 * again, as checkpoints do, is told once.
 */
import { isObject, type Json } from './json.ts'
import type { Line } from './transcript.ts'

/** More lines than this are not told. */
const MOST = 8
/** What comes again may be as many lines long as this. */
const LONGEST = 6

/** One line, in a few words. */
interface Told {
  readonly at: Pick<Line, 'line' | 'side'>
  readonly text: string
}

/** Members of what is told that say what changed; others are figures. */
const telling = (data: Json | undefined): string => {
  if (!isObject(data)) return ''
  const words = Object.values(data).filter(value => typeof value === 'string' || typeof value === 'boolean')
  return words.length === 0 ? '' : ` ${words.map(String).join(' ').slice(0, 60)}`
}

function toldBy({ line, side, dir, msg }: Line, accepted: ReadonlySet<string>): Told | undefined {
  const at = { line, side }
  if (dir === '->') {
    const name = msg.execute ?? msg['exec-oob']
    if (typeof name !== 'string' || /^q(uery-|mp_)/.test(name) || !accepted.has(keyOf(side, msg.id))) return undefined
    return { at, text: name }
  }
  if (dir === '<-') return typeof msg.event === 'string' ? { at, text: `${msg.event}${telling(msg.data)}` } : undefined
  if (typeof msg.fault === 'string') return { at, text: `the fault ${msg.fault}` }
  return isObject(msg.exit) ? { at, text: 'the process ended' } : undefined
}

const keyOf = (side: string, id: Json | undefined): string => `${side} ${JSON.stringify(id)}`

/** How often the last `length` of a list stood there one behind the other; where they stand is of no matter. */
function repeats(list: readonly Told[], end: number, length: number): number {
  const same = (a: number, b: number) => list[a]?.text === list[b]?.text && list[a]?.at.side === list[b]?.at.side
  let n = 1
  while (
    end - (n + 1) * length >= 0 &&
    Array.from({ length }, (_, i) => i).every(i => same(end - length + i, end - (n + 1) * length + i))
  )
    n += 1
  return n
}

/**
 * The last lines before one that mattered, as lines of a report, the oldest first.
 *
 * @param lines of the transcript, in its order
 * @param before the line that is asked about, by its number
 * @param matters what of it rules speak of
 */
export function whatMattered(
  lines: readonly Line[],
  before: number,
  matters: (name: string, side: string) => boolean,
): string[] {
  const end = lines.findIndex(({ line }) => line === before)
  const past = end < 0 ? lines : lines.slice(0, end)
  const accepted = new Set(
    past.flatMap(({ dir, side, msg }) => (dir === '<-' && 'return' in msg ? [keyOf(side, msg.id)] : [])),
  )
  const told = past.flatMap(line => {
    const name = line.msg.event ?? line.msg.execute ?? line.msg['exec-oob']
    if (typeof name === 'string' && !matters(name, line.side)) return []
    return toldBy(line, accepted) ?? []
  })
  const found: string[] = []
  let at = told.length
  while (at > 0 && found.length < MOST) {
    const end = at
    const blocks = Array.from({ length: LONGEST }, (_, i) => ({ length: i + 1, times: repeats(told, end, i + 1) }))
    const { length, times } = blocks.reduce((a, b) => (b.length * (b.times - 1) > a.length * (a.times - 1) ? b : a))
    const block = told.slice(end - length, end).map(({ at: { line, side }, text }) => `    ${line}  ${side}  ${text}`)
    const note = times > 1 ? [`    ... the same ${times - 1 === 1 ? 'once' : `${times - 1} times`} before`] : []
    found.unshift(...note, ...block)
    at = end - length * times
  }
  return found.length === 0 ? [] : ['  it had come to this by', ...(at > 0 ? ['    ...'] : []), ...found]
}
