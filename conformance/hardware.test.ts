/** What a command line says that a QEMU cannot do. */
import { expect, test } from 'vitest'
import { flatten } from '../impl/flatten.ts'
import { takes } from '../spec/hardware.ts'
import { pair } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { isOutOfReach, outOfReach } from './hardware.ts'
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
  for (const { rules } of takes)
    for (const pattern of rules) expect(names.some(name => isOutOfReach(name, [pattern]))).toBe(true)
})
