/** What one daemon's log tells of one side: honest ones are accepted, of damaged ones what they show to be impossible is noticed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { migrationStatuses } from '../../spec/run-state.ts'
import { damagesOf } from '../damage.ts'
import { judgeLog } from '../judge-log.ts'
import { observe } from '../observe.ts'
import { readTranscript, type Side, type Transcript } from '../transcript.ts'
import { type Judgement, packedFor } from '../validate.ts'
import { profileOfTranscript } from '../whose.ts'
import { libvirtd } from './libvirtd.ts'
import { LogFeed, logOf } from './read.ts'

/** A run as a daemon of libvirt's would have logged what it saw of one side. */
function logged(run: Transcript, side: Side): { readonly text: string; readonly judgement: Judgement } {
  const lines = run.lines.filter(line => line.side === side && line.dir !== '!!')
  const text = libvirtd.write?.({ header: run.header, lines }) ?? ''
  const feed = new LogFeed('libvirtd.log')
  const items = [...feed.push(Buffer.from(text)), ...feed.end()]
  const [transcript, ...others] = logOf('libvirtd.log', feed, items).transcripts
  if (transcript === undefined || others.length > 0) throw new Error('a log of one guest')
  return { text, judgement: judgeLog(transcript) }
}

/** What a changed log says that the honest one does not: where the two texts part, as a line counted from 1. */
function parts(a: string, b: string): number {
  const [left, right] = [a.split('\n'), b.split('\n')]
  const at = left.findIndex((line, i) => line !== right[i])
  return (at < 0 ? left.length : at) + 1
}

describe.each([
  ['7.2.22/postcopy-complete-2.ndjson', 'src'],
  ['10.0.13/recover-several-2.ndjson', 'src'],
  ['11.1.3/colo-again-primary-1.ndjson', 'src'],
] as const)('%s, the log of the %s', (file, side) => {
  const path = join(import.meta.dirname, '../transcripts/recorded', file)
  const run = readTranscript(readFileSync(path, 'utf8'), file)
  const honest = logged(run, side)

  test('is accepted as it is', () => {
    expect(honest.judgement.verdict, honest.judgement.message).toMatch(/^(conforms|known deviation)$/)
    expect(honest.judgement.version).toBe(profileOfTranscript(run, 'auto').version)
  })

  test('is not, where a line is dropped, doubled or changed into what could not be', { timeout: 120_000 }, () => {
    const { flat } = packedFor(profileOfTranscript(run, 'auto').rules ?? '')
    const told = new Set(observe(flat, run).told.flatMap(one => (one.line.side === side ? [one.line.line] : [])))
    const damages = damagesOf(run, told, { status: migrationStatuses, reason: ['request', 'error'] })
    const tried = damages.filter((_, i) => i % 9 === 0)
    const missed = tried.flatMap(({ kind, what, line, transcript }) => {
      const { text, judgement } = logged(transcript, side)
      const at = parts(honest.text, text)
      const there = kind === 'drop' ? (judgement.line ?? 0) >= at : judgement.line === at
      if (judgement.verdict === 'violates' && there) return []
      return [
        `${line} ${kind}: ${what} ${judgement.verdict === 'violates' ? `noticed at ${judgement.line}, not ${at}` : 'not noticed'}`,
      ]
    })
    expect([`${tried.length - missed.length} of ${tried.length} noticed at the line`, ...missed]).toMatchSnapshot()
  })
})
