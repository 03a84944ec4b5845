/** Counts of what was tried. */
export type Tally = { passed: number; failed: number; skipped: number }

/** What vitest's JSON report says of itself; the rest of it is not needed here. */
export type Report = {
  success: boolean
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

/**
 * A vitest report to counts.  A file that could not be loaded has no tests, and
 * an error between tests belongs to none, yet neither may pass unseen.
 */
export function tally(report: Report, exitCode: number): Tally {
  const broken = report.testResults.filter(
    file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'),
  )
  const failed = report.numFailedTests + broken.length
  const unseen = failed === 0 && (exitCode !== 0 || !report.success) ? 1 : 0
  return {
    passed: report.numPassedTests,
    failed: failed + unseen,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

export const sum = (all: Tally[]): Tally => ({
  passed: all.reduce((n, one) => n + one.passed, 0),
  failed: all.reduce((n, one) => n + one.failed, 0),
  skipped: all.reduce((n, one) => n + one.skipped, 0),
})

/** The last line of `npm test`, which other programs read. */
export const line = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
