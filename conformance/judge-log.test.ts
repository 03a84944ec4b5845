/** Logs of which not everything is known. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from './json.ts'
import { judgeLog } from './judge-log.ts'
import { type Direction, type Line, readTranscript, type Side, type Transcript } from './transcript.ts'

const recorded = (name: string): Transcript =>
  readTranscript(readFileSync(join(import.meta.dirname, 'transcripts/recorded', name), 'utf8'), name)

type Said = readonly [Direction, JsonObject]
const log = (said: readonly Said[], more: Partial<Transcript> = {}, side: Side = 'src'): Transcript => ({
  file: 'made-up.log',
  header: { lockstep: 1, qemu: '11.1.3' },
  lines: said.map(([dir, msg], i): Line => ({ line: i + 1, t: i, side, dir, msg })),
  ...more,
})
const migration = (status: string): Said => ['<-', { event: 'MIGRATION', data: { status } }]
const ask = (name: string, id: string): Said => ['->', { execute: name, id }]
const answer = (id: string, value: JsonObject = {}): Said => ['<-', { return: value, id }]
const middle = { begins: 'anywhere' } as const

/** The last part of one side of a run. */
function tail(name: string, side: Side, from: number): Transcript {
  const run = recorded(name)
  const own = run.lines.filter(line => line.side === side && !('trace' in line.msg))
  const { faults: _, ...header } = run.header
  return { file: name, header, lines: own.slice(Math.floor(own.length * from)), ...middle }
}

describe('a log that begins in the middle', () => {
  test.each([
    ['abort-after-failover-1.ndjson', 'src', 0.4],
    ['10.0.13/postcopy-kill-dst-1.ndjson', 'src', 0.5],
    ['11.1.3/postcopy-kill-dst-1.ndjson', 'dst', 0.5],
  ] as const)('%s of %s is possible from %s on', { timeout: 600_000 }, (name, side, from) => {
    expect(judgeLog(tail(name, side, from))).toMatchObject({ verdict: 'conforms' })
  })

  test('is impossible where a status comes twice, whatever was before', { timeout: 600_000 }, () => {
    const run = tail('10.0.13/postcopy-kill-dst-1.ndjson', 'src', 0.4)
    const at = run.lines.findIndex(({ msg }) => msg.event === 'MIGRATION')
    const [line] = run.lines.slice(at)
    if (line === undefined) throw new Error('no status')
    // What comes after the second one cannot.
    const lines = [...run.lines.slice(0, at), line, { ...line }, ...run.lines.slice(at + 1)]
    const judged = judgeLog({ ...run, lines })
    expect(judged).toMatchObject({ verdict: 'violates', line: 31, side: 'src' })
    expect(judged.message).toContain('could not come here, whatever was before')
  })

  test('may have the answer to what was asked before', { timeout: 600_000 }, () => {
    const judged = judgeLog(log([migration('setup'), answer('libvirt-16'), ask('query-migrate', 'q')], middle))
    expect(judged).toMatchObject({ verdict: 'conforms', skipped: { 'an answer to what was asked before': 1 } })
  })
})

describe('lines that are missing', () => {
  const said: readonly Said[] = [ask('qmp_capabilities', '1'), answer('1'), migration('completed')]

  test('where a log says so', { timeout: 600_000 }, () => {
    expect(judgeLog(log(said)).verdict).toBe('violates')
    const gap: Said = ['!!', { gap: true }]
    const judged = judgeLog(log([...said.slice(0, 2), gap, ...said.slice(2)]))
    expect(judged.verdict).toBe('conforms')
    expect(judged.message).toContain('lines are missing before line 3')
  })

  test('where they may be missing anywhere', { timeout: 600_000 }, () => {
    const judged = judgeLog(log(said), { gaps: true })
    expect(judged.verdict).toBe('conforms')
    expect(judged.message).toContain('lines are missing before line 3')
  })
})

test('a log that names no release is held against each', { timeout: 600_000 }, () => {
  const judged = judgeLog({ ...log([ask('qmp_capabilities', '1'), answer('1')]), header: { lockstep: 1 } })
  expect(judged).toMatchObject({ verdict: 'conforms', version: '11.1' })
  expect(judged.message).toContain('judged by the rules of 11.1, which fit it; --version says which')
})

test('of a log without events only commands and answers are judged', { timeout: 600_000 }, () => {
  const asked = (status: string): Transcript =>
    log(
      [
        ['->', { execute: 'migrate', arguments: { uri: 'unix:m.sock' }, id: 'm' }],
        answer('m'),
        ask('query-migrate', 'q'),
        answer('q', { status }),
      ],
      { events: 'unseen' },
    )
  // It was announced, and nobody wrote that down.
  expect(judgeLog(asked('setup')).verdict).toBe('conforms')
  expect(judgeLog(asked('none')).verdict).toBe('violates')
})
