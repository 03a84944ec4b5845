/** Trace logs of real QEMUs, judged beside what their monitors said. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readTranscript } from './transcript.ts'
import { validate } from './validate.ts'

const file = join(import.meta.dirname, 'transcripts/traced/multifd-cut-1.11.1.3.ndjson')
const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
const judge = (some: readonly string[]) => validate(readTranscript(`${some.join('\n')}\n`, file))
const failing = lines.flatMap((line, i) => (line.includes('"new state failing"') ? [i] : []))

describe('the trace log of a multifd migration that is cut', { timeout: 60_000 }, () => {
  test('says failing as often as it is stored', () => {
    // A channel stores it, and the migration's thread once more.
    expect(failing).toHaveLength(2)
    expect(judge(lines).verdict).toBe('conforms')
  })

  test('is not believed with one of them missing, or one too many', () => {
    const [first = -1, second = -1] = failing
    expect(judge(lines.filter((_, i) => i !== second)).verdict).toBe('violates')
    expect(judge(lines.toSpliced(second, 0, lines[first] ?? '')).verdict).toBe('violates')
  })
})
