/** Results as a JUnit file, for continuous integration. */
import builder, { type Builder } from 'junit-report-builder'
import type { Result } from './conform.ts'
import { headOf } from './report.ts'

// XML 1.0 knows no way to write these.
const printable = (text: string): string => text.replaceAll(/[^\t\n\r -\ud7ff\ue000-\u{10ffff}]/gu, '?')

/** A JUnit file: a suite for each target. */
export function printJunit(results: readonly Result[]): string {
  // Its types promise a default export inside the default export; there is one only.
  const junit = (builder as unknown as Builder).newBuilder()
  for (const endpoint of new Set(results.map(result => result.endpoint))) {
    const suite = junit.testSuite().name(printable(`lockstep ${headOf(results, endpoint)}`))
    suite.property('endpoint', printable(endpoint))
    for (const result of results.filter(one => one.endpoint === endpoint)) {
      const test = suite
        .testCase()
        .className(printable(`lockstep.${headOf(results, endpoint).replaceAll('.', '_')}`))
        .name(`${result.case} seed ${result.seed}`)
        .time(result.seconds)
      const message = printable(result.message)
      if (result.verdict === 'error') test.error(message.split('\n')[0], 'error', message)
      else if (!result.expected) test.failure(`${result.verdict}\n${message}\nagain: ${result.rerun}`, result.verdict)
      else if (result.verdict === 'skipped' || result.verdict === 'inconclusive') test.skipped()
      if (message !== '') test.standardOutput(message)
      if (result.file !== undefined) test.file(result.file)
    }
  }
  return junit.build()
}
