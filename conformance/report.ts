/** Results in print: a table and its notes for people, one object for scripts. */
import type { CaseVerdict, Result } from './conform.ts'

/** Verdicts, the best first. */
const ladder = [
  'conforms',
  'known deviation',
  'inconclusive',
  'skipped',
  'error',
  'violates',
] as const satisfies CaseVerdict[]

/** How many results have each verdict. */
export type Summary = { readonly [verdict in CaseVerdict]: number } & { readonly results: number }

/** Counts verdicts. */
export function summarize(results: readonly Result[]): Summary {
  const counts = Object.fromEntries(ladder.map(verdict => [verdict, results.filter(r => r.verdict === verdict).length]))
  return { results: results.length, ...(counts as { [verdict in CaseVerdict]: number }) }
}

/** The one object that `--json` prints. */
export const printJsonReport = (results: readonly Result[]): string =>
  `${JSON.stringify({ results, summary: summarize(results) }, null, 2)}\n`

/** The exit code: 0 when all is as expected, 3 when something could not even be run, else 1. */
export function exitCode(results: readonly Result[]): number {
  if (results.some(({ verdict, expected }) => !expected && verdict !== 'error')) return 1
  return results.some(({ verdict }) => verdict === 'error') ? 3 : 0
}

/** How a target is called at the head of a column. */
export const headOf = (results: readonly Result[], endpoint: string): string => {
  const version = results.find(result => result.endpoint === endpoint && result.version !== '')?.version
  return endpoint.startsWith('reference') || version === undefined ? endpoint : `QEMU ${version}`
}

/** One cell: the worst verdict, and how many of how many have it when there are several. */
function cell(results: readonly Result[]): string {
  const worst = results.reduce<Result | undefined>(
    (a, b) => (a === undefined || ladder.indexOf(b.verdict) > ladder.indexOf(a.verdict) ? b : a),
    undefined,
  )
  if (worst === undefined) return ''
  const same = results.filter(({ verdict }) => verdict === worst.verdict).length
  return results.length === 1 ? worst.verdict : `${worst.verdict} ${same}/${results.length}`
}

const cut = (text: string, width: number): string =>
  text.length <= width ? text.padEnd(width) : `...${text.slice(3 - width)}`

/** Cases down, targets across; as many blocks as it takes to stay within 80 columns. */
function matrix(results: readonly Result[]): string {
  const ids = [...new Set(results.map(result => result.case))]
  const endpoints = [...new Set(results.map(({ endpoint }) => endpoint))]
  const first = Math.min(Math.max(...ids.map(id => id.length)), 34) + 2
  const cells = (endpoint: string) => [
    headOf(results, endpoint),
    ...ids.map(id => cell(results.filter(result => result.case === id && result.endpoint === endpoint))),
  ]
  const blocks: string[] = []
  let names = ['', ...ids]
  let lines = names.map(name => cut(name, first))
  for (const endpoint of endpoints) {
    const column = cells(endpoint)
    const width = Math.min(Math.max(...column.map(text => text.length)), 76 - first)
    if ((lines[0] ?? '').length > first && (lines[0] ?? '').length + width > 80) {
      blocks.push(lines.join('\n'))
      lines = names.map(name => cut(name, first))
    }
    lines = lines.map((line, i) => `${line}${cut(column[i] ?? '', width)}  `)
  }
  names = []
  blocks.push(lines.join('\n'))
  return `${blocks.map(block => block.replaceAll(/ +$/gm, '')).join('\n\n')}\n`
}

/** What an endpoint wrote may hold what a terminal would obey. */
const harmless = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?')

/** What is worth saying of some results: the same words once, with all that they are true of. */
function notes(results: readonly Result[]): string {
  const groups = new Map<string, Result[]>()
  for (const result of results) {
    if (result.verdict === 'conforms') continue
    const key = JSON.stringify([result.endpoint, result.verdict, result.message, result.expected])
    groups.set(key, [...(groups.get(key) ?? []), result])
  }
  return [...groups.values()]
    .map(group => {
      const [one] = group
      if (one === undefined) return ''
      const ids = [...new Set(group.map(result => result.case))]
      const head = `${one.verdict}: ${ids.join(', ')} (${headOf(results, one.endpoint)})`
      const said = one.message === '' ? [] : one.message.split('\n').map(line => `  ${harmless(line)}`)
      const again = one.expected ? [] : [...new Set(group.map(({ rerun }) => `  again: ${rerun}`))]
      return `\n${[head, ...said, ...again].join('\n')}\n`
    })
    .join('')
}

/** How many have each verdict, in a sentence. */
export function printSummary(results: readonly Result[]): string {
  const summary = summarize(results)
  const parts = ladder.flatMap(verdict => (summary[verdict] > 0 ? [`${summary[verdict]} ${verdict}`] : []))
  return `${results.length} run${results.length === 1 ? '' : 's'}: ${parts.join(', ') || 'nothing to report'}\n`
}

/** The whole report for a terminal. */
export const printReport = (results: readonly Result[]): string =>
  results.length === 0 ? printSummary(results) : `${matrix(results)}${notes(results)}\n${printSummary(results)}`
