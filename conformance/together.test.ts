/** Two logs of one pair, each recorded by itself. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { damagesOf } from './damage.ts'
import { judgeTogether } from './together.ts'
import { type Line, readTranscript, type Side, type Transcript } from './transcript.ts'

const recorded = (name: string): Transcript =>
  readTranscript(readFileSync(join(import.meta.dirname, 'transcripts/recorded', name), 'utf8'), name)

/** What a recorder of one side alone would have written: with line numbers and a clock of its own. */
const part = ({ header, lines }: Transcript, side: Side): Transcript => ({
  file: `${side}.log`,
  header,
  lines: lines.filter(line => line.side === side).map((line, i) => ({ ...line, line: i + 1, side: 'src', t: i })),
})

const run = recorded('11.1.3/postcopy-kill-dst-1.ndjson')
const [source, destination] = [part(run, 'src'), part(run, 'dst')]

const runs = [
  'precopy-running-19.ndjson',
  'device-cancel-12.ndjson',
  '11.1.3/recover-several-1.ndjson',
  '7.2.22/recover-dead-unix-2.ndjson',
  '10.0.13/postcopy-complete-1.ndjson',
]

describe('the logs of a source and its destination', () => {
  test.each(runs)('%s: are explained in some order', { timeout: 120_000 }, name => {
    const whole = recorded(name)
    expect(judgeTogether(part(whole, 'src'), part(whole, 'dst')).verdict).toMatch(/^(conforms|known deviation)$/)
  })

  test('are read as they are, whichever side each calls itself', () => {
    const turned = { ...destination, lines: destination.lines.map((line): Line => ({ ...line, side: 'dst' })) }
    expect(judgeTogether(source, turned)).toEqual(judgeTogether(source, destination))
  })

  test('are not of one pair where the destination got what the source never sent', { timeout: 120_000 }, () => {
    const idle = {
      ...source,
      lines: source.lines.slice(
        0,
        source.lines.findIndex(line => line.msg.execute === 'migrate'),
      ),
    }
    const judgement = judgeTogether(idle, destination)
    expect(judgement).toMatchObject({ verdict: 'violates', file: 'dst.log' })
    const active = destination.lines.find(({ msg }) => JSON.stringify(msg).includes('"active"'))
    expect(judgement.line).toBe(active?.line)
    expect(judgement.message.split('\n')[0]).toBe(`dst.log:${active?.line}  dst  MIGRATION {"status":"active"}`)
  })

  test('are told apart by file and line where one is damaged', { timeout: 240_000 }, () => {
    const found = ([source, destination] as const).flatMap((log, i) => {
      const all = damagesOf(log, new Set(log.lines.map(({ line }) => line))).filter(({ kind }) => kind !== 'drop')
      const chosen = all.filter((_, n) => n % Math.ceil(all.length / 6) === 1)
      return chosen.map(({ what, line, transcript: damaged }) => {
        const transcript = { ...damaged, lines: damaged.lines.map(one => ({ ...one })) }
        const judgement = i === 0 ? judgeTogether(transcript, destination) : judgeTogether(source, transcript)
        const there = judgement.file === log.file && judgement.line === line
        return `${log.file} ${what}: ${judgement.verdict}${there ? ', there' : ''}`
      })
    })
    expect(found).toMatchInlineSnapshot(`
      [
        "src.log an answer comes twice: violates, there",
        "src.log MIGRATION.status: setup becomes postcopy-paused: violates, there",
        "src.log an answer comes twice: violates, there",
        "src.log MIGRATION.status: postcopy-device becomes setup: violates, there",
        "src.log MIGRATION.status: postcopy-active becomes postcopy-paused: violates, there",
        "src.log an answer comes twice: violates, there",
        "dst.log an answer comes twice: violates, there",
        "dst.log MIGRATION.status: setup becomes postcopy-device: violates",
        "dst.log an answer comes twice: violates, there",
        "dst.log MIGRATION.status: active becomes postcopy-device: violates, there",
        "dst.log MIGRATION.status: postcopy-device becomes active: violates, there",
        "dst.log MIGRATION.status: postcopy-active becomes active: violates, there",
      ]
    `)
  })

  test('are not judged where there are too many orders of them', () => {
    const [line] = source.lines.filter(({ dir }) => dir === '<-')
    const long = { ...source, lines: Array.from({ length: 2000 }, () => ({ ...(line as Line) })) }
    expect(judgeTogether(long, long)).toMatchObject({ verdict: 'inconclusive' })
  })
})
