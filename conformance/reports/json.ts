/** Results as the one object that `--json` prints and `--report json` writes. */
import type { Result } from '../conform.ts'
import { summarize } from '../report.ts'

/** `{ "results": [...], "summary": {...} }`: the summary counts verdicts. */
export const printJsonReport = (results: readonly Result[]): string =>
  `${JSON.stringify({ results, summary: summarize(results) }, null, 2)}\n`
