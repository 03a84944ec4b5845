/** Whatever a log holds: messages, or an error that names its line. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { longestLine } from '../json.ts'
import { formats } from './formats.ts'
import { hostileLog } from './hostile.ts'
import { LogFeed } from './read.ts'
import { readHostile } from './victim.ts'

test('no log harms its reader', { timeout: 120_000 }, () => {
  const count = { read: 0, refused: 0 }
  fc.assert(
    fc.property(hostileLog, hostile => {
      count[readHostile(hostile)] += 1
    }),
    { numRuns: 4000 },
  )
  expect(Math.min(count.read, count.refused)).toBeGreaterThan(100)
})

test('what harms a reader is found out', () => {
  const [format] = formats
  if (format === undefined) throw new Error('there is no format')
  const reading = (push: () => never) => ({ ...format, reader: () => ({ push, end: () => [] }) })
  const log = (push: () => never) => ({ format: reading(push), bytes: Buffer.from('{}\n'), chunk: 8 })
  const crash = log(() => {
    throw new TypeError('no such member')
  })
  expect(() => readHostile(crash)).toThrow(TypeError)
  const pollute = log(() => {
    Object.defineProperty(Object.prototype, 'polluted', { value: 1, configurable: true })
    return [] as never
  })
  try {
    expect(() => readHostile(pollute)).toThrow('changed what every object has')
  } finally {
    Reflect.deleteProperty(Object.prototype, 'polluted')
  }
})

test.each(formats.map(format => [format.name, format] as const))(
  '%s: a line without an end takes no more room than the longest that is read',
  { timeout: 60_000 },
  (_, format) => {
    const feed = new LogFeed('log', format)
    const before = process.memoryUsage()
    const chunk = Buffer.alloc(1 << 20, 0x7b)
    let failed = ''
    try {
      for (let size = 0; size < longestLine * 3; size += chunk.length) feed.push(chunk)
      feed.push(Buffer.from('\n'))
      feed.end()
    } catch (error) {
      failed = (error as Error).message
    }
    expect(failed).toMatch(/^(log:\d+: .*|)$/)
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(longestLine * 2)
  },
)
