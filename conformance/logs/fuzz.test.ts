/** Whatever a log holds: messages, or an error that names its line. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TranscriptError } from '../transcript.ts'
import { formats } from './formats.ts'
import { LogFeed, logOf } from './read.ts'

const traps = [
  '{"__proto__": {"polluted": 1}}',
  '"constructor"',
  '\\u005f_proto__',
  '...',
  '\r',
  '^M',
  '\ufeff',
  '\u0000',
  '{'.repeat(2000),
]

/** A sample of a format, with something cut, doubled, swapped, or put in. */
const damaged = fc
  .tuple(
    fc.constantFrom(...formats),
    fc.array(
      fc.tuple(
        fc.nat(600),
        fc.nat(40),
        fc.oneof(fc.constantFrom(...traps), fc.string({ unit: 'binary', maxLength: 8 })),
      ),
      {
        maxLength: 4,
      },
    ),
    fc.integer({ min: 1, max: 64 }),
  )
  .map(([format, edits, chunk]) => {
    let text = format.sample.repeat(3)
    for (const [at, length, put] of edits) text = text.slice(0, at) + put + text.slice(at + length)
    return { format, bytes: Buffer.from(text), chunk }
  })

test('no log harms its reader', () => {
  const count = { read: 0, refused: 0 }
  fc.assert(
    fc.property(damaged, fc.boolean(), ({ format, bytes, chunk }, told) => {
      const feed = new LogFeed('log', told ? format : undefined)
      const items = []
      try {
        for (let at = 0; at < bytes.length; at += chunk) items.push(...feed.push(bytes.subarray(at, at + chunk)))
        items.push(...feed.end())
        const { transcripts } = logOf('log', feed, items)
        expect(transcripts.length).toBeGreaterThan(0)
        for (const { lines } of transcripts) for (const { line } of lines) expect(line).toBeGreaterThan(0)
        count.read += 1
      } catch (error) {
        if (!(error instanceof TranscriptError)) throw error
        expect(error.message).toMatch(/^log:\d+: /)
        count.refused += 1
      }
      expect(({} as { polluted?: number }).polluted).toBeUndefined()
    }),
    { numRuns: 3000 },
  )
  expect(Math.min(count.read, count.refused)).toBeGreaterThan(100)
})
