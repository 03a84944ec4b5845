/** What a command line says that a QEMU cannot do. */
import { expect, test } from 'vitest'
import { flatten } from '../impl/flatten.ts'
import { held, shows, takes } from '../spec/hardware.ts'
import { pair } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { beginningOf, isOutOfReach, outOfReach } from './hardware.ts'
import { qemuArgs } from './launch.ts'
import { readTranscript } from './transcript.ts'
import { validate } from './validate.ts'

/** A QEMU that does nothing but this. */
const saying = (args: readonly string[] | undefined, ...messages: object[]) =>
  readTranscript(
    [
      { lockstep: 1, qemu: { src: '11.1.3' }, faults: 'listed', ...(args && { args: { src: args } }) },
      ...messages.map((msg, i) => ({ t: i, side: 'src', dir: 'execute' in msg ? '->' : '<-', msg })),
      { t: 9, side: 'src', dir: '!!', msg: { quiet: 1 } },
    ]
      .map(line => `${JSON.stringify(line)}\n`)
      .join(''),
    'log',
  )

const asked = [
  { execute: 'query-status', id: 1 },
  { return: { status: 'running', running: true }, id: 1 },
]
const stops = [...asked, { event: 'STOP' }]
const bare = qemuArgs()

test.each([
  ['stops by itself', stops, ['-gdb', 'unix:gdb']],
  ['barks', [...asked, { event: 'WATCHDOG', data: { action: 'none' } }], ['-device', 'ib700']],
  ['cannot read', [...asked, { event: 'BLOCK_IO_ERROR', data: { action: 'report' } }], ['-drive', 'file=x']],
])('a QEMU that %s has what it takes', (_, messages, more) => {
  expect(validate(saying([...bare, ...more], ...messages)).verdict).toBe('conforms')
  expect(validate(saying(undefined, ...messages)).verdict).toBe('conforms')
  expect(validate(saying(bare, ...messages)).verdict).toBe('violates')
})

test('what a command can bring may be there', () => {
  const given = [
    { execute: 'human-monitor-command', arguments: { 'command-line': 'gdbserver' }, id: 2 },
    { return: '', id: 2 },
  ]
  expect(outOfReach(saying(bare, ...given, ...stops))).not.toContain('attach to the *')
  expect(outOfReach(saying(bare, ...stops))).toContain('attach to the *')
  expect(validate(saying(bare, ...given, ...stops)).verdict).toBe('conforms')
})

test('each pattern is of some rule', () => {
  const names = versions.flatMap(version => flatten(pair, version).rules.map(({ rule }) => rule.name))
  for (const { rules } of [...takes, ...held, ...shows])
    for (const pattern of rules) expect(names.some(name => isOutOfReach(name, [pattern]))).toBe(true)
})

test('what is told to go slowly has not sent everything, for a while', () => {
  const slowly = (bytes: number) => ({
    execute: 'migrate-set-parameters',
    arguments: { 'max-postcopy-bandwidth': bytes },
  })
  const busy = [...bare, '-bios', '/tmp/guest.bin']
  const held = (args: readonly string[] | undefined, ...messages: object[]) =>
    outOfReach(saying(args, ...messages)).includes('send the last page')
  expect(held(busy, slowly(4096))).toBe(true)
  expect(held(busy)).toBe(false)
  // Another guest may have nothing to send, 0 is as fast as can be, and of a log nobody knows who set what.
  expect(held(bare, slowly(4096))).toBe(false)
  expect(held(undefined, slowly(4096))).toBe(false)
  expect(held(busy, slowly(0))).toBe(false)
  expect(held(busy, slowly(5000))).toBe(false)
  expect(held(busy, slowly(4096), slowly(0))).toBe(false)
  const late = saying(busy, slowly(4096))
  const last = { ...late.lines.at(-1), t: 41 } as (typeof late.lines)[number]
  expect(outOfReach({ ...late, lines: [...late.lines.slice(0, -1), last] })).not.toContain('send the last page')
})

test('a job that failed has said so', () => {
  const failed = { event: 'JOB_STATUS_CHANGE', data: { id: 'job', status: 'aborting' } }
  const fails = 'find that it cannot save a snapshot'
  expect(outOfReach(saying(bare, ...asked))).toContain(fails)
  expect(outOfReach(saying(bare, ...asked, failed))).not.toContain(fails)
  expect(outOfReach(saying(undefined, ...asked))).not.toContain(fails)
})

test('a command line says where its QEMU begins', () => {
  const header = (src: readonly string[], dst: readonly string[]) => ({
    header: { lockstep: 1, args: { src, dst } } as const,
  })
  const { lines, file } = saying(bare)
  const of = (src: readonly string[], dst: readonly string[]) => beginningOf({ file, lines, ...header(src, dst) })
  expect(of(bare, [...bare, '-incoming', 'defer'])).toEqual({
    'src.vm': 'running',
    'dst.vm': 'inmigrate',
    'dst.autostart': 'yes',
    'dst.listening': 'no',
    'dst.incoming': 'none',
  })
  expect(of([...bare, '-S'], [...bare, '-S', '-incoming', 'tcp:0:1'])).toEqual({
    'src.vm': 'prelaunch',
    'dst.vm': 'inmigrate',
    'dst.autostart': 'no',
  })
  expect(beginningOf(saying(undefined))).toEqual({})
  // A guest that is started as its monitor greets has run from the beginning; one that has been asked runs already.
  expect(validate(saying(bare, { event: 'RESUME' }, ...asked)).verdict).toBe('conforms')
  expect(validate(saying(bare, ...asked, { event: 'RESUME' })).verdict).toBe('violates')
  expect(validate(saying([...bare, '-S'], { event: 'RESUME' })).verdict).toBe('violates')
  // A guest that was to wait for cont does not stop.
  expect(validate(saying([...bare, '-S'], { event: 'STOP' })).verdict).toBe('violates')
})
