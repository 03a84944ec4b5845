/** What an endpoint wrote, in reports that other programs read: nothing of it may mean anything there. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Parser } from 'tap-parser'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Result } from '../conform.ts'
import { printTranscript } from '../print.ts'
import type { Line, Transcript } from '../transcript.ts'
import { excerptOf, printHtml } from './html.ts'
import { printJunit } from './junit.ts'
import { markup } from './markup.ts'
import { strokesOf } from './picture.ts'
import { printTap } from './tap.ts'
import { printReport } from './terminal.ts'
import { reportKinds, writeReports } from './write.ts'

const evil = `</style></svg><script>alert('x')</script><img src=x onerror=alert(1)>"&\u202e\u0007 # SKIP\nok 99 # TODO`

const base: Result = {
  ...{ case: 'precopy/cancel/1', endpoint: '/usr/bin/qemu', version: '11.1.3', seed: 1, seconds: 1.5 },
  ...{ verdict: 'conforms', expected: true, message: '', rerun: 'lockstep conform --only precopy/cancel/1 --seed 1' },
}
const results: readonly Result[] = [
  base,
  {
    ...{
      ...base,
      case: 'precopy/complete/1',
      verdict: 'violates',
      expected: false,
      message: evil,
      line: 4,
      side: 'src',
    },
    ...{ claim: evil, rule: evil, allowed: [{ side: 'src', text: evil, states: 3 }], file: 'out/a b/#x.ndjson' },
  },
  { ...base, case: 'colo/a/1', verdict: 'known deviation', claim: `it # ${evil}`, deviation: 'colo-a', message: evil },
  { ...base, case: 'colo/b/1', verdict: 'skipped', version: '', message: `no \\ # ${evil}` },
  { ...base, case: 'colo/c/1', verdict: 'inconclusive', message: 'no rules' },
  { ...base, case: 'colo/d/1', verdict: 'conforms', expected: false, deviation: 'colo-d', message: 'known not to' },
  {
    ...base,
    case: 'colo/e/1',
    endpoint: evil,
    version: '',
    verdict: 'error',
    expected: false,
    message: evil,
    rerun: evil,
  },
]

const line = (number: number, dir: Line['dir'], msg: Line['msg'], side: Line['side'] = 'src'): Line => ({
  ...{ line: number, t: number / 1000, side, dir, msg },
})
const lines: readonly Line[] = [
  line(2, '<-', { QMP: { version: { qemu: { major: 11, minor: 1, micro: 3 } }, capabilities: [] } }),
  line(3, '->', { execute: 'migrate', arguments: { uri: evil }, id: 1 }),
  line(4, '<-', { event: 'MIGRATION', data: { status: evil } }),
  line(5, '<-', { error: { class: evil, desc: evil }, id: 1 }),
  line(6, '->', { execute: 'query-migrate', id: 2 }, 'dst'),
  line(7, '<-', { return: { status: evil }, id: 2 }, 'dst'),
  line(8, '!!', { fault: evil }, 'dst'),
]
const transcript: Transcript = { file: 'x', header: { lockstep: 1 }, lines }
const page = () => printHtml(results, { transcriptOf: () => transcript, linkTo: file => file })

describe('TAP', () => {
  const parse = (text: string) =>
    new Promise<{ ok: boolean; all: Record<string, unknown>[]; extra: string[]; final: unknown }>(resolve => {
      const all: Record<string, unknown>[] = []
      const extra: string[] = []
      const parser = new Parser({ strict: true }, (final: { ok: boolean }) =>
        resolve({ ok: final.ok, all, extra, final }),
      )
      parser.on('assert', one => all.push(one as unknown as Record<string, unknown>))
      parser.on('extra', text => extra.push(text))
      parser.end(text)
    })

  test('is read by others as it was meant', async () => {
    const { ok, all, extra } = await parse(printTap(results))
    expect(all.map(one => [one.ok, one.todo ? 'todo' : one.skip ? 'skip' : ''])).toEqual([
      [true, ''],
      [false, ''],
      [false, 'todo'],
      [true, 'skip'],
      [true, 'skip'],
      [false, ''],
      [false, ''],
    ])
    expect([ok, extra]).toEqual([false, []])
    expect(all[1]?.diag).toMatchObject({ verdict: 'violates', line: 4, side: 'src' })
  })

  test('passes where all is as expected, and where there is nothing', async () => {
    const { ok, all } = await parse(printTap(results.filter(({ expected }) => expected)))
    expect([ok, all.length]).toEqual([true, 4])
    expect(await parse(printTap([]))).toMatchObject({ all: [], extra: [] })
  })

  test('is in the shape of the tests of QEMU', () => {
    expect(printTap([base, { ...base, case: 'colo/a/1', verdict: 'known deviation', claim: 'it ends' }])).toBe(
      `TAP version 14
1..2
# seeds: 1
# Start of QEMU 11.1.3 tests
ok 1 /QEMU-11.1.3/precopy/cancel/1
not ok 2 /QEMU-11.1.3/colo/a/1 # TODO known deviation: it ends
  ---
  verdict: "known deviation"
  claim: "it ends"
  seconds: 1.5
  rerun: "lockstep conform --only precopy/cancel/1 --seed 1"
  ...
# End of QEMU 11.1.3 tests
`,
    )
  })
})

describe('JUnit', () => {
  test('counts what failed, and escapes what was written', () => {
    const xml = printJunit(results)
    expect(xml).toContain('tests="7" failures="2" errors="1" skipped="2"')
    expect(xml.replaceAll(/<!\[CDATA\[.*?\]\]>/gs, '')).not.toContain('<script')
    expect(xml).not.toContain('\u0007')
    const ends = printJunit([{ ...base, message: 'a]]><x/>' }])
    expect(ends.replaceAll(/<!\[CDATA\[.*?\]\]>/gs, '')).not.toContain('<x/>')
  })
})

describe('the terminal', () => {
  test('is told within 80 columns, but for what is to be pasted', () => {
    const long = {
      ...base,
      verdict: 'violates',
      expected: false,
      message: `${'word '.repeat(60)}\n    deep ${'x '.repeat(60)}`,
    } as const
    const text = printReport([...results, { ...long, case: `colo/${'a'.repeat(60)}/1` }])
    const wide = text.split('\n').filter(one => one.length > 80 && !one.startsWith('  again: '))
    expect(wide.filter(one => one.trim().includes(' '))).toEqual([])
    expect(text).not.toMatch(/[^\P{C}\n]/u)
  })

  test('has a row a section where there are many cases, and one for each that needs a look', () => {
    const many = Array.from({ length: 50 }, (_, i) => ({ ...base, case: `precopy/a/${i}` }))
    const bad = { ...base, case: 'precopy/b/1', verdict: 'violates', expected: false } as const
    const [table] = printReport([...many, bad]).split('\n\n')
    expect(table).toBe(
      ['                QEMU 11.1.3', 'precopy/* (50)  conforms 50/50', 'precopy/b/1     violates'].join('\n'),
    )
  })

  test('says once what is known of many runs', () => {
    const known = { ...base, verdict: 'known deviation', deviation: 'colo-a', expected: true } as const
    const text = printReport([1, 2].map(seed => ({ ...known, seed, message: `at ${seed} s` })))
    expect(text.match(/^known deviation: /gm)).toHaveLength(1)
  })
})

describe('the page', () => {
  test('holds nothing that an endpoint wrote as markup', () => {
    const html = page()
    expect(html).not.toMatch(/<script|<img/i)
    // Its own markup has neither scripts nor addresses of elsewhere.
    expect(html).not.toMatch(/\bhttps?:|<link|@import|url\(|\son\w+="/i)
    expect(html.match(/<\/style>/g)).toHaveLength(1)
    for (const char of ['\u202e', '\u0007']) expect(html).not.toContain(char)
    expect(html).toContain('&lt;script&gt;')
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
  })

  test('forgets nothing: verdict, reason, what could have come, both sides, the command', () => {
    const html = page()
    for (const { case: id, rerun } of results) {
      expect(html).toContain(`<h3>${id}</h3>`)
      expect(html).toContain(`<pre class="again">${markup`${rerun}`.text}</pre>`)
    }
    expect(html).toContain('in 3 of the states that fit')
    expect(html).toContain('<tr class="bad"><td class="t">0.004</td>')
    expect(html).toMatch(/<g class="event bad">/)
    expect(html).toContain('unexpected pass')
    expect(html).toContain('3 not as expected')
    // A link in the table leads to something.
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(match => match[1]))
    for (const [, to] of html.matchAll(/href="#([^"]+)"/g)) expect([to, ids.has(to)]).toEqual([to, true])
  })

  test('leaves the transcripts of what is as expected to their files, where there are too many', () => {
    const html = printHtml(results, { transcriptOf: () => transcript, mostLines: 7 })
    expect(html.match(/<svg/g)).toHaveLength(results.filter(({ expected }) => !expected).length)
  })

  test('is a page for nothing, too', () => {
    expect(printHtml([])).toContain('0 runs: nothing to report')
  })

  test('shows both ends of a long transcript, and where it was decided', () => {
    const long = Array.from({ length: 2000 }, (_, i) => line(i + 2, '<-', { event: 'STOP' }))
    const { lines: kept, left } = excerptOf(long, 1002)
    expect([kept.length, left, kept.some(one => one.line === 1002)]).toEqual([401, 1599, true])
    expect(excerptOf(lines, 4)).toEqual({ lines, left: 0 })
  })
})

describe('a diagram', () => {
  test('tells a question with its answer, once where nothing changed', () => {
    const ask = (n: number, status: string) => [
      line(2 * n, '->', { execute: 'query-migrate', id: n }),
      line(2 * n + 1, '<-', { return: { status }, id: n }),
    ]
    const strokes = strokesOf([...ask(1, 'active'), ...ask(2, 'active'), ...ask(3, 'completed')])
    expect(strokes.map(({ text, times }) => [text, times])).toEqual([
      ['query-migrate: active', 2],
      ['query-migrate: completed', 1],
    ])
  })

  test('leaves out answers that say nothing, and no refusal', () => {
    const of = (msg: Line['msg']) =>
      strokesOf([line(2, '->', { execute: 'stop', id: 1 }), line(3, '<-', { ...msg, id: 1 })])
    expect(of({ return: {} }).map(({ text }) => text)).toEqual(['stop'])
    expect(of({ error: { class: 'GenericError', desc: 'no' } }).map(({ text }) => text)).toEqual(['stop', 'error: no'])
  })
})

describe('reports', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-reports-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('are written, each to its file, and do without a transcript that is gone or broken', async () => {
    const file = join(folder, 'a b.ndjson')
    writeFileSync(file, printTranscript(transcript))
    const broken = join(folder, 'broken.ndjson')
    writeFileSync(broken, '{')
    const all = [
      { ...base, file },
      { ...base, case: 'x/y/1', file: broken },
      { ...base, case: 'x/z/1', file: join(folder, 'none') },
    ]
    const paths = await writeReports(reportKinds, folder, all)
    expect(paths.map(path => path.slice(folder.length + 1))).toEqual([
      ...['report.tap', 'junit.xml', 'report.html', 'report.json'],
    ])
    const html = readFileSync(join(folder, 'report.html'), 'utf8')
    expect(html).toContain('<a href="a%20b.ndjson">')
    expect(html.match(/<svg/g)).toHaveLength(1)
  })
})
