/** What every kind of report says of results: verdicts, their order, their sum, the exit code. */
import type { CaseVerdict, Result } from './conform.ts'

/** Verdicts, the best first. */
export const ladder = [
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

/** A verdict as a reader is to see it: one that conforms where it was known not to is news. */
export const labelOf = ({ verdict, expected }: Result): string =>
  verdict === 'conforms' && !expected ? 'unexpected pass' : verdict

/** The one that matters most: what was not expected first, then by the ladder. */
export const worstOf = (results: readonly Result[]): Result | undefined =>
  results.reduce<Result | undefined>((a, b) => (a === undefined || weight(b) > weight(a) ? b : a), undefined)

const weight = ({ verdict, expected }: Result) => ladder.indexOf(verdict) + (expected ? 0 : ladder.length)

/** The label of the worst, and how many of how many have it when there are several. */
export function cellOf(results: readonly Result[]): string {
  const worst = worstOf(results)
  if (worst === undefined) return ''
  const label = labelOf(worst)
  const same = results.filter(result => labelOf(result) === label).length
  return results.length === 1 ? label : `${label} ${same}/${results.length}`
}

/** The exit code: 0 when all is as expected, 3 when something could not even be run, else 1. */
export function exitCode(results: readonly Result[]): number {
  if (results.some(({ verdict, expected }) => !expected && verdict !== 'error')) return 1
  return results.some(({ verdict, expected }) => verdict === 'error' && !expected) ? 3 : 0
}

/** How a target is called at the head of a column. */
export const headOf = (results: readonly Result[], endpoint: string): string => {
  const version = results.find(result => result.endpoint === endpoint && result.version !== '')?.version
  return endpoint.startsWith('reference') || version === undefined ? endpoint : `QEMU ${version}`
}

/** The same, with the endpoint where several greet alike. */
export function headsOf(results: readonly Result[]): ReadonlyMap<string, string> {
  const endpoints = [...new Set(results.map(({ endpoint }) => endpoint))]
  const heads = endpoints.map(endpoint => headOf(results, endpoint))
  return new Map(
    endpoints.map((endpoint, i) => {
      const head = heads[i] ?? endpoint
      return [endpoint, heads.filter(one => one === head).length > 1 ? `${head} ${endpoint}` : head]
    }),
  )
}

/** How many have each verdict, in a sentence. */
export function printSummary(results: readonly Result[]): string {
  const labels = [
    ...new Set(ladder.flatMap(verdict => [verdict, ...(verdict === 'conforms' ? ['unexpected pass'] : [])])),
  ]
  const parts = labels.flatMap(label => {
    const count = results.filter(result => labelOf(result) === label).length
    return count > 0 ? [`${count} ${label}`] : []
  })
  return `${results.length} run${results.length === 1 ? '' : 's'}: ${parts.join(', ') || 'nothing to report'}\n`
}

/** What an endpoint wrote may hold what a terminal would obey. */
export const harmless = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?')
