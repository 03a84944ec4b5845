/** Results for a terminal: a table and its notes, within 80 columns but for the commands to paste. */
import type { Result } from '../conform.ts'
import { cellOf, harmless, headOf, headsOf, labelOf, printSummary } from '../report.ts'

const width = 80

/** More rows than this are one row a section, but for those that need a look. */
const manyRows = 40

const cut = (text: string, length: number): string =>
  text.length <= length ? text.padEnd(length) : `...${text.slice(3 - length)}`

/** A row of the table: a case, or a whole section of which nothing needs a look. */
interface Row {
  readonly name: string
  readonly of: (result: Result) => boolean
}

function rowsOf(results: readonly Result[]): Row[] {
  const ids = [...new Set(results.map(result => result.case))]
  const one = (id: string): Row => ({ name: id, of: result => result.case === id })
  if (ids.length <= manyRows) return ids.map(one)
  const sections = [...new Set(ids.map(id => id.split('/')[0] ?? ''))]
  return sections.flatMap(section => {
    const own = ids.filter(id => id.startsWith(`${section}/`))
    const bad = own.filter(id => results.some(result => result.case === id && !result.expected))
    const rest = own.filter(id => !bad.includes(id))
    const head = `${section}/* (${rest.length})`
    return [...(rest.length > 0 ? [{ name: head, of: (r: Result) => rest.includes(r.case) }] : []), ...bad.map(one)]
  })
}

/** Cases down, targets across; as many blocks as it takes to stay within the width. */
function matrix(results: readonly Result[]): string {
  const rows = rowsOf(results)
  const names = ['', ...rows.map(({ name }) => name)]
  const first = Math.min(Math.max(...names.map(name => name.length)), 34) + 2
  const blocks: string[] = []
  let lines = names.map(name => cut(name, first))
  for (const [endpoint, head] of headsOf(results)) {
    const own = results.filter(result => result.endpoint === endpoint)
    const column = [harmless(head), ...rows.map(row => cellOf(own.filter(row.of)))]
    const most = Math.min(Math.max(...column.map(text => text.length)), width - 4 - first)
    if ((lines[0] ?? '').length > first && (lines[0] ?? '').length + most > width) {
      blocks.push(lines.join('\n'))
      lines = names.map(name => cut(name, first))
    }
    lines = lines.map((line, i) => `${line}${cut(column[i] ?? '', most)}  `)
  }
  blocks.push(lines.join('\n'))
  return `${blocks.map(block => block.replaceAll(/ +$/gm, '')).join('\n\n')}\n`
}

/** Lines within the width, broken between words; what follows is set deeper than the first. */
function fold(line: string): string[] {
  const [indent = ''] = /^ */.exec(line) ?? []
  const lines: string[] = []
  let now = indent
  for (const word of line.slice(indent.length).split(' ')) {
    const bare = now.trim() === ''
    if (!bare && now.length + 1 + word.length > width) {
      lines.push(now)
      now = `${indent}  ${word}`
    } else now += bare ? word : ` ${word}`
  }
  return [...lines, now].map(one => one.trimEnd())
}

/** What is said of it; where it is as expected, whatever the figures are. */
const wordsOf = ({ message, expected }: Result): string =>
  expected ? message.replaceAll(/\d+(\.\d+)?/g, '#') : message

/** The same words but for times and the names of files: of a known deviation, one tells of all. */
const alike = (result: Result): unknown[] => [
  ...[result.endpoint, labelOf(result), result.expected],
  result.verdict === 'known deviation' ? (result.deviation ?? result.claim ?? result.message) : wordsOf(result),
]

/** What is worth saying of some results: the same words once, with all that they are true of. */
function notes(results: readonly Result[]): string {
  const groups = new Map<string, Result[]>()
  for (const result of results) {
    if (result.verdict === 'conforms' && result.expected) continue
    const key = JSON.stringify(alike(result))
    groups.set(key, [...(groups.get(key) ?? []), result])
  }
  return [...groups.values()]
    .map(group => {
      const [one] = group
      if (one === undefined) return ''
      const ids = [...new Set(group.map(result => result.case))]
      const more = ids.length > 12 ? `${ids.slice(0, 12).join(', ')} and ${ids.length - 12} more` : ids.join(', ')
      const head = `${labelOf(one)}: ${more} (${harmless(headOf(results, one.endpoint))})`
      const said = one.message === '' ? [] : one.message.split('\n').map(line => `  ${harmless(line)}`)
      const again = one.expected ? [] : [...new Set(group.map(({ rerun }) => `  again: ${harmless(rerun)}`))]
      return `\n${[...[head, ...said].flatMap(fold), ...again].join('\n')}\n`
    })
    .join('')
}

/** The whole report for a terminal. */
export function printReport(results: readonly Result[]): string {
  const summary = fold(printSummary(results).trimEnd()).join('\n')
  return results.length === 0 ? `${summary}\n` : `${matrix(results)}${notes(results)}\n${summary}\n`
}
