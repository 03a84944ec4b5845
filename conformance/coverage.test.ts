/** Rules that transcripts show. */
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { beyond } from '../spec/beyond.ts'
import { versions } from '../spec/versions.ts'
import { addSeen } from './coverage.ts'
import { judges } from './judges.ts'
import { isNovel } from './novel.ts'
import { printSeen, readSeen } from './seen.ts'
import { tempDir } from './temp.ts'
import { readTranscript } from './transcript.ts'
import { likePattern } from './verbs/common.ts'
import { coverageOf, printCoverage } from './verbs/coverage.ts'
import { rulesOf } from './verbs/ids.ts'

const kept = join(import.meta.dirname, 'transcripts/recorded/abort-after-completed-1.ndjson')
const folder = mkdtempSync(join(tempDir(), 'seen-'))
const { needed, close } = judges(1)
afterAll(close)

const order = (a: string, b: string) => Number(a) - Number(b)

describe('rules that are seen', () => {
  test('are those that a transcript cannot do without, and only what was not known', { timeout: 120_000 }, async () => {
    const seen = new Map<string, string[]>()
    const [found] = await addSeen(seen, [kept], { needed }, { every: true })
    expect(found?.rules).toContain('abort on a migration begun before the last one is cleaned up')
    expect([...seen.values()].every(list => list.join() === '11.1')).toBe(true)
    const [again] = await addSeen(seen, [kept], { needed }, { every: true })
    expect(again?.rules).toEqual([])
    // Of another release nothing is known by that.
    const other = new Map([...seen].map(([rule]): [string, string[]] => [rule, ['7.2']]))
    const [fresh] = await addSeen(other, [kept], { needed }, { every: true })
    expect(fresh?.rules).toEqual(found?.rules)
    expect(other.get('abort on a migration begun before the last one is cleaned up')).toEqual(['7.2', '11.1'])
  })

  test('are not those of whom nobody knows what it is, nor of a transcript that breaks the rules', {
    timeout: 120_000,
  }, async () => {
    const [head = '', ...lines] = readFileSync(kept, 'utf8').split('\n')
    const foreign = join(folder, 'foreign.ndjson')
    const { args: _, ...header } = JSON.parse(head)
    writeFileSync(foreign, [JSON.stringify(header), ...lines].join('\n'))
    const seen = new Map<string, string[]>()
    expect(await addSeen(seen, [foreign], { needed })).toEqual([])
    const broken = join(folder, 'broken.ndjson')
    copyFileSync(kept, broken)
    writeFileSync(broken, [head, ...lines.filter(line => !line.includes('"STOP"'))].join('\n'))
    await addSeen(seen, [broken], { needed }, { every: true })
    expect(seen.size).toBe(0)
  })

  test('are told apart by what a refusal says, where rules say so, too', async () => {
    const asks = (capabilities: readonly object[], answer: object) => [
      { t: 1, side: 'src', dir: '->', msg: { execute: 'migrate-set-capabilities', arguments: { capabilities } } },
      { t: 2, side: 'src', dir: '<-', msg: answer },
    ]
    const told = async (desc: string) => {
      const file = join(folder, 'refusal.ndjson')
      const list = ['postcopy-ram', 'x-ignore-shared'].map(capability => ({ capability, state: true }))
      const lines = [
        { lockstep: 1, qemu: { src: '11.1.3' }, faults: 'listed' },
        // With another capability on before, another rule may refuse it.
        ...asks([{ capability: 'xbzrle', state: true }], { return: {} }),
        ...asks(list, { error: { class: 'GenericError', desc } }),
      ]
      writeFileSync(file, lines.map(line => JSON.stringify(line)).join('\n'))
      const [found] = await addSeen(new Map(), [file], { needed }, { every: true })
      return found?.rules.filter(rule => rule.startsWith('refuse')) ?? []
    }
    expect(await told('Postcopy is not compatible with ignore-shared')).toEqual([
      'refuse postcopy with x-ignore-shared',
    ])
    // A release may say it in other words: then it is one of several.
    expect(await told('No')).toEqual([])
  })

  test('are looked for only where something is new', () => {
    const transcript = readTranscript(readFileSync(kept, 'utf8'), kept)
    const among = new Set<string>()
    expect([isNovel(transcript, among), isNovel(transcript, among)]).toEqual([true, false])
    const { lines } = transcript
    const other = lines.findIndex(({ msg }) => msg.event === 'STOP')
    expect(isNovel({ ...transcript, lines: lines.filter((_, i) => i !== other) }, among)).toBe(true)
    // Other moments and other figures are nothing new.
    expect(isNovel({ ...transcript, lines: lines.map(line => ({ ...line, t: line.t + 1 })) }, among)).toBe(false)
  })

  test('are printed as they are read', () => {
    const text = printSeen(
      new Map([
        ['b', ['11.1', '7.2']],
        ['a', ['10.0']],
      ]),
      order,
    )
    expect(readSeen(text)).toEqual(
      new Map([
        ['a', ['10.0']],
        ['b', ['7.2', '11.1']],
      ]),
    )
    const file = readFileSync(join(import.meta.dirname, '../spec/seen.json'), 'utf8')
    expect(printSeen(readSeen(file), order)).toBe(file)
  })
})

describe('coverage', () => {
  test('counts each rule once, as seen, unseen or out of reach', { timeout: 60_000 }, () => {
    const found = coverageOf('11.1')
    expect(found.rules.of).toBe(found.rules.seen + found.unseen.length)
    expect(found.rules.seen).toBeGreaterThan(300)
    expect(found.arrows.of).toBe(found.arrows.seen + found.unseenArrows.length)
    const text = printCoverage(found)
    expect(text).toMatch(/^QEMU 11\.1: \d+ of \d+ \(\d+ %\) of the rules/)
    for (const { name } of found.unseen) expect(text).toContain(name)
  })

  test('leaves out only rules that there are', () => {
    const names = [...new Set(rulesOf(versions).map(({ rule }) => rule.name))]
    for (const { rules } of beyond)
      for (const pattern of rules) expect(names.filter(name => likePattern(pattern, name))).not.toEqual([])
  })
})
