import { describe, expect, test } from 'vitest'
import { line, type Report, tally } from './tally.ts'

const report = (part: Partial<Report>): Report => ({
  success: true,
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ status: 'passed', assertionResults: [{ status: 'passed' }] }],
  ...part,
})

describe('the tally of npm test', () => {
  test('counts what passed', () => {
    expect(line(tally(report({}), 0))).toBe('3 passed, 0 failed')
  })

  test('counts what failed and what was skipped', () => {
    const testResults = [{ status: 'failed', assertionResults: [{ status: 'failed' }] }]
    const mixed = report({ success: false, numFailedTests: 1, numPendingTests: 1, numTodoTests: 1, testResults })
    expect(line(tally(mixed, 1))).toBe('3 passed, 1 failed, 2 skipped')
  })

  test('counts a file that could not be loaded as a failure', () => {
    const testResults = [{ status: 'failed', assertionResults: [] }]
    expect(line(tally(report({ success: false, testResults }), 1))).toBe('3 passed, 1 failed')
  })

  test('counts an error that belongs to no test as a failure', () => {
    expect(line(tally(report({}), 1))).toBe('3 passed, 1 failed')
  })
})
