/** Recordings in which one side was read later than the other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readTranscript } from './transcript.ts'
import { validate } from './validate.ts'

const file = join(import.meta.dirname, 'transcripts/recorded/10.0.13/colo-again-primary-1.ndjson')
const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
const judge = (some: readonly string[]) => validate(readTranscript(`${some.join('\n')}\n`, file)).verdict
const line = (side: string, dir: string, msg: object) => JSON.stringify({ t: 9, side, dir, msg })

/** Where the source has announced that its guest runs in COLO, which it does after the destination's did. */
const resumed = lines.findIndex(text => text.includes('"src"') && text.includes('"RESUME"')) + 1

describe('what was said before it was read', { timeout: 60_000 }, () => {
  test('may be missing where a recording ends', () => {
    for (const n of [resumed, resumed + 1, resumed + 2])
      expect(judge(lines.slice(0, n)), `${n} lines`).not.toBe('violates')
  })

  test('is not missing of whoever was seen to end, or to be quiet', () => {
    const cut = lines.slice(0, resumed)
    expect(judge([...cut, line('dst', '!!', { exit: { code: 0, signal: null, by: 'self' } })])).toBe('violates')
    expect(judge([...cut, line('dst', '!!', { quiet: 1 })])).toBe('violates')
  })

  test('may come behind a command to the other side, and not behind one to its own', () => {
    const asked = line('src', '->', { execute: 'query-yank', id: 'then' })
    const status = line('src', '->', { execute: 'query-status', id: 'then' })
    const rest = lines.slice(resumed)
    const answer = line('src', '<-', { return: { status: 'running', running: true }, id: 'then' })
    expect(judge([...lines.slice(0, resumed), asked, ...rest])).not.toBe('violates')
    expect(judge([...lines.slice(0, resumed), status, answer, ...rest])).not.toBe('violates')
    const own = line('dst', '->', { execute: 'query-status', id: 'own' })
    expect(judge([...lines.slice(0, resumed), own, ...rest])).toBe('violates')
  })

  test('is missing where nothing else of it is', () => {
    // All that the destination said once it was in COLO.
    const dropped = lines.filter((text, i) => i < resumed || !(text.includes('"dst"') && text.includes('"event"')))
    expect(judge(dropped)).toBe('violates')
  })
})
