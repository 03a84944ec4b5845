/** The reference endpoint against whoever wishes it ill; `bench/fuzz-server.ts` does more of it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { knowledge } from '../conformance/knowledge.ts'
import { pair } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { flatten } from './flatten.ts'
import { hostile, Victim } from './hostile.ts'

const flats = versions.map(version => flatten(pair, version))
const known = new Map(flats.map(flat => [flat, knowledge(flat, {}, () => false)]))
const commands = flats.flatMap(flat =>
  flat.rows.flatMap(({ cause }) => (cause?.kind === 'command' ? [cause.name] : [])),
)
const words = [
  ...new Set([
    ...commands,
    'qmp_capabilities',
    'query-commands',
    'capabilities',
    'capability',
    'state',
    'uri',
    'channels',
  ]),
]

test('answers what it can, and stays as it was', { timeout: 120_000 }, () => {
  let answers = 0
  const bites = fc.array(fc.tuple(hostile(words), fc.boolean()), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(fc.constantFrom(...flats), fc.nat(), bites, (flat, seed, all) => {
      const victim = new Victim(flat, { ...known.get(flat), seed })
      for (const [bytes, fresh] of all) victim.feed(bytes, fresh)
      answers += victim.answers
    }),
    { numRuns: 200 },
  )
  // It was not silence that was tested.
  expect(answers).toBeGreaterThan(1000)
})

test('that it would be noticed', () => {
  const [flat] = flats
  if (flat === undefined) throw new Error('there is no release')
  const feed = (known: NonNullable<ConstructorParameters<typeof Victim>[1]>['known']) => () =>
    new Victim(flat, { knows: ['query-x'], ...(known && { known }) }).feed(Buffer.from('{"execute": "query-x"}'), true)
  expect(feed(() => ({ return: {} }))).not.toThrow()
  expect(feed(() => ({ return: 'x'.repeat(2_000_000) }))).toThrow('too long')
  expect(feed(() => ({ nothing: 1 }) as never)).toThrow('of no kind')
  expect(feed(() => ({ error: {} }) as never)).toThrow('of no shape')
  expect(
    feed(() => {
      throw new RangeError('a crash')
    }),
  ).toThrow('a crash')
  expect(
    feed(() => {
      Object.defineProperty(Object.prototype, 'polluted', { value: 1, configurable: true })
      return { return: {} }
    }),
  ).toThrow('a prototype has been changed')
  Reflect.deleteProperty(Object.prototype, 'polluted')
})
