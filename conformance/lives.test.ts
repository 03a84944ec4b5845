/** Two lives of a pair in one transcript: real ones, and what becomes of them when they are tampered with. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { again, type Case } from '../spec/script.ts'
import { judge } from './conform.ts'
import { embedded } from './embedded.ts'
import type { JsonObject } from './json.ts'
import { livesOf } from './lives.ts'
import { printText } from './print.ts'
import { run } from './run.ts'
import { type Line, readTranscript, type Transcript, TranscriptError } from './transcript.ts'
import { validate } from './validate.ts'

const folder = join(import.meta.dirname, 'transcripts/lives')
const files = readdirSync(folder)
const recorded = (file: string): Transcript => readTranscript(readFileSync(join(folder, file), 'utf8'), file)
const resumed = recorded('resume-secondary-3.11.1.3.ndjson')
const cut = resumed.lines.findIndex(({ msg }) => 'life' in msg)

/** The transcript with its line at `at` made another, or left out. */
const tampered = (at: number, msg?: JsonObject): Transcript => ({
  ...resumed,
  lines: resumed.lines.flatMap((line, i): Line[] => (i !== at ? [line] : msg === undefined ? [] : [{ ...line, msg }])),
})
/** Where in the second life a message is, the how manieth of its kind. */
const at = (side: string, fits: (msg: JsonObject) => boolean, nth = 0): number => {
  const found = resumed.lines.flatMap((line, i) => (i > cut && line.side === side && fits(line.msg) ? [i] : []))
  expect(found.length).toBeGreaterThan(nth)
  return found[nth] ?? -1
}
const says = (event: string, status?: string) => (msg: JsonObject) =>
  msg.event === event && (status === undefined || (msg.data as JsonObject).status === status)

describe('two lives', () => {
  test.each(files)('%s: each is as the rules have it', file => {
    const read = recorded(file)
    const [first, second] = livesOf(read)
    expect(first.transcript.lines.length + (second?.transcript.lines.length ?? 0)).toBe(read.lines.length - 1)
    expect(second?.source).toBe(file.startsWith('resume-primary') ? 'src' : 'dst')
    expect(validate(read).verdict).toBe('known deviation')
    // The second life says more than any first one could: who survived remembers its failover.
    expect(validate({ ...read, lines: second?.transcript.lines ?? [] }).verdict).toBe('violates')
  })

  test.each([
    ['an event that is missing', () => tampered(at('src', says('RESUME')))],
    ['an event of the new process that is missing', () => tampered(at('dst', says('MIGRATION', 'colo')))],
    [
      'another status',
      () => tampered(at('src', says('MIGRATION', 'device')), { event: 'MIGRATION', data: { status: 'failed' } }),
    ],
    [
      'a failover that is forgotten',
      () => {
        const here = at('src', ({ return: answer }) => (answer as JsonObject)?.['last-mode'] === 'secondary')
        const { msg } = resumed.lines[here] as Line
        return tampered(here, { ...msg, return: { ...(msg.return as JsonObject), 'last-mode': 'none' } })
      },
    ],
    ['one that is the source though it has ended', () => tampered(cut, { life: 2, source: 'src' })],
    ['a life that nobody says has begun', () => tampered(cut)],
  ])('%s is noticed', (_, make) => {
    expect(validate(make()).verdict).toBe('violates')
  })

  test('a lie in the first is told of, and its second life is not looked at', () => {
    const early = resumed.lines.findIndex(({ side, msg }) => side === 'dst' && says('MIGRATION', 'completed')(msg))
    expect(early).toBeLessThan(cut)
    const judged = validate(tampered(early))
    expect(judged.verdict).toBe('violates')
    expect(judged.line).toBeLessThan(cut + 2)
  })
})

test('a new life is one to be read, and is told in words', () => {
  const text = (msg: object) =>
    `{"lockstep": 1}\n${JSON.stringify({ t: 0, side: 'dst', dir: '!!', msg: { life: 2, source: 'dst', ...msg } })}`
  expect(printText(readTranscript(text({}), 'a'))).toContain('the source is who was the destination')
  expect(() => readTranscript(text({ life: 1 }), 'a')).toThrow(TranscriptError)
  expect(() => readTranscript(text({ source: 'nobody' }), 'a')).toThrow(/^a:2: msg.source/)
})

test('where nobody can be started anew, the script ends there', async () => {
  const of: Case = {
    id: 'made/up/1',
    description: '',
    expectation: '',
    sides: ['src', 'dst'],
    capabilities: ['events'],
    script: [{ do: 'kill', at: 'dst' }, again('src')],
  }
  const done = await run(of, embedded('11.1'))
  expect(done.short).toBe('nobody can be started anew here')
  expect(judge(done, validate).verdict).toBe('inconclusive')
})
