/** Results as a JUnit file, for continuous integration. */
import builder, { type Builder } from 'junit-report-builder'
import type { Result } from '../conform.ts'
import { headsOf, labelOf } from '../report.ts'

// XML 1.0 knows no way to write these.
const printable = (text: string): string => text.replaceAll(/[^\t\n\r -\ud7ff\ue000-\u{10ffff}]/gu, '?')

/** A JUnit file: a suite for each target. */
export function printJunit(results: readonly Result[]): string {
  // Its types promise a default export inside the default export; there is one only.
  const junit = (builder as unknown as Builder).newBuilder()
  for (const [endpoint, head] of headsOf(results)) {
    const suite = junit.testSuite().name(printable(`lockstep ${head}`))
    suite.property('endpoint', printable(endpoint))
    for (const result of results.filter(one => one.endpoint === endpoint)) {
      const test = suite
        .testCase()
        .className(printable(`lockstep.${head.replaceAll('.', '_')}`))
        .name(printable(`${result.case} seed ${result.seed}`))
        .time(result.seconds)
      const message = printable(result.message)
      if (result.verdict === 'error' && !result.expected) test.error(message.split('\n')[0], 'error', message)
      else if (!result.expected) test.failure(`${labelOf(result)}\n${message}\nagain: ${result.rerun}`, labelOf(result))
      else if (result.verdict !== 'conforms' && result.verdict !== 'known deviation') test.skipped()
      if (message !== '') test.standardOutput(message)
      if (result.file !== undefined) test.file(result.file)
    }
  }
  return junit.build()
}
