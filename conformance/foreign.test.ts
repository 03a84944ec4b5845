/** Endpoints that somebody else started: asked, looked at, kept.  The reference stands in for them. */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Endpoint } from '../impl/server.ts'
import { cases } from '../spec/cases.ts'
import { conform } from './conform.ts'
import { servePair } from './embedded.ts'
import { foreign, probeAll } from './foreign.ts'
import { lacks, printFacts } from './probe.ts'
import { addressed } from './stage.ts'
import { tempDir } from './temp.ts'
import { validate } from './validate.ts'

const named = (id: string) => {
  const found = cases.find(one => one.id === id)
  if (found === undefined) throw new Error(`there is no case ${id}`)
  return found
}
const dead = named('precopy/dead-address/1')
const options = { cases: [dead], seed: 1, repeat: 1, timeoutScale: 1 }

let endpoint: Endpoint
let src = ''
let number = 0
beforeEach(async () => {
  src = `unix:${join(tempDir(), `foreign-${++number}`)}`
  endpoint = await servePair({ version: '11.1', listen: { src }, seed: 1 })
})
afterEach(() => endpoint.close())

describe('an endpoint that runs', () => {
  test('says what it can do, and then a case runs on it, for real', async () => {
    const facts = await probeAll({ src }, 1)
    expect(facts.src && printFacts(facts.src)).toMatch(/^QEMU 11\.1\.0 \(lockstep reference\), \d+ commands, /)
    const [result] = await conform({ ...options, targets: [foreign(addressed(src, undefined), facts)] }, validate)
    expect(result).toMatchObject({ verdict: 'conforms', expected: true, version: '11.1.0' })
  })

  test('that is kept serves one case after another, in one transcript', async () => {
    const facts = await probeAll({ src }, 1)
    const target = foreign(addressed(src, undefined), facts, true)
    const results = await conform({ ...options, repeat: 3, targets: [target] }, validate)
    await target.close?.()
    expect(results.map(({ verdict }) => verdict)).toEqual(['conforms', 'conforms', 'conforms'])
    expect(results[0]?.rerun).toContain('--keep')
    // It was not ended, and is not fresh any more.
    const [again] = await conform({ ...options, targets: [foreign(addressed(src, undefined), facts)] }, validate)
    expect(again).toMatchObject({
      verdict: 'error',
      message: expect.stringMatching(/is not fresh: its migration is failed$/),
    })
  })

  test('that is another than it was is no endpoint to test', async () => {
    const facts = await probeAll({ src }, 1)
    const before = { src: { version: '10.0.13', package: '' } }
    expect(facts.src?.version).toBe('11.1.0')
    const [result] = await conform({ ...options, targets: [foreign(addressed(src, undefined), before)] }, validate)
    expect(result).toMatchObject({
      verdict: 'error',
      message: expect.stringMatching(/was QEMU 10\.0\.13, and is 11\.1\.0 now$/),
    })
  })
})

describe('a case', () => {
  const knows = { version: '11.1.3', package: '', commands: new Set(['migrate']), capabilities: new Set(['events']) }

  test('that needs what an endpoint does not have is skipped, with the reason', () => {
    expect(lacks(dead, { src: knows })).toBe(undefined)
    expect(lacks(dead, { src: { ...knows, commands: new Set(['quit']) } })).toBe(
      'it needs the command migrate, which the source does not have',
    )
    expect(lacks(dead, { src: { ...knows, capabilities: new Set(['xbzrle']) } })).toBe(
      'it needs the capability events, which the source does not have',
    )
  })

  test('is tried where the endpoint would not tell', () => {
    expect(lacks(dead, { src: { version: '11.1.3', package: '' } })).toBe(undefined)
  })
})
