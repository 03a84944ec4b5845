/** Logs judged as they come come to what they come to as a whole. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { damagesOf } from './damage.ts'
import { holdOf, LogJudge } from './log-judge.ts'
import { observe } from './observe.ts'
import { type Line, readTranscript, type Transcript } from './transcript.ts'
import { faultsOf, packedFor, systemFor, validate } from './validate.ts'
import { profileOfTranscript } from './whose.ts'

const recorded = (name: string): Transcript =>
  readTranscript(readFileSync(join(import.meta.dirname, 'transcripts/recorded', name), 'utf8'), name)

function judgeOf(transcript: Transcript): LogJudge {
  const packed = packedFor(profileOfTranscript(transcript, 'auto').rules ?? '', systemFor(transcript))
  const observed = observe(packed.flat, transcript)
  return new LogJudge(holdOf(packed), {
    file: transcript.file,
    observed: observed.sides,
    fault: faultsOf(transcript, observed, packed),
  })
}

function asItComes(transcript: Transcript) {
  const judge = judgeOf(transcript)
  for (const line of transcript.lines) judge.take(line)
  return { ...judge.finish(), skipped: Object.fromEntries(judge.skipped) }
}

const runs = [
  '11.1.3/postcopy-kill-dst-1.ndjson',
  '7.2.22/colo-checkpoints-rp-1.ndjson',
  '10.0.13/postcopy-kill-dst-1.ndjson',
  'device-cancel-12.ndjson',
  'abort-after-completed-1.ndjson',
]

describe.each(runs)('%s', file => {
  const run = recorded(file)

  test('comes to the same as it comes and as a whole', { timeout: 600_000 }, () => {
    const { verdict, claims = [], skipped } = validate(run)
    const come = asItComes(run)
    expect(come).toMatchObject({ verdict, skipped })
    // What looks back, and what only some moments between two messages show, is noticed of the whole alone.
    for (const claim of come.claims ?? []) expect(claims).toContain(claim)
  })

  test('is damaged at the same line', { timeout: 600_000 }, () => {
    const all = damagesOf(run, new Set(run.lines.map(({ line }) => line)))
    const chosen = all.filter((_, i) => i % Math.ceil(all.length / 3) === 1)
    for (const { transcript: damaged, what, line } of chosen) {
      // Of a line that comes twice each is one of its own.
      const transcript = { ...damaged, lines: damaged.lines.map(one => ({ ...one })) }
      const whole = validate(transcript)
      const { verdict, line: at } = asItComes(transcript)
      expect({ what, line, verdict, at }).toEqual({
        what,
        line,
        verdict: whole.verdict,
        at: verdict === 'violates' ? whole.line : at,
      })
    }
  })
})

test('what comes again costs nothing to explain, however often it comes', { timeout: 600_000 }, () => {
  const run = recorded('10.2.2/postcopy-probe-src-1.ndjson')
  const judge = judgeOf(run)
  const seen = new Map<number, number>()
  let cycle: readonly Line[] = []
  run.lines.forEach((line, i) => {
    judge.take(line)
    if (!judge.idle) return
    const { id } = judge.follower.place
    const from = seen.get(id)
    if (from === undefined) seen.set(id, i + 1)
    else if (i + 1 - from > cycle.length) cycle = run.lines.slice(from, i + 1)
  })
  expect(cycle.length).toBeGreaterThan(20)
  const again = judgeOf(run)
  const round = (n: number) => {
    for (const { msg, ...line } of cycle)
      again.take({ ...line, msg: 'id' in msg ? { ...msg, id: `${String(msg.id)}-${n}` } : msg })
  }
  for (const line of run.lines.slice(0, run.lines.indexOf(cycle[0] as Line))) again.take(line)
  for (let n = 0; n < 3; n++) round(n)
  const { found } = again.follower
  for (let n = 3; n < 200; n++) round(n)
  expect(again.follower.found).toBe(found)
  expect(again.finish().verdict).toBe('conforms')
})

test('a command that is never answered is waited for no longer than it takes', () => {
  const run = recorded('11.1.3/postcopy-kill-dst-1.ndjson')
  const [first] = run.lines
  if (first === undefined) throw new Error('no line')
  const judge = judgeOf(run)
  const send = (id: string) =>
    judge.take({ line: 1, t: 0, side: 'src', dir: '->', msg: { execute: 'query-status', id } })
  send('never')
  for (let i = 0; i < 10_000; i++)
    judge.take({ line: 2 + i, t: 0, side: 'src', dir: '<-', msg: { event: 'NIC_RX_FILTER_CHANGED' } })
  expect(judge.idle).toBe(false)
  for (let i = 0; i < 5000; i++)
    judge.take({ line: 20_000 + i, t: 0, side: 'src', dir: '<-', msg: { event: 'RESUME' } })
  expect(judge.over).toBe(true)
})
