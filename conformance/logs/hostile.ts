/** Logs as nobody should write them, for the fuzzers of the readers. */
import fc from 'fast-check'
import type { Format } from './format.ts'
import { formats } from './formats.ts'

/** A log to be read in pieces of so many bytes, as one of this form or as what it is taken for. */
export interface Hostile {
  readonly format: Format | undefined
  readonly bytes: Buffer
  readonly chunk: number
}

const traps: readonly (string | Buffer)[] = [
  '{"__proto__": {"polluted": 1}}',
  '{"constructor": {"prototype": {"polluted": 1}}}',
  '"constructor"',
  '\\u005f_proto__',
  '__proto__',
  '...',
  '\r',
  '\r\n',
  '^M',
  '\ufeff',
  '\u0000',
  '\u2028',
  '}',
  '"',
  '\\',
  '{'.repeat(2000),
  '['.repeat(2000),
  '{"a":'.repeat(1200),
  '-1e999',
  '1'.repeat(400),
  '"id": {"id": 1}',
  Buffer.from([0xff, 0xfe, 0x7b, 0x00]),
  Buffer.from([0xc3]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xf4, 0x90, 0x80, 0x80]),
  Buffer.from([0x1f, 0x8b, 0x08, 0x00]),
]

const put = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...traps) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }).map(bytes => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
)

/** Of a text a piece that is cut out, and what is put there; or the same piece once more; or another line there. */
interface Change {
  readonly at: number
  readonly length: number
  readonly what: string | Buffer
  readonly how: 'put' | 'double' | 'move'
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(900),
  length: fc.nat(60),
  what: put,
  how: fc.constantFrom('put', 'put', 'put', 'double', 'move'),
})

function changed(text: Buffer, { at, length, what, how }: Change): Buffer {
  const from = Math.min(at, text.length)
  const piece = text.subarray(from, from + length)
  const rest = [text.subarray(0, from), text.subarray(from + length)] as const
  if (how === 'double') return Buffer.concat([rest[0], piece, piece, rest[1]])
  if (how === 'move') return Buffer.concat([rest[0], rest[1], piece])
  return Buffer.concat([rest[0], Buffer.from(what), rest[1]])
}

const of = fc.constantFrom(...formats)

/** A sample of a form, with something cut, doubled, moved, or put in. */
const damaged = fc
  .record({ format: of, second: of, both: fc.nat(9), changes: fc.array(change, { maxLength: 4 }) })
  .map(({ format, second, both, changes }) => ({
    format,
    // Now and then a log of one form goes on as one of another.
    bytes: changes.reduce(changed, Buffer.from(format.sample.repeat(3) + (both === 0 ? second.sample : ''))),
  }))

/** Anything at all. */
const anything = fc.record({ format: of, bytes: fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)) })

/** A log that means no good. */
export const hostileLog: fc.Arbitrary<Hostile> = fc
  .record({
    one: fc.oneof({ weight: 9, arbitrary: damaged }, { weight: 1, arbitrary: anything }),
    told: fc.boolean(),
    chunk: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.constant(1 << 16)),
  })
  .map(({ one: { format, bytes }, told, chunk }) => ({ format: told ? format : undefined, bytes, chunk }))
