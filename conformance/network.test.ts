/** Acts that disturb the network: on the reference endpoint, and where they cannot be done. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Act, type Case, cut, freeze, link, stray } from '../spec/script.ts'
import { versions } from '../spec/versions.ts'
import { embedded } from './embedded.ts'
import type { JsonObject } from './json.ts'
import { networkFor } from './network.ts'
import { run } from './run.ts'
import { addressed } from './stage.ts'
import { tempDir } from './temp.ts'
import { validate } from './validate.ts'

const listen: Act = {
  do: 'send',
  at: 'dst',
  command: 'migrate-incoming',
  arguments: { uri: '{uri}' },
  oob: false,
  refused: false,
}
const caseOf = (script: readonly Act[], more: Partial<Case> = {}): Case => ({
  id: 'test/network/1',
  description: 'Does it.',
  expectation: 'It is done.',
  sides: ['src', 'dst'],
  capabilities: ['events'],
  script,
  ...more,
})

describe('on the reference', () => {
  const target = embedded(versions.at(-1) ?? '')

  test('what the rules know is done', async () => {
    const done = await run(caseOf([listen, stray('dst', 'garbage')]), target)
    expect(done.short).toBeUndefined()
    const told = done.transcript.lines.filter(({ side }) => side === 'dst').map(({ msg }) => msg)
    expect(told).toContainEqual({ fault: 'stray garbage' })
    expect(told).toContainEqual(expect.objectContaining({ event: 'MIGRATION', data: { status: 'failed' } }))
    // The stranger ends a destination that listens, as a claim says that every release lets it.
    const { verdict, claim } = validate(done.transcript)
    expect([verdict, claim]).toEqual(['known deviation', 'a stranger ends a destination that nobody has migrated to'])
    expect(target.unfit?.(caseOf([cut]))).toBeUndefined()
  })

  test.each([
    [link('stall'), 'it has the fault "stall", and the rules know none by that name'],
    [freeze('src'), 'it has the fault "freeze", and the rules know none by that name'],
    [stray('dst', 'leaves'), 'it has the fault "stray", and the rules know none by that name'],
  ])('what they do not is said: %o', (act, reason) => {
    expect(target.unfit?.(caseOf([act]))).toBe(reason)
  })

  test('there is no guest that runs anything', () => {
    expect(target.unfit?.(caseOf([], { guest: 'busy' }))).toBe(
      'it needs a guest that runs our program, and a reference endpoint has none',
    )
  })
})

test('an endpoint that is not ours is not frozen, and a network that is not ours not disturbed', () => {
  const unfit = (script: readonly Act[], uri?: string, more: Partial<Case> = {}) =>
    addressed('unix:/a', 'unix:/b', uri).unfit?.(caseOf(script, more))
  expect(unfit([freeze('dst')])).toBe('it freezes a process, and this one is not ours to freeze')
  expect(unfit([cut], 'tcp:192.0.2.7:4444')).toBe(
    'it disturbs the network, and tcp:192.0.2.7:4444 is not of this machine',
  )
  expect(unfit([], undefined, { guest: 'busy' })).toBe('it needs a guest that runs our program')
  expect(unfit([cut], 'tcp:127.0.0.1:4444')).toBeUndefined()
  expect(unfit([cut])).toBeUndefined()
})

test('without such an act there is nothing in between', async () => {
  expect(await networkFor([listen], { dir: tempDir(), uri: 'unix:/a', tap: () => () => {} })).toBeUndefined()
})

describe.each(['unix', 'tcp'])('over %s', kind => {
  test('a source is led through the proxy once somebody listens behind it', async () => {
    const server = createServer().listen(kind === 'unix' ? join(tempDir(), 'listens') : { port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    const at = server.address()
    const uri = typeof at === 'object' ? `tcp:127.0.0.1:${at?.port}` : `unix:${at}`
    const lines: JsonObject[] = []
    const tap = () => (_: string, msg: JsonObject) => void lines.push(msg)
    const network = await networkFor([cut], { dir: tempDir(), uri, tap })
    try {
      expect(network?.via()).not.toBe(uri)
      expect(network?.via()).toMatch(kind === 'unix' ? /^unix:.*link$/ : /^tcp:127\.0\.0\.1:\d+$/)
      await network?.act(stray('dst') as never)
      await network?.act(stray('dst', 'leaves') as never)
      await network?.act(link('stall') as never)
      expect(network?.late()).toBe(true)
      network?.heal()
      expect(network?.late()).toBe(false)
      for (const act of [link('refuse'), link('accept'), cut]) await network?.act(act as never)
      expect(lines).toEqual([
        { fault: 'stray' },
        { stranger: 'leaves' },
        ...['stall', 'resume', 'refuse', 'accept', 'cut'].map(fault => ({ fault })),
      ])
    } finally {
      server.close()
      await once(server, 'close')
    }
    expect(network?.via()).toBe(uri)
    network?.close()
  })
})
