/** QEMU's trace log, in the forms that its releases write it in. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { traceEvents } from '../../spec/traces.ts'
import { TranscriptError } from '../transcript.ts'
import { isTrace, readTrace, readTraced, TraceFiles, traceArgs } from './trace.ts'

describe('a line', () => {
  test.each([
    ['7.2 and 10.0', '18135@1795548896.281752:migrate_set_state new state setup'],
    ['11.1', '2026-11-24T19:34:56.281752Z migrate_set_state new state setup'],
    ['no timestamp', 'migrate_set_state new state setup'],
  ])('is read as %s writes it', (_, line) => {
    expect(readTraced(line, '18135')).toEqual({
      trace: 'migrate_set_state',
      text: 'new state setup',
      thread: '18135',
      ...(line.startsWith('migrate') ? {} : { at: 1795548896.281752 }),
    })
  })

  test.each([
    '',
    'vm_state_notify running 1 reason 9 (running)',
    'qemu-system-x86_64: migrate_set_state new state setup',
    'x@1.0:migrate_set_state new state setup',
    '\u0000\u0001',
  ])('that is none is passed over: %j', line => {
    expect(readTraced(line)).toBeUndefined()
  })

  test('is of an event that the spec can read', () => {
    for (const { text, event, cite } of traceEvents) {
      expect(new RegExp(text, 'u').source).toContain('(?<to>')
      expect(cite).toMatch(/^[\w/-]+\.c:\w+$/)
      expect(event).toMatch(/^\w+$/)
    }
  })
})

const log = `
2026-11-24T19:34:59.737985Z runstate_set current_run_state 6 (prelaunch) new_state 9 (running)
2026-11-24T19:34:59.737999Z vm_state_notify running 1 reason 9 (running)
2026-11-24T19:35:00.323507Z migrate_set_state new state setup
`

describe('a log', () => {
  test('becomes a transcript of one side', () => {
    expect(isTrace(log)).toBe(true)
    const { lines, header } = readTrace(log, 'a.log')
    expect(header).toEqual({ lockstep: 1 })
    expect(lines.map(({ line, t, side, dir, msg }) => `${line} ${t} ${side} ${dir} ${msg.trace}`)).toEqual([
      '2 0 src !! runstate_set',
      '4 0.585522 src !! migrate_set_state',
    ])
  })

  test('is a destination’s where it says so', () => {
    const incoming = 'runstate_set current_run_state 6 (prelaunch) new_state 1 (inmigrate)\n'
    expect(readTrace(incoming, 'a.log').lines.map(({ side }) => side)).toEqual(['dst'])
  })

  test('that is damaged says where', () => {
    expect(() => readTrace(`${log}migrate_set_state\n`, 'a.log')).toThrow(
      new TranscriptError('a.log', 5, 'not as migrate_set_state writes it: migrate_set_state'),
    )
    expect(() => readTrace('hello\n', 'a.log')).toThrow(/^a\.log:1: no trace event that rules speak of/)
    expect(isTrace('{"lockstep": 1}\n')).toBe(false)
    expect(isTrace('')).toBe(false)
  })
})

describe('the files of a QEMU that runs', () => {
  let dir = ''
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lockstep-trace-'))
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  test('are read as they grow, in the order of their clocks, and not by halves', () => {
    const files = new TraceFiles(dir, 'src')
    expect(files.read()).toEqual([])
    writeFileSync(join(dir, 'dst-1.trace'), '1@1.0:migrate_set_state new state none\n')
    writeFileSync(join(dir, 'src-10.trace'), '10@1.5:migrate_set_state new state setup\n10@2.5:migrate_set_')
    writeFileSync(join(dir, 'src-11.trace'), '2026-11-24T19:35:00.5Z migrate_set_state new state active\n')
    const states = () => files.read().map(({ text, thread }) => `${thread} ${text}`)
    expect(states()).toEqual(['10 new state setup', '11 new state active'])
    appendFileSync(join(dir, 'src-10.trace'), 'state new state completed\n')
    expect(states()).toEqual(['10 new state completed'])
    expect(states()).toEqual([])
    files.close()
    expect(files.read()).toEqual([])
  })

  test('are asked for', () => {
    expect(traceArgs('/d', 'src').slice(0, 8)).toEqual([
      '-msg',
      'timestamp=on',
      '-d',
      'tid',
      '-D',
      '/d/src-%d.trace',
      '-trace',
      'migrate_set_state',
    ])
  })
})
